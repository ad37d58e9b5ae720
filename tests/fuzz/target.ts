// What 64-bit and 32-bit programs differ in: which registers are free, and how the templates are written.
import { le } from "../bytes";
import { COUNTER } from "./places";

export interface Target {
  readonly bits: 64 | 32;
  /** Registers that random instructions may change: not rsp, not those with pointers, not what the templates use. */
  readonly free: readonly number[];
  /** The same for instructions on bytes, which without REX name AH to BH. */
  readonly freeBytes: readonly number[];
  /** Registers with addresses of data; those of the second list are aligned to 16 bytes. */
  readonly pointers: readonly number[];
  readonly aligned: readonly number[];
  /** A register with a small number, if there is one. */
  readonly small: number | undefined;
  /** Sets the loop counter. */
  loopStart(count: number): number[];
  /** Counts down and branches back over `length` bytes, if the counter is not 0. */
  loopEnd(length: number): number[];
  /** CALL or JMP through a register from `address` to `gap` bytes behind it. */
  indirect(calls: boolean, address: number, gap: number): number[];
  /** Stores 32 bits at an address. */
  store(target: number, value: number): number[];
}

/** r12 counts loops, r11 holds targets of indirect branches, r10 serves as a pointer for a moment. */
const wide: Target = {
  bits: 64,
  free: [0, 1, 2, 3, 5, 6, 7, 8, 9, 10],
  freeBytes: [0, 1, 2, 3, 5, 6, 7, 8, 9, 10],
  pointers: [13, 14, 15],
  aligned: [13, 15],
  small: 12,
  loopStart: (count) => [0x41, 0xbc, ...le(count)],
  loopEnd: (length) => [0x49, 0xff, 0xcc, 0x0f, 0x85, ...le(-(length + 9))],
  // LEA r11,[rip+…], then the branch.
  indirect: (calls, _address, gap) => [0x4c, 0x8d, 0x1d, ...le(3 + gap), 0x41, 0xff, calls ? 0xd3 : 0xe3],
  store: (target, value) => [0x49, 0xba, ...le(target), 0, 0, 0, 0, 0x41, 0xc7, 0x02, ...le(value)],
};

/** Loops are counted in memory, since there are few registers; edx holds targets of indirect branches. */
const narrow: Target = {
  bits: 32,
  free: [0, 1, 2, 6, 7],
  freeBytes: [0, 1, 2, 4, 5, 6],
  pointers: [5, 3],
  aligned: [5],
  small: undefined,
  loopStart: (count) => [0xc7, 0x05, ...le(COUNTER), ...le(count)],
  loopEnd: (length) => [0xff, 0x0d, ...le(COUNTER), 0x0f, 0x85, ...le(-(length + 12))],
  indirect: (calls, address, gap) => [0xba, ...le(address + 7 + gap), 0xff, calls ? 0xd2 : 0xe2],
  store: (target, value) => [0xc7, 0x05, ...le(target), ...le(value)],
};

export const targetOf = (bits: 64 | 32): Target => (bits === 64 ? wide : narrow);
