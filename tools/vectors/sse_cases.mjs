// Which operands each SSE and MMX instruction is recorded with.
import { FSW, FTW, MEMORY, MXCSR, OPERAND, ST, XMM, bytesOf, defaultState } from "./format.mjs";
import { assemble } from "./machine_code.mjs";
import { general, mxcsr, random, vector } from "./operands.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {import("./operands.mjs").Kind} Kind */
/** @typedef {{ name: string, code: Uint8Array, inputs: State[], flags: number }} Job */

const ALL = 0xffffffff;

/** @param {Parsed} row @returns {Kind} kind of the source's elements */
function sourceKind({ mnemonic, handler }) {
  if (/^P?CMP[EI]STR/.test(mnemonic)) return "text";
  if (/^PS[RL][LA][WDQ]$/.test(mnemonic)) return "count";
  if (/^CVTT?(PS|SS)2/.test(mnemonic)) return "f32";
  if (/^CVTT?(PD|SD)2/.test(mnemonic)) return "f64";
  if (/^CVT(PI|DQ)2/.test(mnemonic)) return "i32";
  if (/^CVTSI2/.test(mnemonic)) return "i64";
  if (!/^sse_(arith|compare|estimate|horizontal|round)/.test(handler)) return "int";
  return /S$/.test(mnemonic) ? "f32" : "f64";
}

/** Instructions that look at MXCSR. @param {Parsed} row */
const usesMxcsr = ({ handler }) => /^sse_(arith|compare|convert|convert_mmx|horizontal|round)\./.test(handler);

/** @param {Parsed} row @param {Random} r @returns {number[]} */
function immediates({ mnemonic, operands, handler }, r) {
  if (!operands.includes("Ib")) return [0];
  if (/STR[IM]$/.test(mnemonic)) return Array.from({ length: /64$/.test(handler) ? 16 : 128 }, (_, i) => i);
  if (/^CMP/.test(mnemonic)) return [0, 1, 2, 3, 4, 5, 6, 7, 0xf9];
  if (/^ROUND/.test(mnemonic)) return [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 0xf0];
  if (/^DPP/.test(mnemonic)) return [0xff, 0xf1, 0x7f, 0x31, 0xc2, 0x5a, 0x0f, 0xf0];
  if (/^P(S[RL]|ALIGNR)/.test(mnemonic)) return [0, 1, 4, 7, 8, 15, 16, 17, 24, 31, 32, 63, 64, 255];
  if (/^PCLMUL/.test(mnemonic)) return [0, 1, 0x10, 0x11, 0xee];
  return [0, 0xff, 0x1b, 0xe4, 0x4e, 0x93, ...Array.from({ length: 8 }, () => r.below(256))];
}

/** @param {string} letter @returns {"xmm" | "mm" | "gpr" | "none"} */
function fileOf(letter) {
  if ("VWU".includes(letter)) return "xmm";
  if ("PQN".includes(letter)) return "mm";
  return "EG".includes(letter) ? "gpr" : "none";
}

/** Sets register `n` of a file. @param {State} state */
function setRegister(state, file, n, r, kind) {
  if (file === "xmm") state.set(XMM + n, vector(r, kind));
  else if (file === "gpr") state.set(n, general(r, kind));
  else if (file === "mm") {
    const bytes = vector(r, kind).slice(0, 10);
    bytes.set(r.below(2) ? [0xff, 0xff] : [0xff, 0x3f], 8);
    state.set(ST + n, bytes);
  }
}

/** @param {Parsed} row @param {Random} r @param {import("./machine_code.mjs").Choice} choice @param {number} n */
function inputOf(row, r, { reg, rm, memory }, n) {
  /** @type {State} */
  const state = new Map();
  const kind = sourceKind(row);
  const [regOperand = "", rmOperand = ""] = fieldsOf(row);
  const first = kind === "text" || kind === "f32" || kind === "f64" ? kind : "int";
  if (regOperand) setRegister(state, fileOf(regOperand[0] ?? ""), reg, r, first);
  if (memory) {
    const bytes = Uint8Array.from(defaultState().get(OPERAND) ?? []);
    bytes.set(vector(r, kind));
    state.set(OPERAND, bytes);
  } else if (rmOperand && (reg !== rm || fileOf(regOperand[0] ?? "") !== fileOf(rmOperand[0] ?? ""))) {
    setRegister(
      state,
      fileOf(rmOperand[0] ?? ""),
      rm,
      r,
      kind === "count" && row.operands.includes("Ib") ? "int" : kind,
    );
  }
  if (usesMxcsr(row)) state.set(MXCSR, bytesOf(BigInt(mxcsr(r)), 4));
  if (row.mnemonic === "LDMXCSR")
    state.get(OPERAND)?.set(bytesOf(BigInt(r.pick([0x1f80, 0xffff, 0, 0x10000, 0x9fc0])), 4));
  if (/ESTR/.test(row.mnemonic)) for (const id of [0, 2]) state.set(id, lengthValue(r));
  if (/^SHA256RNDS2|BLENDV/.test(row.mnemonic)) state.set(XMM, vector(r, "int"));
  if (row.options.unit === "mmx" && n % 4 === 3) {
    state.set(FSW, bytesOf(BigInt(r.below(8) << 11), 2));
    state.set(FTW, bytesOf(BigInt(r.below(256)), 1));
  }
  return state;
}

