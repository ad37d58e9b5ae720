import { describe, expect, it } from "vitest";
import type { Sample } from "./protocol";
import { RateMeter } from "./rates";

function sample(time: number, values: Partial<Sample> = {}): Sample {
  return {
    time,
    instructions: 0,
    idle: 0,
    cpus: 1,
    memoryBytes: 0,
    mappedBytes: 0,
    diskRead: 0,
    diskWritten: 0,
    diskFetched: 0,
    consoleIn: 0,
    consoleOut: 0,
    balloonBytes: undefined,
    guestMemory: {},
    unimplemented: { count: 0, bytes: "", rip: "" },
    counters: {},
    ...values,
  };
}

describe("RateMeter", () => {
  it("has no rates to tell from one sample", () => {
    expect(new RateMeter().add(sample(1000, { instructions: 5 }))).toMatchObject({
      mips: 0,
      mipsAverage: 0,
      cpuUse: 0,
    });
  });

  it("tells now from average", () => {
    const meter = new RateMeter();
    meter.add(sample(0));
    meter.add(sample(1000, { instructions: 100e6 }));
    const stats = meter.add(sample(2000, { instructions: 110e6, idle: 900 }));
    expect(stats.mips).toBeCloseTo(10);
    expect(stats.cpuUse).toBeCloseTo(0.1);
    expect(stats.mipsAverage).toBeCloseTo(100);
    expect(stats.uptime).toBe(2000);
  });

  it("does not measure over a moment when asked twice in a row", () => {
    const meter = new RateMeter();
    meter.add(sample(0));
    meter.add(sample(1000, { instructions: 50e6 }));
    expect(meter.add(sample(1001, { instructions: 50e6 })).mips).toBeCloseTo(50, 0);
  });

  it("shares the time among the CPUs and never exceeds all of it", () => {
    const meter = new RateMeter();
    meter.add(sample(0, { cpus: 2 }));
    expect(meter.add(sample(1000, { cpus: 2, idle: 1000 })).cpuUse).toBeCloseTo(0.5);
    expect(meter.add(sample(2000, { cpus: 2, idle: 500 })).cpuUse).toBe(1);
  });

  it("gives bytes per second", () => {
    const meter = new RateMeter();
    meter.add(sample(0));
    const stats = meter.add(sample(500, { diskRead: 1000, diskWritten: 500, consoleOut: 10 }));
    expect(stats.diskRate).toBeCloseTo(3000);
    expect(stats.consoleRate).toBeCloseTo(20);
  });
});
