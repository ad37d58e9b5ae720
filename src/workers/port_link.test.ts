// Both ends of a port over a real MessageChannel; the guest is the test.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NamedPort, OUTPUT_WINDOW } from "../backends/console/named_port";
import { MachinePort, servePort } from "./port_link";

let guest: NamedPort;
let port: MachinePort;
let hostOpen: boolean[];

function connect(): { port: MachinePort; opened: boolean } {
  const { port1, port2 } = new MessageChannel();
  const made = new MachinePort("test", port1);
  return { port: made, opened: servePort(guest, port2) };
}

beforeEach(() => {
  guest = new NamedPort();
  hostOpen = [];
  guest.onHostOpen = (open) => hostOpen.push(open);
  port = connect().port;
});

afterEach(() => port.close());

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
const until = (holds: () => boolean): Promise<void> => expect.poll(holds).toBe(true);

describe("a named port of the guest", () => {
  it("has one reader at a time, whom the guest sees", async () => {
    const second = connect();
    expect([second.opened, hostOpen]).toEqual([false, [true]]);
    second.port.finish("refused");
    await port.close();
    expect(hostOpen).toEqual([true, false]);
    const third = connect();
    expect(third.opened).toBe(true);
    await third.port.close();
  });

  it("tells when the guest opens and closes its end", async () => {
    const seen: boolean[] = [];
    const stop = port.onGuestOpen((open) => seen.push(open));
    guest.guestOpened(true);
    await until(() => port.guestOpen);
    guest.guestOpened(false);
    await until(() => !port.guestOpen);
    expect(seen).toEqual([true, false]);
    stop();
  });

  it("holds the guest's output back while nobody reads", async () => {
    let room = 0;
    guest.flow.onRoom = () => room++;
    const piece = OUTPUT_WINDOW / 4;
    let sent = 0;
    for (; guest.flow.accepts(piece); sent++) guest.output(new Uint8Array(piece).fill(sent));
    expect(sent).toBe(4);
    const reader = port.readable.getReader();
    const { value } = await reader.read();
    expect([value?.length, value?.[0]]).toEqual([piece, 0]);
    await until(() => room === 1);
    expect([guest.flow.accepts(piece), guest.flow.accepts(piece + 1)]).toEqual([true, false]);
  });

  it("takes a write larger than the window when nothing else is under way", () => {
    expect(guest.flow.accepts(OUTPUT_WINDOW * 2)).toBe(true);
    guest.output(new Uint8Array(OUTPUT_WINDOW * 2));
    expect(guest.flow.accepts(1)).toBe(false);
  });

  it("makes a writer wait until the guest takes what it wrote", async () => {
    const writer = port.writable.getWriter();
    const size = 200 * 1024;
    await writer.write(new Uint8Array(size).fill(1));
    let accepted = false;
    const second = writer.write(new Uint8Array(size).fill(2)).then(() => (accepted = true));
    await until(() => guest.input.length === size);
    await new Promise((resolve) => void setTimeout(resolve, 30));
    expect(accepted).toBe(false);
    expect(guest.input.take(new Uint8Array(size))).toBe(size);
    await second;
    expect(guest.input.length).toBe(size);
  });

  it("ends when it is removed, after what has arrived", async () => {
    guest.output(text("last words"));
    guest.remove();
    await until(() => port.ended !== undefined);
    const reader = port.readable.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("last words");
    expect((await reader.read()).done).toBe(true);
    await expect(port.writable.getWriter().write(text("x"))).rejects.toThrow("the port was removed");
  });

  it("drops input that nobody stands behind any more", async () => {
    await port.writable.getWriter().write(text("never read"));
    await port.close();
    expect(guest.input.length).toBe(0);
    guest.output(text("to nobody"));
    expect(guest.flow.accepts(OUTPUT_WINDOW)).toBe(true);
  });
});
