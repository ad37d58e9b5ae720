import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Outbox } from "./outbox";
import type { ConsoleName, DevicesEvent } from "./protocol";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function bench(): { outbox: Outbox; posted: string[]; print: (console: ConsoleName, text: string) => void } {
  const posted: string[] = [];
  const outbox = new Outbox((event, transfer) => {
    if (event.type !== "output") posted.push(event.type);
    else posted.push(`${event.console}: ${new TextDecoder().decode(event.bytes)} (${transfer.length})`);
  });
  const print = (console: ConsoleName, text: string): void => {
    outbox.send({ type: "output", console, bytes: new TextEncoder().encode(text) });
  };
  return { outbox, posted, print };
}

describe("Outbox", () => {
  it("gathers output for a moment, each console by itself", () => {
    const { posted, print } = bench();
    print("ttyS0", "a");
    print("hvc0", "x");
    print("ttyS0", "b");
    expect(posted).toEqual([]);
    vi.runAllTimers();
    expect(posted).toEqual(["ttyS0: ab (1)", "hvc0: x (1)"]);
    print("ttyS0", "c");
    vi.runAllTimers();
    expect(posted).toHaveLength(3);
  });

  it("keeps the order: what was printed before an event comes before it", () => {
    const { outbox, posted, print } = bench();
    print("ttyS0", "last words");
    const event: DevicesEvent = { type: "shutdown", code: 0 };
    outbox.send(event);
    expect(posted).toEqual(["ttyS0: last words (1)", "shutdown"]);
    vi.runAllTimers();
    expect(posted).toHaveLength(2);
  });
});
