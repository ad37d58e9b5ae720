// Rates out of counters: the difference between two samples. Pure.

import type { Sample } from "./protocol";

export interface Stats extends Omit<Sample, "time" | "idle"> {
  /** Millions of guest instructions per second over the last moments. */
  readonly mips: number;
  /** The same since the start, over the time in which the CPUs were awake. */
  readonly mipsAverage: number;
  /** Share of the time that the CPUs were awake over the last moments, 0..1. */
  readonly cpuUse: number;
  /** ms since the machine was started. */
  readonly uptime: number;
  /** Bytes per second over the last moments. */
  readonly diskRate: number;
  readonly consoleRate: number;
}

/** "Now" is the time since the newest sample that is at least this old. */
const shortestWindow = 400;
const longestWindow = 4000;

export class RateMeter {
  #first: Sample | undefined;
  #recent: Sample[] = [];

  add(sample: Sample): Stats {
    this.#first ??= sample;
    const before = this.#before(sample);
    this.#recent.push(sample);
    this.#recent = this.#recent.filter((entry) => entry.time >= sample.time - longestWindow);
    const { time: _time, idle: _idle, ...rest } = sample;
    const window = Math.max(sample.time - before.time, 1e-3);
    const awake = busy(this.#first, sample);
    return {
      ...rest,
      mips: positive(sample.instructions - before.instructions) / window / 1000,
      mipsAverage: awake < 1 ? 0 : positive(sample.instructions - this.#first.instructions) / awake / 1000,
      cpuUse: Math.min(1, busy(before, sample) / (window * sample.cpus)),
      uptime: sample.time - this.#first.time,
      diskRate: (positive(disk(sample) - disk(before)) / window) * 1000,
      consoleRate: (positive(console(sample) - console(before)) / window) * 1000,
    };
  }

  #before(sample: Sample): Sample {
    const old = this.#recent.findLast((entry) => entry.time <= sample.time - shortestWindow);
    return old ?? this.#recent[0] ?? sample;
  }
}

/** ms that the CPUs were awake between two samples, summed over them. */
function busy(from: Sample, to: Sample): number {
  return positive((to.time - from.time) * to.cpus - (to.idle - from.idle));
}

function positive(value: number): number {
  return Math.max(0, value);
}

function disk(sample: Sample): number {
  return sample.diskRead + sample.diskWritten;
}

function console(sample: Sample): number {
  return sample.consoleIn + sample.consoleOut;
}
