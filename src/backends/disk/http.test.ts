import { describe, expect, it } from "vitest";
import { openHttpDisk, type HttpDiskOptions } from "./http";
import type { HttpHost } from "./http_fetch";
import { type DiskBackend, neverCancelled } from "./types";

const CHUNK = 4096;
const SIZE = 100 * CHUNK + 700;
const file = Uint8Array.from({ length: SIZE }, (_, i) => (i * 13 + (i >> 8)) & 0xff);

interface Server extends HttpHost {
  log: string[];
  /** Answers instead of the file, first come first served. */
  troubles: (() => Response | Promise<Response>)[];
  ranges: boolean;
  exposesRange: boolean;
  encoded: boolean;
  etag: string;
}

/** A file server, as far as a disk sees it. */
function server(more: Partial<Server> = {}): Server {
  const self: Server = {
    log: [],
    troubles: [],
    ranges: true,
    exposesRange: true,
    encoded: false,
    etag: '"1"',
    delay: () => Promise.resolve(),
    fetch: (_url, { method = "GET", headers }) => {
      const range = /^bytes=(\d+)-(\d+)$/.exec(headers?.["Range"] ?? "");
      self.log.push(`${method} ${range === null ? "all" : `${range[1]}-${range[2]}`}`);
      const trouble = self.troubles.shift();
      return Promise.resolve(trouble === undefined ? reply(self, method, range) : trouble());
    },
    ...more,
  };
  return self;
}

function reply(self: Server, method: string, range: RegExpExecArray | null): Response {
  const headers: Record<string, string> = { ETag: self.etag };
  if (self.encoded) headers["Content-Encoding"] = "gzip";
  if (method === "HEAD") return new Response(null, { headers: { ...headers, "Content-Length": String(SIZE) } });
  if (range === null || !self.ranges) {
    return new Response(file, { headers: { ...headers, "Content-Length": String(SIZE) } });
  }
  const start = Number(range[1]);
  const end = Math.min(Number(range[2]) + 1, SIZE);
  if (self.exposesRange) headers["Content-Range"] = `bytes ${start}-${end - 1}/${SIZE}`;
  return new Response(file.slice(start, end), { status: 206, headers });
}

async function open(host: HttpHost, more: HttpDiskOptions = {}): Promise<DiskBackend> {
  const disk = await openHttpDisk("http://x/disk", { host, chunkBytes: CHUNK, ...more });
  if (!disk.ok) throw new Error(disk.error);
  return disk.value;
}

async function readAt(disk: DiskBackend, offset: number, length: number): Promise<string | Uint8Array> {
  const bytes = new Uint8Array(length);
  const outcome = await disk.read(offset / 512, [bytes.subarray(0, 100), bytes.subarray(100)], neverCancelled);
  return outcome === "ok" ? bytes : outcome;
}

