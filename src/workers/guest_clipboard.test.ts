// The clipboard against an agent of a few lines, over a real port.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NamedPort } from "../backends/console/named_port";
import { GuestClipboard } from "./guest_clipboard";
import { MachinePort, servePort } from "./port_link";
import * as Spice from "./spice_messages";

let guest: NamedPort;
let clipboard: GuestClipboard;
let copied: number;
let heard: Spice.SpiceMessage[];
/** What the agent does with a message. */
let answer: (message: Spice.SpiceMessage) => void;

const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const bytes = (...parts: (number[] | string)[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : part)));
const word = (value: number): number[] => [value & 255, value >> 8, 0, 0];

const NONE = word(0);
const UTF8 = word(1);
const CLIPBOARD = word(0);
const PRIMARY = word(1);

function say(type: number, data: Uint8Array): void {
  guest.output(Spice.encodeMessage(type, data));
}

beforeEach(async () => {
  guest = new NamedPort();
  copied = 0;
  heard = [];
  // Nothing was copied in the guest.
  answer = ({ type }) => {
    if (type === Spice.CLIPBOARD_REQUEST) say(Spice.CLIPBOARD, bytes(CLIPBOARD, NONE));
  };
  const reader = new Spice.MessageReader();
  guest.input.onData = () => {
    const arrived = new Uint8Array(guest.input.length);
    guest.input.take(arrived);
    const messages = reader.add(arrived);
    if (!messages.ok) throw new Error(messages.error);
    heard.push(...messages.value);
    messages.value.forEach((message) => answer(message));
  };
  clipboard = new GuestClipboard(
    () => {
      const { port1, port2 } = new MessageChannel();
      const port = new MachinePort("com.redhat.spice.0", port1);
      if (servePort(guest, port2)) return Promise.resolve(port);
      port.finish("refused");
      return Promise.reject(new Error("in use"));
    },
    () => copied++,
  );
  await clipboard.connect();
});

afterEach(() => guest.remove());

/** The agent opens its end and says what it can do. */
async function arrive(): Promise<void> {
  guest.guestOpened(true);
  say(Spice.ANNOUNCE_CAPABILITIES, bytes(word(1), word(0x60)));
  await vi.waitFor(() => expect(clipboard.present).toBe(true));
}

describe("the guest's clipboard", () => {
  it("is announced to an agent that asks", async () => {
    await arrive();
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    expect(heard.map(({ type }) => type)).toEqual([Spice.ANNOUNCE_CAPABILITIES, Spice.ANNOUNCE_CAPABILITIES]);
    expect(heard.map(({ data }) => [...data])).toEqual([
      [...word(1), ...word(0x60)],
      [...word(0), ...word(0x60)],
    ]);
  });

  it("gets text that was there before the agent, when the guest pastes", async () => {
    await clipboard.write("früh");
    await arrive();
    await vi.waitFor(() => expect(heard.at(-1)?.type).toBe(Spice.CLIPBOARD_GRAB));
    say(Spice.CLIPBOARD_REQUEST, bytes(CLIPBOARD, UTF8));
    await vi.waitFor(() => expect(heard.at(-1)?.type).toBe(Spice.CLIPBOARD));
    expect(heard.at(-1)?.data).toEqual(bytes(CLIPBOARD, UTF8, "früh"));
  });

  it("says when the guest can paste what it was given", async () => {
    const asked = vi.fn();
    answer = ({ type }) => {
      if (type === Spice.CLIPBOARD_REQUEST) asked();
    };
    await arrive();
    const written = vi.fn();
    const writing = clipboard.write("soon").then(written);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    expect(heard.at(-2)?.type).toBe(Spice.CLIPBOARD_GRAB);
    expect(written).not.toHaveBeenCalled();
    say(Spice.CLIPBOARD, bytes(CLIPBOARD, NONE));
    await writing;
  });

  it("takes long text in chunks that the agent accepts", async () => {
    const long = "0123456789".repeat(10_000);
    await arrive();
    await clipboard.write(long);
    say(Spice.CLIPBOARD_REQUEST, bytes(CLIPBOARD, UTF8));
    await vi.waitFor(() => expect(heard.at(-1)?.type).toBe(Spice.CLIPBOARD));
    expect(text(heard.at(-1)?.data.subarray(8) ?? bytes())).toBe(long);
    const chunks = new DataView(Spice.encodeMessage(Spice.CLIPBOARD, bytes(long)).buffer);
    expect([chunks.getUint32(0, true), chunks.getUint32(4, true)]).toEqual([1, 2048]);
  });

  it("tells of text that was copied, and reads it", async () => {
    answer = ({ type }) => {
      if (type === Spice.CLIPBOARD_REQUEST) say(Spice.CLIPBOARD, bytes(CLIPBOARD, UTF8, "copied"));
    };
    await arrive();
    expect(await clipboard.read()).toBe("");
    say(Spice.CLIPBOARD_GRAB, bytes(PRIMARY, UTF8));
    say(Spice.CLIPBOARD_GRAB, bytes(CLIPBOARD, word(2)));
    say(Spice.CLIPBOARD_GRAB, bytes(CLIPBOARD, word(2), UTF8));
    await vi.waitFor(() => expect(copied).toBe(1));
    expect(await clipboard.read()).toBe("copied");
    say(Spice.CLIPBOARD_RELEASE, bytes(CLIPBOARD));
    await vi.waitFor(async () => expect(await clipboard.read()).toBe(""));
  });

  it("understands messages in pieces of any size", async () => {
    guest.guestOpened(true);
    const all = Spice.encodeMessage(Spice.ANNOUNCE_CAPABILITIES, bytes(word(0), word(0x60)));
    for (const byte of all) guest.output(Uint8Array.of(byte));
    await vi.waitFor(() => expect(clipboard.present).toBe(true));
  });

  it("is not read when the agent leaves, and closes before one that makes no sense", async () => {
    await arrive();
    say(Spice.CLIPBOARD_GRAB, bytes(CLIPBOARD, UTF8));
    await vi.waitFor(() => expect(copied).toBe(1));
    const asked = clipboard.read();
    guest.guestOpened(false);
    expect(await asked).toBe("");
    expect(clipboard.present).toBe(false);
    guest.output(bytes(word(7), word(0)));
    await vi.waitFor(() => expect(guest.isOpen).toBe(false));
    await clipboard.connect();
    expect(guest.isOpen).toBe(true);
  });

  it("refuses sizes that nobody can mean", () => {
    const huge = [255, 255, 255, 127];
    expect(new Spice.MessageReader().add(bytes(word(1), huge))).toEqual({ ok: false, error: "bad-chunk" });
    const message = bytes(word(1), word(20), word(1), word(4), word(0), word(0), huge);
    expect(new Spice.MessageReader().add(message)).toEqual({ ok: false, error: "bad-message" });
  });
});
