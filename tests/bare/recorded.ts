// What tools/bare/record.mjs has recorded of a program: its image, and the results of two emulators.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const directory = join(import.meta.dirname, "recorded");
const SUFFIX = ".image.br";

export interface Result {
  readonly name: string;
  /** Of Bochs, or of both; empty if Bochs did not get there. */
  readonly first: string;
  /** Of QEMU, if it is another one; empty if it is the same or QEMU did not get there. */
  readonly second: string;
}

export const programs = readdirSync(directory)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

function unpack(file: string): Buffer {
  return brotliDecompressSync(readFileSync(join(directory, file)));
}

export function imageOf(program: string): Uint8Array {
  return unpack(`${program}${SUFFIX}`);
}

export function resultsOf(program: string): Result[] {
  const lines = unpack(`${program}.results.br`).toString().trimEnd().split("\n");
  return lines.map((line) => {
    const at = line.indexOf(": ");
    const [first = "", second = ""] = line.slice(at + 2).split(/ ?\| /);
    return { name: line.slice(0, at), first, second };
  });
}
