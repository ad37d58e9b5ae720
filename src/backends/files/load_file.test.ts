import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gunzip, loadFile } from "./load_file";

const content = Buffer.from("0123456789".repeat(10_000));
let server: Server;
let base: string;
let markEnded: () => void = () => undefined;
const endlessEnded = new Promise<void>((resolve) => (markEnded = resolve));

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/file") response.setHeader("Content-Length", content.length).end(content);
    else if (request.url === "/file.gz") response.end(gzipSync(content));
    else if (request.url === "/bad.gz") response.end(gzipSync(content).subarray(0, 50));
    else if (request.url === "/encoded.gz") response.setHeader("Content-Encoding", "gzip").end(gzipSync(content));
    else if (request.url === "/cut") {
      response.setHeader("Content-Length", content.length).write(content.subarray(0, 1000));
      setTimeout(() => response.destroy(), 20);
    } else if (request.url === "/cut.gz") {
      const packed = gzipSync(content);
      response.setHeader("Content-Length", packed.length).write(packed.subarray(0, 100));
      setTimeout(() => response.destroy(), 20);
    } else if (request.url === "/endless.gz") {
      const noise = new Readable({ read: (size) => void noise.push(randomBytes(size)) });
      response.on("close", markEnded);
      pipeline(noise, createGzip(), response, () => undefined);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

const quiet = () => undefined;

describe("loadFile", () => {
  it("loads and tells how far it is", async () => {
    const seen: (number | undefined)[][] = [];
    const result = await loadFile({ url: `${base}/file` }, (loaded, total) => seen.push([loaded, total]));
    expect(result.ok && Buffer.from(result.value).equals(content)).toBe(true);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
  });

  it.each(["file.gz", "encoded.gz"])("prefers the compressed sibling %s", async (name) => {
    const gzip = { url: `${base}/${name}`, size: 400 };
    const result = await loadFile({ url: `${base}/missing`, gzip, size: content.length }, quiet);
    expect(result.ok && Buffer.from(result.value).equals(content)).toBe(true);
  });

  it.each(["missing.gz", "cut.gz"])("falls back to the plain file where there is %s", async (name) => {
    const gzip = { url: `${base}/${name}`, size: 400 };
    const result = await loadFile({ url: `${base}/file`, gzip, size: content.length }, quiet);
    expect(result.ok && Buffer.from(result.value).equals(content)).toBe(true);
  });

  it.each([
    ["missing", "the server answered 404"],
    ["cut", "broke off"],
  ])("says why /%s failed", async (name, reason) => {
    const result = await loadFile({ url: `${base}/${name}` }, quiet);
    expect(result.ok ? "" : result.error).toContain(reason);
    expect(result.ok ? "" : result.error).toContain(base);
  });

  it("says that a server is out of reach", async () => {
    const result = await loadFile({ url: "http://127.0.0.1:9/x" }, quiet);
    expect(result.ok ? "" : result.error).toContain("out of reach");
  });

  it("breaks off what unpacks to more than it should", async () => {
    const gzip = { url: `${base}/endless.gz`, size: 400 };
    const result = await loadFile({ url: `${base}/file`, gzip, size: content.length }, quiet);
    expect(result.ok ? "" : result.error).toContain("is damaged");
    await endlessEnded;
  });

  it("refuses a damaged sibling", async () => {
    const gzip = { url: `${base}/bad.gz`, size: 50 };
    const result = await loadFile({ url: `${base}/file`, gzip }, quiet);
    expect(result.ok ? "" : result.error).toContain("is damaged");
  });
});

describe("gunzip", () => {
  it("makes nothing longer than allowed", async () => {
    expect(await gunzip(gzipSync(content), content.length - 1)).toBeUndefined();
    expect((await gunzip(gzipSync(content), content.length))?.length).toBe(content.length);
  });
});
