// What the mode jit=check has found (assembly/jit/check.ts), for people: the instructions in question and both states.

import * as Check from "../../assembly/layout/check";
import * as Cpu from "../../assembly/layout/cpu";
import { registerName } from "../shared/disassemble";
import { codeAt } from "./guest_code";

/** Translator and interpreter do not agree: a fault of the translator. */
export class TranslationError extends Error {
  constructor(view: DataView, cpu: number) {
    super(describeDifference(view, cpu));
    this.name = "TranslationError";
  }
}

/** Instructions that are shown in front of those in question. */
const SHOWN_BEFORE = 12;
const PAGE_SIZE = 4096;
const WORDS_MAX = 32;

interface Part {
  readonly name: string;
  readonly at: number;
  readonly length: number;
}

const parts: readonly Part[] = [
  { name: "rip", at: Cpu.rip, length: 8 },
  ...Array.from({ length: 16 }, (_, n) => ({ name: registerName(n), at: Cpu.gpr + n * 8, length: 8 })),
  { name: "eflags", at: Check.flags, length: 4 },
  { name: "cpl", at: Check.cpl, length: 1 },
  ...["es", "cs", "ss", "ds", "fs", "gs"].map((name, n) => segment(name, n)),
  { name: "cr0", at: Cpu.cr0, length: 8 },
  { name: "cr4", at: Cpu.cr4, length: 8 },
  { name: "kernel gs", at: Cpu.kernelGsBase, length: 8 },
  ...Array.from({ length: 16 }, (_, n) => ({ name: `xmm${n}`, at: Cpu.xmm + n * Cpu.XMM_SIZE, length: 16 })),
  { name: "mxcsr", at: Cpu.mxcsr, length: 4 },
  ...Array.from({ length: 8 }, (_, n) => ({ name: `fpr${n}`, at: Cpu.fpr + n * Cpu.FPR_SIZE, length: 10 })),
  { name: "fcw", at: Cpu.fcw, length: 2 },
  { name: "fsw", at: Cpu.fsw, length: 2 },
  { name: "ftw", at: Cpu.ftw, length: 1 },
  { name: "fop", at: Cpu.fop, length: 2 },
  { name: "fip", at: Cpu.fip, length: 8 },
  { name: "fdp", at: Cpu.fdp, length: 8 },
];

function segment(name: string, n: number): Part {
  return { name: `${name} base`, at: Cpu.seg + n * Cpu.SEG_SIZE + Cpu.segBase, length: 8 };
}

/** Call while the CPU stands where it stopped. What differs has a star. */
export function describeDifference(view: DataView, cpu: number): string {
  return [
    "translator and interpreter differ after the last of these instructions:",
    ...instructions(view, cpu),
    "",
    ...registers(view, cpu),
    ...memory(view, cpu),
  ].join("\n");
}

function instructions(view: DataView, cpu: number): string[] {
  const traced = view.getUint32(cpu + Check.traced, true);
  const suspects = Math.max(1, view.getUint32(cpu + Check.suspects, true));
  const shown = Math.min(traced, Check.TRACE_LENGTH, suspects + SHOWN_BEFORE);
  return Array.from({ length: shown }, (_, i) => {
    const n = (traced - shown + i) & (Check.TRACE_LENGTH - 1);
    const mark = i >= shown - suspects ? "-> " : "   ";
    return mark + codeAt(view, cpu, view.getBigUint64(cpu + Check.trace + n * 8, true));
  });
}

function registers(view: DataView, cpu: number): string[] {
  return parts.map(({ name, at, length }) => {
    const [before, translated, interpreted] = [Check.lastAgreed, Check.afterTranslation, Check.afterInterpreter].map(
      (state) => number(view, cpu + state + at, length),
    );
    if (translated === interpreted) {
      const change = before === translated ? "" : ` was ${before}`;
      return `  ${name.padEnd(10)}${translated}${change}`;
    }
    return `* ${name.padEnd(10)}translated ${translated} interpreted ${interpreted} was ${before}`;
  });
}

/** As a number, the way registers are written. */
function number(view: DataView, at: number, length: number): string {
  const bytes = Array.from({ length }, (_, i) => view.getUint8(at + length - 1 - i).toString(16));
  return bytes.map((byte) => byte.padStart(2, "0")).join("");
}

function memory(view: DataView, cpu: number): string[] {
  const lines: string[] = [];
  const count = Math.min(view.getUint32(cpu + Check.pages, true), Check.PAGES_MAX);
  for (let i = 0; i < count; i++) {
    const page = view.getBigUint64(cpu + Check.pageList + i * Check.PAGE_ENTRY, true);
    for (let at = 0; at < PAGE_SIZE; at += 8) {
      const [before, translated, interpreted] = [Check.originals, Check.translated, Check.interpreted].map((copies) =>
        number(view, cpu + copies + i * PAGE_SIZE + at, 8),
      );
      if (translated === interpreted) continue;
      const where = (page + BigInt(at)).toString(16).padStart(16, "0");
      lines.push(`* [${where}] translated ${translated} interpreted ${interpreted} was, at first, ${before}`);
      if (lines.length === WORDS_MAX) return [...lines, "and more"];
    }
  }
  return lines;
}
