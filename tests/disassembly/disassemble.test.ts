import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type CodeSize, disassemble, disassembleLines } from "../../src/shared/disassemble";
import { INSTRUCTIONS } from "../../src/shared/instructions.generated";

const recorded = brotliDecompressSync(readFileSync(join(import.meta.dirname, "samples.br"))).toString();
const samples = recorded.split("\n").map((line) => {
  const [size = "", address = "", code = "", ...text] = line.split(" ");
  return { size: Number(size) as CodeSize, address: BigInt(`0x${address}`), code, text: text.join(" ") };
});

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

describe("disassembler", () => {
  it("writes an instruction of every row as binutils does, in our spelling", () => {
    const rows = INSTRUCTIONS.split("\n").length;
    expect(samples.length).toBeGreaterThan(3 * rows);
    const wrong = samples.flatMap(({ size, address, code, text }) => {
      const got = disassemble(bytes(code), size, address);
      if (got.length === code.length / 2 && got.text === text) return [];
      return [`${size} ${code}: ${got.text} (${got.length} bytes), not ${text}`];
    });
    expect(wrong).toEqual([]);
  });

  it("shows what is no instruction as data", () => {
    expect(disassemble(bytes("0f04"), 64, 0n)).toEqual({ length: 1, text: "db 0xf" });
    // Sixteen bytes are one too many.
    expect(disassemble(bytes(`${"66".repeat(15)}90`), 64, 0n).length).toBe(1);
    // The rest is not there.
    expect(disassemble(bytes("48b80102"), 64, 0n)).toEqual({ length: 1, text: "db 0x48" });
  });

  it("writes lines with addresses", () => {
    expect(disassembleLines(bytes("55 48 89 e5 f3 aa eb fe".replaceAll(" ", "")), 64, 0xffffffff81000000n)).toEqual([
      "ffffffff81000000  55                             push rbp",
      "ffffffff81000001  48 89 e5                       mov rbp, rsp",
      "ffffffff81000004  f3 aa                          rep stos byte ptr es:[rdi], al",
      "ffffffff81000006  eb fe                          jmp 0xffffffff81000006",
    ]);
  });
});
