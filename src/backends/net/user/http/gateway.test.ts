import { beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../tcp/connection";
import { TcpStream } from "../tcp/stream";
import { settle } from "../testing/mock_guest";
import { HttpGateway } from "./gateway";

/** A connection whose other end is the test. */
class FakeConnection {
  said = "";
  ended = false;
  aborted = false;
  writableBytes = 1000;
  consumedBytes = 0;

  write(bytes: Uint8Array): void {
    this.said += Buffer.from(bytes).toString("latin1");
  }
  consumed(count: number): void {
    this.consumedBytes += count;
  }
  end(): void {
    this.ended = true;
  }
  release(): void {
    this.ended = true;
  }
  abort(): void {
    this.aborted = true;
  }
}

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
  readonly body: string | undefined;
}

let asked: Asked[];
let notices: string[];
let answer: (url: string) => Promise<Response>;
let gateway: HttpGateway;

beforeEach(() => {
  asked = [];
  notices = [];
  answer = () => Promise.resolve(new Response("hello", { headers: { "Content-Type": "text/plain" } }));
  gateway = new HttpGateway({
    page: { origin: "http://localhost:5173" },
    meaningOf: (host) => host,
    notice: (_kind, text) => notices.push(text),
    fetch: async (url, init) => {
      asked.push({ url, init, body: init.body instanceof Blob ? await init.body.text() : undefined });
      return answer(url);
    },
  });
});

interface Talk {
  readonly connection: FakeConnection;
  readonly stream: TcpStream;
  readonly say: (text: string) => Promise<string>;
}

function connect(host = "deb.debian.org", port = 80): Talk {
  const connection = new FakeConnection();
  const stream = new TcpStream(connection as unknown as Connection);
  void gateway.serve(stream, { host, port });
  const say = async (text: string): Promise<string> => {
    connection.said = "";
    stream.received(Uint8Array.from(Buffer.from(text, "latin1")));
    await settle(5);
    return connection.said;
  };
  return { connection, stream, say };
}

const get = (more = ""): string => `GET /file?x=1 HTTP/1.1\r\nHost: deb.debian.org\r\n${more}\r\n`;

