import { describe, expect, it } from "vitest";
import { byteStreams, type ByteStreams } from "./byte_port";

function pair(): [ByteStreams, ByteStreams] {
  const { port1, port2 } = new MessageChannel();
  return [byteStreams(port1), byteStreams(port2)];
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

describe("streams over a port", () => {
  it("carry bytes and ends both ways", async () => {
    const [a, b] = pair();
    const echo = b.readable.pipeTo(b.writable);
    const writer = a.writable.getWriter();
    await writer.write(Uint8Array.of(1, 2, 3));
    await writer.write(Uint8Array.of(4));
    await writer.close();
    expect(new Uint8Array(await new Response(a.readable).arrayBuffer())).toEqual(Uint8Array.of(1, 2, 3, 4));
    await echo;
  });

  it("make a writer wait for a reader, and lose nothing", async () => {
    const [a, b] = pair();
    const writer = a.writable.getWriter();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 60; i++) {
        await writer.write(new Uint8Array(65_536).fill(i));
        written++;
      }
      await writer.close();
    })();
    await pause();
    await pause();
    expect(written).toBeGreaterThan(5);
    expect(written).toBeLessThan(30);
    const all = new Uint8Array(await new Response(b.readable).arrayBuffer());
    await writing;
    expect(all.length).toBe(60 * 65_536);
    expect([all[0], all[65_536 * 30], all.at(-1)]).toEqual([0, 30, 59]);
  });

  it("break off at both ends", async () => {
    const [a, b] = pair();
    await a.writable.abort("enough");
    await expect(new Response(b.readable).arrayBuffer()).rejects.toThrow();
    const [c, d] = pair();
    await d.readable.cancel();
    await pause();
    await expect(c.writable.getWriter().closed).rejects.toThrow("reads no more");
  });
});
