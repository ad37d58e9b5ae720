import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileHandler, parseRange } from "./serve-files.mjs";

const folder = mkdtempSync(join(tmpdir(), "serve-files-"));
const served = join(folder, "served");
const server = createServer((incoming, response) => {
  fileHandler(served, { "X-Added": "yes" })(incoming, response, () => void response.writeHead(404).end());
});

beforeAll(async () => {
  mkdirSync(served);
  writeFileSync(join(folder, "secret"), "not served");
  writeFileSync(join(served, "disk.raw"), "0123456789");
  writeFileSync(join(served, "disk.raw.gz"), gzipSync("0123456789"));
  writeFileSync(join(served, "empty"), "");
  writeFileSync(join(served, ".hidden"), "not served");
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});

afterAll(async () => {
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true });
});

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** `node:http` instead of fetch: it neither tidies paths nor unpacks bodies. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((done, fail) => {
    const sent = request({ host: "127.0.0.1", port, path, headers, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", fail);
      response.on("end", () =>
        done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    sent.on("error", fail);
    sent.end();
  });
}

test.each([
  [undefined, "whole"],
  ["bytes=0-3", { start: 0, end: 3 }],
  ["bytes=4-", { start: 4, end: 9 }],
  ["bytes=-3", { start: 7, end: 9 }],
  ["bytes=-30", { start: 0, end: 9 }],
  ["bytes=8-100", { start: 8, end: 9 }],
  ["bytes=10-12", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-2", "whole"],
  ["bytes=-", "whole"],
  ["bytes=0-1,4-5", "whole"],
  ["lines=0-1", "whole"],
])("of ten bytes, range %s is %o", (header, expected) => {
  expect(parseRange(header, 10)).toEqual(expected);
});

test("a whole file", async () => {
  const { status, headers, body } = await get("/disk.raw");
  expect(status).toBe(200);
  expect(headers["accept-ranges"]).toBe("bytes");
  expect(headers["content-length"]).toBe("10");
  expect(headers["x-added"]).toBe("yes");
  expect(body.toString()).toBe("0123456789");
});

test("a range, also where gzip is accepted, is of the file itself", async () => {
  const { status, headers, body } = await get("/disk.raw", { Range: "bytes=2-4", "Accept-Encoding": "gzip" });
  expect(status).toBe(206);
  expect(headers["content-range"]).toBe("bytes 2-4/10");
  expect(headers["content-encoding"]).toBeUndefined();
  expect(body.toString()).toBe("234");
});

test("a range beyond the end", async () => {
  const { status, headers } = await get("/disk.raw", { Range: "bytes=10-" });
  expect(status).toBe(416);
  expect(headers["content-range"]).toBe("bytes */10");
});

test("the compressed neighbour is sent where it is accepted", async () => {
  const { headers, body } = await get("/disk.raw", { "Accept-Encoding": "br, gzip" });
  expect(headers["content-encoding"]).toBe("gzip");
  expect(body).toEqual(gzipSync("0123456789"));
});

test("HEAD tells the size of the file itself", async () => {
  const { status, headers, body } = await get("/disk.raw", { "Accept-Encoding": "gzip" }, "HEAD");
  expect(status).toBe(200);
  expect(headers["content-length"]).toBe("10");
  expect(body.length).toBe(0);
});

test("an empty file", async () => {
  const { status, headers } = await get("/empty");
  expect(status).toBe(200);
  expect(headers["content-length"]).toBe("0");
});

test.each(["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/%00", "/%", "/missing", "/.hidden", "/disk.raw/"])(
  "%s is not found",
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);
