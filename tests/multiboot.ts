// Bare-metal guests of a few bytes, as multiboot 1 images.

export const EXIT_PORT = 0xf4;
export const LOAD = 0x100000;

/** A multiboot 1 image that gives its own load addresses, with `code` behind the header. */
export function multiboot(code: readonly number[]): Uint8Array<ArrayBuffer> {
  const header = 0x1badb002;
  const flags = 0x10000;
  const bytes = new Uint8Array(32 + code.length);
  const view = new DataView(bytes.buffer);
  const words = [header, flags, -(header + flags), LOAD, LOAD, 0, LOAD + 0x10000, LOAD + 32];
  words.forEach((word, i) => view.setUint32(i * 4, word >>> 0, true));
  bytes.set(code, 32);
  return bytes;
}

export const outByte = (port: number, value: number): number[] => [
  0x66,
  0xba,
  port & 0xff,
  port >> 8,
  0xb0,
  value,
  0xee,
];

/** CMP EAX, magic; JNE over the rest, which prints the command line: MOV ESI,[EBX+16]; LODSB; TEST; JZ; OUT; JMP. */
export const printCommandLine = [
  ...[0x3d, 0x02, 0xb0, 0xad, 0x2b, 0x75, 0x0f],
  ...[0x8b, 0x73, 0x10, 0x66, 0xba, 0xf8, 0x03, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8],
];
export const exit = (value: number): number[] => [...outByte(EXIT_PORT, value), 0xf4, 0xeb, 0xfd];
