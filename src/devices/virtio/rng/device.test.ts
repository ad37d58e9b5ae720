import { describe, expect, it } from "vitest";
import { testBus } from "../../../../tests/virtio";
import { gpa } from "../../../shared/units";
import { MAX_BYTES } from "./config";
import { VirtioRng } from "./device";

const DATA = 0x200000;

describe("virtio-rng", () => {
  it("fills buffers across segments and says how much", () => {
    const t = testBus();
    const rng = new VirtioRng({ fill: (target) => void target.fill(0xab) });
    const driver = t.driver(t.plug(rng));
    driver.start();
    const buffers = [
      { gpa: DATA, len: 10, writable: true },
      { gpa: DATA + 0x1000, len: 2 * MAX_BYTES, writable: true },
    ];
    const head = driver.ring(0).chain(buffers);
    driver.ring(0).offer(head);
    driver.kick(0);
    expect(driver.ring(0).takeUsed()).toEqual([{ id: head, len: MAX_BYTES }]);
    const read = new Uint8Array(0x1000 + MAX_BYTES);
    t.guest.read(gpa(DATA), read);
    expect(read.subarray(0, 12)).toEqual(Uint8Array.from([...Array<number>(10).fill(0xab), 0, 0]));
    expect(read[0x1000 + MAX_BYTES - 11]).toBe(0xab);
    expect(read[0x1000 + MAX_BYTES - 10]).toBe(0);
    expect(rng.counters).toEqual({ requests: 1, bytes: MAX_BYTES });
  });

  it("stops at a request with something to read", () => {
    const t = testBus();
    const driver = t.driver(t.plug(new VirtioRng({ fill: () => undefined })));
    driver.start();
    driver.ring(0).offer(driver.ring(0).chain([{ gpa: DATA, len: 10, writable: false }]));
    driver.kick(0);
    expect(driver.status & 64).toBe(64);
  });
});
