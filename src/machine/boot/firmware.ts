// What a PC's firmware leaves behind for programs that were written to run after one: vectors and handlers of real mode, the
// BIOS data area, the code at the reset vector, and for multiboot images (whose loaders run under a BIOS) chips that are set up.
// There are no BIOS services: every vector that is not an interrupt of the chips leads to an IRET.

import { KiB, MiB } from "../../shared/units";
import type { LoadedBytes } from "./boot_plan";
import { Structure } from "./structure";

/** The code, in segment F000: above the ACPI tables, with the reset vector at its end. */
const ROM_SEGMENT = 0xf000;
const ROM = 0xffe00;
const IRET = 0xfe00;
const TICK = 0xfe10;
const END_MASTER = 0xfe40;
const END_SLAVE = 0xfe50;
const POST = 0xfe80;
const SETUP = 0xff00;
const RESET = 0xfff0;

/** Where a multiboot image's start begins: 32-bit code that goes on at ESI. It changes ECX. */
export const CHIP_SETUP = ROM_SEGMENT * 16 + SETUP;

const VECTORS = 256;
/** The interrupt requests of the two 8259A begin at these vectors. */
const MASTER_BASE = 0x08;
const SLAVE_BASE = 0x70;
const REQUESTS = 8;

/** The BIOS data area and what of it is filled in. */
const BDA = 0x400;
const BDA_SIZE = 0x100;
const BDA_COM1 = 0x00;
const BDA_EBDA = 0x0e;
const BDA_MEMORY_KIB = 0x13;
const BDA_TICKS = 0x6c;
const BDA_RESUME = 0x67;
const COM1 = 0x3f8;
const BASE_MEMORY_KIB = 639;

/** CMOS byte 0Fh: why the processor was reset. With this value it is to go on at the far pointer in 40:67. */
const CMOS_SHUTDOWN = 0x0f;
const SHUTDOWN_RESUME = 0x0a;

const low = (value: number) => value & 0xff;
const high = (value: number) => (value >> 8) & 0xff;

/** MOV AL, value; OUT port, AL */
const out = (port: number, value: number) => [0xb0, value, 0xe6, port];

/** PUSH AX; EOI to the given chips; POP AX; IRET */
const endOfInterrupt = (ports: readonly number[]) => [0x50, ...ports.flatMap((port) => out(port, 0x20)), 0x58, 0xcf];

/** Counts the tick and calls INT 1Ch, which programs may take over. */
const tick = [
  ...[0x50, 0x1e, 0x31, 0xc0, 0x8e, 0xd8], // PUSH AX; PUSH DS; XOR AX, AX; MOV DS, AX
  ...[0x66, 0xff, 0x06, low(BDA + BDA_TICKS), high(BDA + BDA_TICKS)], // INC DWORD [ticks]
  ...[0xcd, 0x1c], // INT 1Ch
  ...out(0x20, 0x20),
  ...[0x1f, 0x58, 0xcf], // POP DS; POP AX; IRET
];

/** Where the boot processor starts after INIT, and where programs jump that want a restart. */
const post = [
  ...out(0x70, CMOS_SHUTDOWN),
  ...[0xe4, 0x71, 0x3c, SHUTDOWN_RESUME, 0x75, 0x08], // IN AL, 71h; CMP AL, 0Ah; JNE reset
  ...[0x31, 0xc0, 0x8e, 0xd8], // XOR AX, AX; MOV DS, AX
  ...[0xff, 0x2e, low(BDA + BDA_RESUME), high(BDA + BDA_RESUME)], // JMP FAR [40:67]
  ...[0xba, 0xf9, 0x0c, 0xb0, 0x02, 0xee, 0xb0, 0x06, 0xee], // reset: DX = CF9h; OUT 2; OUT 6
  ...[0xf4, 0xeb, 0xfd], // HLT; JMP to it
];

const reset = [0xea, low(POST), high(POST), low(ROM_SEGMENT), high(ROM_SEGMENT)]; // JMP F000:POST

/** PICs at their usual vectors with only the timer let through; channel 0 of the timer at its slowest, 18.2 Hz. */
const setup = [
  ...[0x89, 0xc1], // MOV ECX, EAX
  ...[...out(0x20, 0x11), ...out(0x21, MASTER_BASE), ...out(0x21, 0x04), ...out(0x21, 0x01), ...out(0x21, 0xfa)],
  ...[...out(0xa0, 0x11), ...out(0xa1, SLAVE_BASE), ...out(0xa1, 0x02), ...out(0xa1, 0x01), ...out(0xa1, 0xff)],
  ...[...out(0x43, 0x34), ...out(0x40, 0), ...out(0x40, 0)],
  ...[0x89, 0xc8, 0xff, 0xe6], // MOV EAX, ECX; JMP ESI
];

function handlerOf(vector: number): number {
  if (vector === MASTER_BASE) return TICK;
  if (vector > MASTER_BASE && vector < MASTER_BASE + REQUESTS) return END_MASTER;
  return vector >= SLAVE_BASE && vector < SLAVE_BASE + REQUESTS ? END_SLAVE : IRET;
}

/** Vectors and data area, and the code that they lead to. */
export function firmware(): LoadedBytes[] {
  const data = new Structure(BDA + BDA_SIZE);
  for (let vector = 0; vector < VECTORS; vector++) {
    data.u16(vector * 4, handlerOf(vector)).u16(vector * 4 + 2, ROM_SEGMENT);
  }
  data.u16(BDA + BDA_COM1, COM1).u16(BDA + BDA_EBDA, (BASE_MEMORY_KIB * KiB) / 16);
  data.u16(BDA + BDA_MEMORY_KIB, BASE_MEMORY_KIB);
  const rom = new Structure(MiB - ROM);
  const code = [
    [IRET, [0xcf]],
    [TICK, tick],
    [END_MASTER, endOfInterrupt([0x20])],
    [END_SLAVE, endOfInterrupt([0xa0, 0x20])],
    [POST, post],
    [SETUP, setup],
    [RESET, reset],
  ] as const;
  for (const [at, bytes] of code) rom.copy(at - IRET, Uint8Array.from(bytes));
  return [
    { gpa: 0, bytes: data.bytes },
    { gpa: ROM, bytes: rom.bytes },
  ];
}
