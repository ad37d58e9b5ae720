// Reads rows of the instruction table: what an encoding matches, what its operands are, which operations it stands for.

/**
 * @typedef {object} Options
 * @property {"r" | "w" | "rw"} [access] the handler is a pure operation; how it uses its first operand
 * @property {boolean} [hot] inlined into the run loop
 * @property {boolean} [end] ends the block; the handler sees the next address in Cpu.rip and may change it
 * @property {boolean} [lock] LOCK is allowed on a memory operand
 * @property {boolean} [no64] invalid in 64-bit mode
 * @property {boolean} [only64] exists in 64-bit mode only
 * @property {boolean} [d64] operand size defaults to 64 in 64-bit mode
 * @property {boolean} [f64] operand size is always 64 in 64-bit mode
 * @property {boolean} [sized] one operation per operand size although no operand says so
 * @property {"b"} [type] the handler is generic and this row is its byte form
 * @property {boolean} [rep] REP and REPNE are allowed; the immediate holds them
 * @property {boolean} [unsigned] a narrower source is zero-extended
 * @property {boolean} [implicit] an implicit memory operand: its address size and segment are in the record's index field
 * @property {number} [imm] constant in the record's immediate
 * @property {number} [kind] constant in the record's register field
 * @property {"none" | "sse" | "mmx" | "fpu" | "fpu_nowait"} [unit] which unit must be available; nowait: pending x87 errors do not matter
 * @property {string} [feature] CPUID feature without which the row does not exist (names of layout/cpu_features.ts)
 */

/** @typedef {[encoding: string, text: string, handler: string, options?: Options]} Row */

/**
 * @typedef {object} Parsed
 * @property {Row} row
 * @property {number} map 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A
 * @property {number[]} opcodes
 * @property {number} prefix 0 any, 1 none of 66 F3 F2, 2 66, 3 F3, 4 F2
 * @property {number} mod 0 any, 1 memory, 2 register
 * @property {number} regExt modrm.reg, 255 = any
 * @property {number} rmExt modrm.rm, 255 = any
 * @property {number} w REX.W, 255 = any
 * @property {boolean} modrm
 * @property {boolean} inOpcode the low three bits of the opcode name a register
 * @property {string} mnemonic
 * @property {string[]} operands
 * @property {Options} options
 * @property {string} handler
 */

const prefixes = /** @type {Record<string, number>} */ ({ NP: 1, 66: 2, F3: 3, F2: 4 });

/** @param {Row} row @returns {Parsed} */
export function parseRow(row) {
  const [encoding, text, handler, options = {}] = row;
  const tokens = encoding.split(/\s+/);
  /** @type {Parsed} */
  const parsed = {
    row,
    map: 0,
    opcodes: [],
    prefix: 0,
    mod: 0,
    regExt: 255,
    rmExt: 255,
    w: 255,
    modrm: false,
    inOpcode: false,
    mnemonic: text.split(" ")[0] ?? "",
    operands: text.includes(" ")
      ? text
          .slice(text.indexOf(" ") + 1)
          .split(",")
          .map((s) => s.trim())
      : [],
    options,
    handler,
  };
  /** @type {number[]} */
  const bytes = [];
  tokens.forEach((token, at) => {
    const next = tokens[at + 1] ?? "";
    if (token === "REX.W" || token === "W1") parsed.w = 1;
    else if (token === "W0") parsed.w = 0;
    else if (token === "mem" || token === "reg") parsed.mod = token === "mem" ? 1 : 2;
    else if (token === "/r") parsed.modrm = true;
    else if (/^\/[0-7]$/.test(token)) {
      parsed.modrm = true;
      parsed.regExt = Number(token[1]);
    } else if (token === "+r") parsed.inOpcode = true;
    else if (token === "NP") parsed.prefix = 1;
    else if (bytes.length === 0 && token in prefixes && /^[0-9A-F]{2}$|^REX\.W$|^W[01]$/.test(next)) {
      parsed.prefix = prefixes[token] ?? 0;
    } else if (/^[0-9A-F]{2}$/.test(token)) bytes.push(parseInt(token, 16));
    else throw new Error(`isa: '${encoding}': '${token}' is not understood`);
  });
  if (bytes[0] === 0x0f) {
    bytes.shift();
    parsed.map = 1;
    const escape = /** @type {number | undefined} */ (bytes[0]);
    if (bytes.length > 1 && (escape === 0x38 || escape === 0x3a)) parsed.map = bytes.shift() === 0x38 ? 2 : 3;
  }
  const opcode = bytes.shift();
  if (opcode === undefined || bytes.length > 1) throw new Error(`isa: '${encoding}': one opcode byte is expected`);
  if (bytes.length === 1) fixModrm(parsed, bytes[0] ?? 0);
  parsed.opcodes = parsed.inOpcode ? Array.from({ length: 8 }, (_, i) => opcode + i) : [opcode];
  return parsed;
}

