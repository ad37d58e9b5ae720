// What a loader decides: which bytes go where, and with which registers CPU 0 starts. Loaders only plan; place.ts
// carries it out, at power-on and again at every reset.

import { configIssue, type ConfigIssue } from "../../shared/config_issue";

export interface LoadedBytes {
  readonly gpa: number;
  readonly bytes: Uint8Array;
}

export interface ZeroedRange {
  readonly gpa: number;
  readonly length: number;
}

/** Registers that a boot protocol sets; the rest is 0. */
export interface BootRegisters {
  readonly rip: number;
  readonly rax?: number;
  readonly rbx?: number;
  readonly rsi?: number;
}

export type BootEntry =
  /** 32-bit protected mode without paging, flat segments. */
  | { readonly mode: "protected"; readonly gdt: number; readonly registers: BootRegisters }
  /** 64-bit mode on an identity map. */
  | { readonly mode: "long"; readonly gdt: number; readonly pageTables: number; readonly registers: BootRegisters };

export interface BootPlan {
  /** For the log: which protocol and what was found. */
  readonly description: string;
  readonly load: readonly LoadedBytes[];
  readonly zero: readonly ZeroedRange[];
  readonly entry: BootEntry;
}

/** A file to load, with its name for messages and command lines. */
export interface BootFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An initrd or a multiboot module. */
export interface BootModule extends BootFile {
  readonly argument: string;
}

export function kernelIssue(reason: string): ConfigIssue {
  return configIssue("kernel", reason);
}

/** Bytes of a command line with its NUL. Everything that is not Latin-1 becomes UTF-8, as a shell would pass it. */
export function encodeCommandLine(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
