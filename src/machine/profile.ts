// Where a CPU spends its instructions, read from shared memory while it runs: samples, blocks, translations. Each number
// is right by itself; a CPU that changes them meanwhile can make one line of the profile wrong, not more.

import * as Cpu from "../../assembly/layout/cpu";
import * as Jit from "../../assembly/layout/jit";
import * as Profile from "../../assembly/layout/profile";
import * as Record from "../../assembly/layout/record";
import type { CodeSize } from "../shared/disassemble";
import { moduleText } from "../shared/wasm_text";
import type { MachineExports } from "./exports";
import { codeSizeOf } from "./guest_code";

export interface HotSpot {
  readonly rip: string;
  /** Of the samples, 0 to 1. */
  readonly share: number;
  /** Slot of its translation in the function table; undefined while it is interpreted. */
  readonly slot: number | undefined;
  /** The first bytes of the guest's code there, in hex; empty if the CPU has forgotten them. */
  readonly code: string;
  readonly size: CodeSize;
}

export interface CpuProfile {
  /** Samples that it was made of: the latest ones. */
  readonly samples: number;
  /** Share of the samples that lie in translated code, 0 to 1. */
  readonly translated: number;
  readonly hottest: readonly HotSpot[];
}

const SPOTS = 24;
const CODE_BYTES = 48;

export function readProfile(view: DataView, cpu: number): CpuProfile {
  const counts = countSamples(view, cpu + Cpu.jit);
  const samples = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const spots = [...counts].map(([rip, count]) => spot(view, cpu, rip, count / samples));
  const translated = spots.reduce((sum, { slot, share }) => sum + (slot === undefined ? 0 : share), 0);
  return { samples, translated, hottest: spots.sort((a, b) => b.share - a.share).slice(0, SPOTS) };
}

function countSamples(view: DataView, jit: number): Map<bigint, number> {
  const counts = new Map<bigint, number>();
  const taken = view.getUint32(jit + Profile.sampleCount, true);
  for (let i = 0; i < Math.min(taken, Profile.SAMPLES); i++) {
    const rip = view.getBigUint64(jit + Profile.samples + i * 8, true);
    counts.set(rip, (counts.get(rip) ?? 0) + 1);
  }
  return counts;
}

function spot(view: DataView, cpu: number, rip: bigint, share: number): HotSpot {
  const head = blockAt(view, cpu, rip);
  const code = head === undefined ? 0 : view.getInt32(head + Record.headCode, true);
  return {
    rip: rip.toString(16).padStart(16, "0"),
    share,
    slot: code > 0 ? code : undefined,
    code: head === undefined ? "" : codeBytes(view, view.getUint32(head + Record.headHost, true)),
    size: head === undefined ? 64 : codeSizeOf(view.getUint32(head + Record.headMode, true)),
  };
}

/** Head of the block that the CPU's jump cache knows for an address. */
function blockAt(view: DataView, cpu: number, rip: bigint): number | undefined {
  const hash = ((rip << 4n) ^ (rip >> 6n)) & BigInt(Cpu.JUMP_CACHE_SIZE - 16);
  const entry = cpu + Cpu.jumpCache + Number(hash);
  if (view.getBigUint64(entry, true) !== rip) return undefined;
  const head = view.getUint32(entry + 12, true) - Record.HEAD_SIZE;
  const end = cpu + Cpu.decodeCache + Cpu.DECODE_CACHE_SIZE;
  return head >= cpu + Cpu.decodeCache && head < end ? head : undefined;
}

/** Up to the end of the page. */
function codeBytes(view: DataView, host: number): string {
  const length = Math.min(CODE_BYTES, 4096 - (host & 4095));
  if (host + length > view.byteLength) return "";
  return Array.from({ length }, (_, i) =>
    view
      .getUint8(host + i)
      .toString(16)
      .padStart(2, "0"),
  ).join(" ");
}

/**
 * The WebAssembly of a translation as text, written once more for the purpose; undefined when the guest's code is no
 * longer there. The CPU stands still meanwhile.
 */
export function translationText(
  view: DataView,
  exports: Pick<MachineExports, "rewriteTranslation">,
  cpu: number,
  slot: number,
): string | undefined {
  const length = exports.rewriteTranslation(cpu, slot);
  const module = new Uint8Array(view.buffer, view.byteOffset + cpu + Cpu.jit + Jit.module, length);
  return moduleText(module)[0];
}