describe("requests", () => {
  it("become fetches of the address that the guest meant", async () => {
    await connect().say(get());
    await connect("localhost", 8123).say("GET /a HTTP/1.0\r\n\r\n");
    await connect("localhost", 5173).say(get());
    await connect("example.com", 8080).say("GET http://proxied.example/b HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(asked.map(({ url }) => url)).toEqual([
      "http://deb.debian.org/file?x=1",
      "http://localhost:8123/a",
      "http://localhost:5173/file?x=1",
      "http://proxied.example/b",
    ]);
    expect(asked[0]?.init).toMatchObject({ method: "GET", credentials: "omit", redirect: "follow", cache: "default" });
  });

  it("are encrypted on their way from a page that is", async () => {
    gateway = new HttpGateway({
      page: { origin: "https://example.org" },
      meaningOf: (host) => host,
      notice: () => undefined,
      fetch: (url) => {
        asked.push({ url, init: {}, body: undefined });
        return answer("");
      },
    });
    await connect().say(get());
    await connect("localhost", 8123).say(get());
    expect(asked.map(({ url }) => url)).toEqual(["https://deb.debian.org/file?x=1", "http://localhost:8123/file?x=1"]);
  });

  it("lose the headers that would need permission, or belong to the connection", async () => {
    const more =
      "User-Agent: apt\r\nCache-Control: max-age=0\r\nAccept: text/*\r\nIf-Range: x\r\nRange: bytes=5-\r\n" +
      "If-Modified-Since: yesterday\r\nX-Own: kept\r\nConnection: keep-alive\r\n";
    await connect().say(get(more));
    expect(asked[0]?.init).toMatchObject({
      cache: "no-cache",
      headers: [
        ["accept", "text/*"],
        ["x-own", "kept"],
      ],
    });
  });

  it("carry their bodies, by length and in chunks", async () => {
    const { say } = connect();
    await say("POST /in HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
    expect(asked).toHaveLength(0);
    await say("cde");
    await say(
      "PUT /in HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
    );
    expect(asked.map(({ body }) => body)).toEqual(["abcde", "abc0123456789"]);
  });

  it("are invited to go on", async () => {
    const { say } = connect();
    expect(await say("POST /in HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")).toBe(
      "HTTP/1.1 100 Continue\r\n\r\n",
    );
    expect(await say("ab")).toContain("200");
  });

  it("follow each other on one connection, even before the answers", async () => {
    const { say, connection } = connect();
    const both = await say(get() + get("Connection: close\r\n"));
    expect(both.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(asked).toHaveLength(2);
    expect(connection.ended).toBe(true);
  });

  it.each([
    ["no HTTP", "\x16\x03\x01\x02\n\n", 400],
    ["blanks before a colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400],
    ["two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
    ["length and chunks", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["a tunnel", "CONNECT example.com:443 HTTP/1.1\r\n\r\n", 501],
    ["a head without end", `GET / HTTP/1.1\r\nX: ${"x".repeat(70_000)}`, 400],
  ])("with %s are refused, and the connection ends", async (_name, text, status) => {
    const { say, connection } = connect();
    expect(await say(text)).toContain(`HTTP/1.1 ${status} `);
    expect(connection.ended).toBe(true);
    expect(asked).toEqual([]);
  });

  it("with a broken chunk end the connection", async () => {
    const { say, connection } = connect();
    await say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    expect(connection.ended).toBe(true);
    expect(asked).toEqual([]);
  });
});

describe("responses", () => {
  it("go in chunks, since nobody knows their length", async () => {
    answer = () =>
      Promise.resolve(
        new Response("hello", { headers: { "Content-Length": "3", "Content-Encoding": "gzip", "X-A": "b" } }),
      );
    const said = await connect().say(get());
    expect(said).toMatch(/^HTTP\/1\.1 200 \r\n/);
    expect(said).toContain("x-a: b\r\n");
    expect(said).not.toMatch(/content-(length|encoding)/i);
    expect(said.endsWith("\r\n\r\n5\r\nhello\r\n0\r\n\r\n")).toBe(true);
  });

  it("end with the connection for clients of HTTP/1.0", async () => {
    const { say, connection } = connect();
    const said = await say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(said).toMatch(/Connection: close\r\n\r\nhello$/);
    expect(connection.ended).toBe(true);
  });

  it("to HEAD have no body", async () => {
    answer = () => Promise.resolve(new Response(null, { headers: { "Content-Length": "1000" } }));
    const said = await connect().say("HEAD / HTTP/1.1\r\n\r\n");
    expect(said).toMatch(/Content-Length: 1000\r\nConnection: keep-alive\r\n\r\n$/);
  });

  it("say which part they are when the browser hides it", async () => {
    answer = () => Promise.resolve(new Response("56789", { status: 206, headers: { "Content-Length": "5" } }));
    expect(await connect().say(get("Range: bytes=5-\r\n"))).toContain("Content-Range: bytes 5-9/10\r\n");
  });

  it("explain what the browser did not do", async () => {
    answer = () => Promise.reject(new TypeError("Failed to fetch"));
    const { say, connection } = connect();
    expect(await say(get())).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n[^]*CORS/);
    expect(notices).toHaveLength(1);
    expect(connection.ended).toBe(false);
    answer = () => Promise.resolve(new Response("again"));
    expect(await say(get())).toContain("again");
  });

  it("wait for the guest, and are given up with it", async () => {
    let pulled = 0;
    answer = () =>
      Promise.resolve(
        new Response(
          new ReadableStream(
            {
              pull: (controller) => {
                pulled++;
                controller.enqueue(new Uint8Array(1000));
              },
            },
            { highWaterMark: 0 },
          ),
        ),
      );
    const { say, connection, stream } = connect();
    connection.writableBytes = 0;
    await say(get());
    const before = pulled;
    await settle(20);
    expect(pulled).toBe(before);
    expect(pulled).toBeLessThan(3);
    stream.closed("reset");
    await settle(20);
    expect(asked[0]?.init.signal?.aborted).toBe(true);
  });

  it("that break off break off for the guest", async () => {
    answer = () =>
      Promise.resolve(new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) })));
    const { say, connection } = connect();
    await say(get());
    expect(connection.aborted).toBe(true);
  });
});