describe("openHttpDisk", () => {
  it("loads only what is read, in chunks that are kept", async () => {
    const host = server();
    const disk = await open(host);
    expect(disk.sectors).toBe(Math.ceil(SIZE / 512));
    expect(await readAt(disk, 50 * CHUNK + 512, 1024)).toEqual(file.slice(50 * CHUNK + 512, 50 * CHUNK + 1536));
    expect(host.log).toEqual([`GET 0-${CHUNK - 1}`, `GET ${50 * CHUNK}-${51 * CHUNK - 1}`]);
    const bytes = new Uint8Array(512);
    expect(disk.read((50 * CHUNK) / 512, [bytes], neverCancelled)).toBe("ok");
    expect(bytes).toEqual(file.slice(50 * CHUNK, 50 * CHUNK + 512));
  });

  it("reads ahead of a sequential reader, with few requests", async () => {
    const host = server();
    const disk = await open(host);
    for (let at = 0; at < 64 * CHUNK; at += 2048) {
      expect(await readAt(disk, at, 2048)).toEqual(file.slice(at, at + 2048));
    }
    expect(host.log.length).toBeLessThan(20);
  });

  it("reads the end of the file, filled up with zeroes", async () => {
    const disk = await open(server());
    const start = 100 * CHUNK;
    const bytes = (await readAt(disk, start, 1024)) as Uint8Array;
    expect(bytes.slice(0, 700)).toEqual(file.slice(start));
    expect(bytes.slice(700).every((byte) => byte === 0)).toBe(true);
  });

  it("reads more than its cache holds", async () => {
    const disk = await open(server(), { cacheBytes: 4 * CHUNK });
    const bytes = await readAt(disk, 0, 100 * CHUNK);
    expect(typeof bytes === "string" ? bytes : Buffer.compare(bytes, file.subarray(0, 100 * CHUNK))).toBe(0);
  });

  it("tries again, then reports an I/O error and says why; later reads try anew", async () => {
    const host = server();
    const notices: string[] = [];
    const disk = await open(host, { notice: (message) => notices.push(message) });
    host.troubles.push(
      () => new Response(null, { status: 503 }),
      () => Promise.reject(new Error("connection reset")),
    );
    expect(await readAt(disk, 20 * CHUNK, 512)).toEqual(file.slice(20 * CHUNK, 20 * CHUNK + 512));
    expect(notices).toEqual([]);
    host.troubles.push(...Array.from({ length: 4 }, () => () => new Response(null, { status: 503 })));
    expect(await readAt(disk, 40 * CHUNK, 512)).toBe("io-error");
    expect(notices).toEqual(["http://x/disk: HTTP status 503"]);
    expect(await readAt(disk, 40 * CHUNK, 512)).toEqual(file.slice(40 * CHUNK, 40 * CHUNK + 512));
    host.troubles.push(() => new Response(null, { status: 404 }));
    expect(await readAt(disk, 60 * CHUNK, 512)).toBe("io-error");
  });

  it("notices short answers and files that change", async () => {
    const host = server();
    const notices: string[] = [];
    const disk = await open(host, { notice: (message) => notices.push(message) });
    host.troubles.push(() => new Response(new Uint8Array(10), { status: 206 }));
    expect(await readAt(disk, 20 * CHUNK, 512)).toBe("io-error");
    host.etag = '"2"';
    expect(await readAt(disk, 30 * CHUNK, 512)).toBe("io-error");
    expect(notices.at(-1)).toContain("changed");
  });

  it.each([
    ["ignores ranges", { ranges: false }],
    ["encodes ranges", { encoded: true }],
  ])("downloads everything from a server that %s", async (_name, more) => {
    const progress: [number, number | undefined][] = [];
    const host = server(more);
    const disk = await open(host, { progress: (loaded, total) => progress.push([loaded, total]) });
    expect(progress.at(-1)).toEqual([SIZE, "encoded" in more ? undefined : SIZE]);
    const bytes = new Uint8Array(512);
    expect(disk.read(7, [bytes], neverCancelled)).toBe("ok");
    expect(bytes).toEqual(file.slice(7 * 512, 8 * 512));
  });

  it("proves the length where Content-Range is not exposed", async () => {
    const host = server({ exposesRange: false });
    const disk = await open(host);
    expect(disk.sectors).toBe(Math.ceil(SIZE / 512));
    expect(await readAt(disk, 8 * CHUNK, 512)).toEqual(file.slice(8 * CHUNK, 8 * CHUNK + 512));
    expect(host.log).toContain("HEAD all");
  });

  it("says what went wrong", async () => {
    const host = server({ troubles: [() => new Response(null, { status: 404 })] });
    expect(await openHttpDisk("http://x/disk", { host })).toEqual({
      ok: false,
      error: "http://x/disk: HTTP status 404",
    });
  });

  it("leaves the buffers of a request that was cancelled alone", async () => {
    const disk = await open(server());
    const token = { cancelled: false };
    const bytes = new Uint8Array(512);
    const answer = disk.read(80, [bytes], token);
    token.cancelled = true;
    expect(await answer).toBe("ok");
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  it("stops at close", async () => {
    const disk = await open(server());
    disk.close();
    expect(await readAt(disk, 90 * CHUNK, 512)).toBe("io-error");
  });
});