/** @param {Parsed} parsed @param {number} byte a modrm byte that belongs to the encoding */
function fixModrm(parsed, byte) {
  if (byte < 0xc0) throw new Error(`isa: '${parsed.row[0]}': a fixed modrm byte names registers`);
  parsed.modrm = true;
  parsed.mod = 2;
  parsed.regExt = (byte >> 3) & 7;
  parsed.rmExt = byte & 7;
}

/** Letters whose operands are general registers or memory of the operand size. */
const sizedLetters = /^[EGZMRXYOJI]/;

/** @param {Parsed} parsed @returns {"none" | "b" | "v" | "y"} by which sizes the row multiplies */
export function sizeRule(parsed) {
  const { operands, options } = parsed;
  if (options.type === "b") return "b";
  if (options.sized) return "v";
  const scalable = operands.filter((o) => sizedLetters.test(o) || o === "rAX");
  if (scalable.some((o) => /^[EGZMRXYO].*v$|^rAX$/.test(o))) return "v";
  if (scalable.some((o) => /^[EGRM]y$/.test(o))) return "y";
  if (scalable.some((o) => /[vz]$/.test(o)) && !/^!/.test(parsed.handler)) return "v";
  if (options.access && operands[0] && /b$|^AL$/.test(operands[0])) return "b";
  return "none";
}

/** Kinds of immediate, as cpu/decode.ts reads them. */
export const immediates = { none: 0, ib: 1, iw: 2, iz: 3, iv: 4, enter: 5, jb: 6, jz: 7, far: 8, offset: 9 };

/** @param {Parsed} parsed */
export function immediateOf({ operands }) {
  if (operands.includes("Iw") && operands.includes("Ib")) return immediates.enter;
  for (const o of operands) {
    if (o === "Ib") return immediates.ib;
    if (o === "Iw") return immediates.iw;
    if (o === "Iz") return immediates.iz;
    if (o === "Iv") return immediates.iv;
    if (o === "Jb") return immediates.jb;
    if (o === "Jz") return immediates.jz;
    if (o === "Ap") return immediates.far;
    if (o[0] === "O") return immediates.offset;
  }
  return immediates.none;
}

/** Register classes of the modrm fields, as cpu/decode.ts resolves them. */
export const classes = { number: 0, gpr: 1, gpr8: 2, number3: 3, fixed: 4 };

/** @param {string | undefined} operand */
function classOf(operand) {
  if (operand === undefined) return classes.number;
  if (/^[EGRZ]/.test(operand)) return /^.b/.test(operand) ? classes.gpr8 : classes.gpr;
  if (/^[PQNS]/.test(operand)) return classes.number3;
  return classes.number;
}

/** @param {Parsed} parsed */
export function registerClasses(parsed) {
  const { operands } = parsed;
  const inReg = operands.find((o) => /^[GVPSCDB]/.test(o) && o !== "DX" && o !== "CL");
  const inRm = operands.find((o) => /^[EMRWQUNZ]/.test(o));
  // Strings and absolute addresses need the address size and segment in the record.
  const accumulator = /^(AL|rAX)$/.test(operands[0] ?? "") && !operands.some((o) => /^[XYO]/.test(o));
  return {
    reg: classOf(inReg),
    rm: !parsed.modrm && !parsed.inOpcode && accumulator ? classes.fixed : classOf(inRm),
  };
}