/** @param {Random} r */
function lengthValue(r) {
  const low = r.pick([0, 1, 3, 5, 7, 8, 9, 15, 16, 17, -1, -5, -16, -0x80000000]);
  return bytesOf(BigInt(low) + (BigInt(r.below(3) === 0 ? r.below(5) : 0) << 32n), 8);
}

/** The operands of modrm.reg and modrm.rm. @param {Parsed} row */
function fieldsOf(row) {
  const inReg = row.operands.find((o) => /^[GVP]/.test(o));
  const inRm = row.operands.find((o) => /^[EMWQUN]/.test(o));
  return [inReg, inRm];
}

/** @param {Parsed} row @returns {number[]} */
function sizesOf(row) {
  const generic = row.operands.filter((o) => /^[EGM]/.test(o));
  if (generic.some((o) => o.endsWith("v"))) return [16, 32, 64];
  return generic.some((o) => o.endsWith("y")) ? [32, 64] : [32];
}

/** How many cases a form gets per choice of registers. @param {Parsed} row @param {boolean} memory @param {number} immediateCount */
function countOf(row, memory, immediateCount) {
  if (usesMxcsr(row)) return memory ? 6 : Math.max(24, Math.floor(200 / immediateCount));
  if (/STR[IM]$/.test(row.mnemonic)) return memory ? 0 : 5;
  return memory ? 3 : Math.max(4, Math.floor(24 / immediateCount));
}

const text = (/** @type {Parsed} */ row, bits, memory, immediate) =>
  `${row.mnemonic} ${row.operands.join(",")}${sizesOf(row).length > 1 ? ` ${bits}` : ""}${memory ? " mem" : ""}` +
  (row.operands.includes("Ib") ? ` ${immediate}` : "");

/** Registers that a form is tried with. @param {Parsed} row */
function registerPairs(row) {
  const mm = row.operands.some((o) => fileOf(o[0] ?? "") === "mm");
  return mm
    ? [
        [1, 2],
        [3, 3],
      ]
    : [
        [1, 2],
        [9, 11],
        [3, 3],
      ];
}

/** All jobs of a row. @param {Parsed} row @returns {Job[]} */
export function jobsOf(row) {
  /** @type {Job[]} */
  const jobs = [];
  const r = random(`${row.row[0]} ${row.row[1]}`);
  if (!row.modrm)
    return [
      {
        name: row.mnemonic,
        code: assemble(row, { reg: 0, rm: 0, memory: false }),
        inputs: [new Map([[FTW, bytesOf(255n, 1)]])],
        flags: ALL,
      },
    ];
  const values = immediates(row, r);
  for (const bits of sizesOf(row)) {
    for (const immediate of values) {
      if (row.mod !== 1) jobs.push(...registerJobs(row, r, bits, immediate, values));
      if (row.mod !== 2 && values.indexOf(immediate) < 3) jobs.push(memoryJob(row, r, bits, immediate, values));
    }
  }
  return jobs.filter((job) => job.inputs.length > 0);
}

/** @returns {Job[]} */
function registerJobs(
  /** @type {Parsed} */ row,
  /** @type {Random} */ r,
  bits,
  immediate,
  /** @type {number[]} */ values,
) {
  const pairs = immediate === values[0] ? registerPairs(row) : registerPairs(row).slice(0, 1);
  return pairs.map(([reg = 1, rm = 2], i) => {
    const choice = { reg, rm, memory: false, bits, immediate };
    const count = i === 0 ? countOf(row, false, values.length) : 4;
    const inputs = Array.from({ length: count }, (_, n) => inputOf(row, r, choice, n));
    // MASKMOV stores at [rdi], which is the operand area already.
    return { name: text(row, bits, false, immediate), code: assemble(row, choice), inputs, flags: ALL };
  });
}

/** @returns {Job} */
function memoryJob(
  /** @type {Parsed} */ row,
  /** @type {Random} */ r,
  bits,
  immediate,
  /** @type {number[]} */ values,
) {
  const choice = { reg: 1, rm: 6, memory: true, bits, immediate };
  const count = Math.max(3, countOf(row, true, values.length));
  const inputs = Array.from({ length: count }, (_, n) => inputOf(row, r, choice, n));
  // Not aligned, across the end of the mapped page, and beyond it.
  if (immediate === values[0]) {
    for (const offset of [8, 1, 60, 63, 64]) {
      const state = inputOf(row, r, choice, 0);
      state.set(6, bytesOf(BigInt(MEMORY + offset), 8));
      inputs.push(state);
    }
  }
  return { name: text(row, bits, true, immediate), code: assemble(row, choice), inputs, flags: ALL };
}
