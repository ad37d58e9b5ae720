// From the instruction table: the decoder's tables, the run loop with its switch, the dispatch of the other operations,
// and the names for the disassembler. Run by the build; the output is not committed.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { coldCase, hotCase } from "./cases.mjs";
import { KIND_SIZE, kindBytes, kindConstants } from "./kinds.mjs";
import { immediateOf, parseRow, registerClasses, sizeRule } from "./rows.mjs";
import { isMain } from "../lib.mjs";

/** @typedef {import("./rows.mjs").Parsed} Parsed */
/** @typedef {import("./cases.mjs").Op} Op */

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const opsDir = join(root, "assembly/cpu/ops");
const out = join(root, "assembly/cpu/generated");

/** @returns {Promise<Parsed[]>} */
export async function readTable() {
  const dir = join(root, "tools/isa/table");
  const files = readdirSync(dir)
    .filter((f) => f.endsWith(".mjs"))
    .sort();
  const parsed = [];
  for (const file of files) {
    const { rows } = await import(join(dir, file));
    parsed.push(...rows.map(parseRow));
  }
  return parsed;
}

/** Functions that the handlers' files export: a row whose handler is missing is an error. */
function exportedHandlers() {
  const found = new Set();
  for (const file of readdirSync(opsDir).filter((f) => f.endsWith(".ts") && !f.includes(".test."))) {
    const text = readFileSync(join(opsDir, file), "utf8");
    for (const match of text.matchAll(/^export function (\w+)/gm)) found.add(`${file.slice(0, -3)}.${match[1]}`);
  }
  return found;
}

const sizes = { none: [0], b: [8], v: [16, 32, 64], y: [32, 64] };
const sizeIndex = /** @type {Record<number, number>} */ ({ 0: 2, 8: 0, 16: 1, 32: 2, 64: 3 });

/** The operations of a row. @param {Parsed} parsed @returns {Op[]} */
function operationsOf(parsed) {
  const { options, mod, modrm } = parsed;
  const text = parsed.row[1];
  const bits = sizes[sizeRule(parsed)].filter(
    (b) => !(options.no64 && b === 64) && !(options.only64 && b === 16 && false),
  );
  const split = options.access !== undefined && modrm;
  /** @type {Op["form"][]} */
  const forms = !split ? [""] : mod === 1 ? ["mem"] : mod === 2 ? ["reg"] : ["mem", "reg"];
  return bits.flatMap((b) =>
    forms.map((form) => ({ parsed, bits: b, form, text: `${text}${b ? ` ${b}` : ""}${form ? ` ${form}` : ""}` })),
  );
}

/** In its register form `OP Gx,Ex` is `OP Ex,Gx` with the fields exchanged. @param {Parsed[]} table @param {Parsed} parsed */
function mirrorOf(table, parsed) {
  const [first, second] = parsed.operands;
  if (!parsed.options.access || parsed.operands.length !== 2 || first?.[0] !== "G" || second?.[0] !== "E")
    return undefined;
  if (first.slice(1) !== second.slice(1)) return undefined;
  return table.find(
    (p) =>
      p.handler === parsed.handler &&
      p.map === 0 &&
      p.operands[0] === second &&
      p.operands[1] === first &&
      p.mnemonic === parsed.mnemonic,
  );
}

/** What decides on the code of an operation; immediates of all widths are alike, and so are conditions. @param {Op} op */
function keyOf(op) {
  const { handler, operands, options } = op.parsed;
  const { access, hot, end, unsigned, unit } = options;
  const shape = operands.map((o) => (o[0] === "I" && access ? "I" : o)).join();
  return [
    handler,
    access ? shape : "",
    op.bits,
    op.form,
    access,
    hot,
    end,
    unsigned,
    unit,
    options.imm !== undefined,
  ].join("|");
}

const units = { none: 0, sse: 1, mmx: 2, fpu: 3, fpu_nowait: 4 };

/** Records that are not instructions; the run loop has them first. */
const fixed = ["END", "REDECODE", "FENCE", "UNDEFINED"];

/** @param {Parsed[]} table */
function assignNumbers(table) {
  const specials = [...new Set(table.filter((p) => p.handler[0] === "!").map((p) => p.handler.slice(1)))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  /** @type {Map<string, Op[]>} rows that come to the same operation share its number */
  const alike = new Map();
  for (const op of table.filter((p) => p.handler[0] !== "!").flatMap(operationsOf)) {
    alike.set(keyOf(op), [...(alike.get(keyOf(op)) ?? []), op]);
  }
  const group = (/** @type {Op} */ op) =>
    op.parsed.options.hot ? 0 : op.parsed.options.end ? 6 : 1 + units[op.parsed.options.unit ?? "none"];
  const ops = [...alike.values()].flatMap((same) => same.slice(0, 1)).sort((a, b) => group(a) - group(b));
  const first = specials.length + fixed.length;
  const numbered = ops.map((op, i) => ({ op, n: first + i, group: group(op), alike: alike.get(keyOf(op)) ?? [] }));
  const start = (/** @type {number} */ g) => numbered.find((x) => x.group >= g)?.n ?? first + ops.length;
  return { specials, numbered, starts: [0, 1, 2, 3, 4, 5, 6].map(start), total: first + ops.length };
}

/** @typedef {ReturnType<typeof assignNumbers>} Numbers */

/** @param {Numbers} numbers */
function constants({ specials, starts, total }) {
  const names = [...fixed, ...specials];
  return [
    "// Generated from tools/isa/table.",
    ...names.map((name, i) => `export const ${name}: i32 = ${i};`),
    `export const FIRST_COLD: i32 = ${starts[1]};`,
    `export const FIRST_SSE: i32 = ${starts[2]};`,
    `export const FIRST_MMX: i32 = ${starts[3]};`,
    `export const FIRST_FPU: i32 = ${starts[4]};`,
    `export const FIRST_FPU_NOWAIT: i32 = ${starts[5]};`,
    `export const FIRST_END: i32 = ${starts[6]};`,
    `export const COUNT: i32 = ${total};`,
    "",
  ].join("\n");
}

/** @param {Op[]} ops @param {string} from how the generated file reaches assembly/cpu/ops */
function imports(ops, from) {
  const modules = [
    ...new Set(
      ops
        .map((op) => op.parsed.handler)
        .filter((h) => h.includes("."))
        .map((h) => h.split(".")[0]),
    ),
  ];
  return modules.sort().map((m) => `import * as ${m} from "${from}/${m}";`);
}

/** @param {Numbers} numbers */
function runLoop({ specials, numbered }) {
  const template = readFileSync(join(root, "assembly/cpu/run.template.ts"), "utf8");
  const hot = numbered.filter((x) => x.group === 0);
  return template
    .replace(
      "//@IMPORTS",
      imports(
        hot.map((x) => x.op),
        "../ops",
      ).join("\n"),
    )
    .replace("//@SPECIAL_CASES", specialCases(specials))
    .replace("//@HOT_CASES", hot.map(({ n, op }) => hotCase(n, op)).join("\n"));
}

/** When a condition code holds, as an expression. */
const conditionTests = [
  "getOf(cpu)",
  "getBelow(cpu)",
  "getZf(cpu)",
  "getZf(cpu) || getBelow(cpu)",
  "getSf(cpu)",
  "getPf(cpu)",
  "getLess(cpu)",
  "getZf(cpu) || getLess(cpu)",
];

/** Branches: inlined, and known to the run loop. @type {Record<string, string[]>} */
const branches = {
  JMP: ["exit = BRANCH;", "break;"],
  CALL: ["if (callDirect(cpu, rec)) {", "  inside++;", "  exit = BRANCH;", "}", "break;"],
  CALL_RM: ["if (callIndirect(cpu, rec)) {", "  inside++;", "  exit = LOOKUP;", "}", "break;"],
  JMP_RM: ["if (readTarget(cpu, rec)) {", "  exit = LOOKUP;", "  jumped = true;", "}", "break;"],
  RET: [
    "const size = <u32>load<u8>(rec, Record.reg);",
    "if (size == 3) {",
    "  const host = stackHost<u64>(cpu, 0);",
    "  if (host == 0) break;",
    "  const target = load<u64>(host);",
    "  if (!isCanonical(target)) {",
    "    protection(cpu, 0);",
    "    break;",
    "  }",
    "  store<u64>(cpu, target, Cpu.rip);",
    "  store<u64>(cpu, load<u64>(cpu, Cpu.rsp) + 8 + <u64>load<u32>(rec, Record.imm), Cpu.rsp);",
    "} else if (!returnNarrow(cpu, rec, size)) break;",
    "exit = RETURN;",
    "break;",
  ],
};

/** @param {string} name */
function specialBody(name) {
  const code = /^JCC(\d+)$/.exec(name)?.[1];
  if (code === undefined) return branches[name] ?? [];
  const test = conditionTests[Number(code) >> 1] ?? "";
  const taken = Number(code) & 1 ? `!(${test})` : test;
  return [`if (${taken}) {`, "  exit = BRANCH;", "  break;", "}", "rec += Record.SIZE;", "continue;"];
}

/** @param {string[]} specials */
function specialCases(specials) {
  return specials
    .map(
      (name, i) =>
        `case ${fixed.length + i}: { // ${name}\n${specialBody(name)
          .map((l) => `        ${l}`)
          .join("\n")}\n      }`,
    )
    .join("\n      ");
}

/** @param {Numbers} numbers */
function coldDispatch({ numbered }) {
  const cold = numbered.filter((x) => x.group !== 0);
  const body = (/** @type {typeof cold} */ list, /** @type {string} */ name) => [
    `export function ${name}(cpu: usize, rec: usize, op: i32): bool {`,
    "  switch (op) {",
    ...list.map(({ n, op }) => coldCase(n, op)),
    "  }",
    "  return false;",
    "}",
  ];
  return [
    "// Generated from tools/isa/table: the operations that the run loop does not inline.",
    'import * as Cpu from "../../layout/cpu";',
    'import * as Record from "../../layout/record";',
    'import { commitModify, modifyHost, readHost, storeLinear } from "../access";',
    'import { ea, imm, reg, regSet, rmReg, setReg, setRmReg } from "../operand";',
    ...imports(
      cold.map((x) => x.op),
      "../ops",
    ),
    "",
    ...body(
      cold.filter((x) => x.group < 4),
      "runCold",
    ),
    "",
    ...body(
      cold.filter((x) => x.group === 4 || x.group === 5),
      "runFpu",
    ),
    "",
    ...body(
      cold.filter((x) => x.group === 6),
      "runEnd",
    ),
    "",
  ].join("\n");
}

/** Bits of a candidate's size byte and flag byte; cpu/decode.ts reads them. */
const SIZE = /** @type {Record<string, number>} */ ({ none: 0, b: 1, v: 2, y: 3 });
const FLAG = { modrm: 1, lock: 2, end: 4, swap: 8, inOpcode: 16, rep: 32, special: 64, d64: 128 };
const FLAG2 = { f64: 1, kind: 2, constImm: 4, implicit: 16 };

/** CPUID bits by name, as in assembly/layout/cpu_features.ts. */
function readFeatures() {
  const text = readFileSync(join(root, "assembly/layout/cpu_features.ts"), "utf8");
  return new Map([...text.matchAll(/^export const (\w+) = (\d+);/gm)].map((m) => [m[1], Number(m[2])]));
}

const features = readFeatures();

/** 0 = every model has it, else the bit's number + 1. @param {string | undefined} name */
function featureByte(name) {
  if (name === undefined) return 0;
  const bit = features.get(name.toUpperCase());
  if (bit === undefined || bit > 254) throw new Error(`isa: CPUID has no feature '${name}'`);
  return bit + 1;
}

/** 32 bytes. @param {Parsed[]} table @param {Parsed} p @param {Numbers} numbers @param {Map<Parsed, { op: Op, n: number }[]>} byRow */
function candidate(table, p, numbers, byRow) {
  const { options: o } = p;
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  const reg = registerClasses(p);
  const mirror = mirrorOf(table, p);
  const isSpecial = p.handler[0] === "!";
  const isEnd = o.end === true || ["!JMP", "!CALL", "!RET", "!CALL_RM", "!JMP_RM"].includes(p.handler);
  const flags =
    (p.modrm ? FLAG.modrm : 0) |
    (o.lock ? FLAG.lock : 0) |
    (isEnd ? FLAG.end : 0) |
    (mirror ? FLAG.swap : 0) |
    (p.inOpcode ? FLAG.inOpcode : 0) |
    (o.rep ? FLAG.rep : 0) |
    (isSpecial ? FLAG.special : 0) |
    (o.d64 ? FLAG.d64 : 0);
  const constant = o.imm !== undefined ? FLAG2.constImm : o.kind !== undefined ? FLAG2.kind : 0;
  const flags2 = (o.f64 ? FLAG2.f64 : 0) | constant | (o.implicit ? FLAG2.implicit : 0);
  const rule = isSpecial ? "v" : sizeRule(p);
  bytes.set([p.prefix, p.mod, p.regExt, p.rmExt, o.no64 ? 1 : o.only64 ? 2 : 3, p.w, SIZE[rule] ?? 0, flags]);
  bytes.set([immediateOf(p), reg.reg, reg.rm, flags2, o.imm ?? o.kind ?? 0, featureByte(o.feature)], 8);
  const set = (/** @type {number} */ form, /** @type {number} */ size, /** @type {number} */ n) =>
    view.setUint16(16 + (form * 4 + size) * 2, n, true);
  if (isSpecial) {
    const n = fixed.length + numbers.specials.indexOf(p.handler.slice(1));
    for (let i = 0; i < 8; i++) set(i >> 2, i & 3, n);
    return bytes;
  }
  for (const { op, n } of byRow.get(p) ?? []) {
    if (op.form !== "reg") set(0, sizeIndex[op.bits] ?? 0, n);
    if (op.form !== "mem") set(1, sizeIndex[op.bits] ?? 0, n);
  }
  for (const { op, n } of (mirror && byRow.get(mirror)) || [])
    if (op.form === "reg") set(1, sizeIndex[op.bits] ?? 0, n);
  return bytes;
}

/** More demanding rows first. @param {Parsed} p */
function specificity(p) {
  return (
    (p.rmExt !== 255 ? 8 : 0) +
    (p.regExt !== 255 ? 2 : 0) +
    (p.prefix > 1 ? 4 : p.prefix) +
    (p.mod ? 1 : 0) +
    (p.w !== 255 ? 1 : 0)
  );
}

/** @param {Parsed[]} table @param {Numbers} numbers */
function decodeTables(table, numbers) {
  /** @type {Map<Parsed, { op: Op, n: number }[]>} */
  const byRow = new Map();
  for (const { alike, n } of numbers.numbered) {
    for (const op of alike) byRow.set(op.parsed, [...(byRow.get(op.parsed) ?? []), { op, n }]);
  }
  /** @type {number[]} */
  const index = [];
  /** @type {number[]} */
  const candidates = [];
  for (let slot = 0; slot < 1024; slot++) {
    const rows = table.filter((p) => p.map === slot >> 8 && p.opcodes.includes(slot & 255));
    rows.sort((a, b) => specificity(b) - specificity(a));
    const at = candidates.length / 32;
    index.push(at & 255, at >> 8, rows.length, rows.some((p) => p.modrm) ? 1 : 0);
    for (const p of rows) candidates.push(...candidate(table, p, numbers, byRow));
  }
  return [
    "// Generated from tools/isa/table: per opcode u16 first candidate, u8 candidates, u8 1 = a modrm byte follows;",
    "// candidates of 32 bytes as cpu/decode.ts reads them.",
    `export const OPCODES: usize = memory.data<u8>([${index.join(",")}]);`,
    `export const CANDIDATES: usize = memory.data<u8>([${candidates.join(",")}]);`,
    "",
  ].join("\n");
}

/** What the translator knows of each operation, by number. @param {Numbers} numbers */
function kinds({ specials, numbered }) {
  const rest = numbered.flatMap((x) => kindBytes(x.op));
  const bytes = [...Array((fixed.length + specials.length) * KIND_SIZE).fill(0), ...rest];
  return [
    "// Generated from tools/isa: 8 bytes per operation, see tools/isa/kinds.mjs.",
    `export const KIND_SIZE: usize = ${KIND_SIZE};`,
    `export const KINDS: usize = memory.data<u8>([${bytes.join(",")}]);`,
    ...kindConstants(),
    "",
  ].join("\n");
}

/** Names for the disassembler and the tests. @param {Numbers} numbers */
function names({ specials, numbered }) {
  const list = [...fixed, ...specials, ...numbered.map((x) => x.op.text)];
  return `// Generated from tools/isa/table: the text of every operation, by number.\nexport const OPERATION_NAMES: readonly string[] = ${JSON.stringify(list, null, 1)};\n`;
}

/** Handlers whose byte immediate is sign-extended to the operand size. */
const signed = /^(alu|muldiv|stack)\./;

/** A row for the disassembler, as src/shared/instruction_rows.ts reads it. @param {Parsed} p */
function disassemblerRow(p) {
  const { options: o, operands } = p;
  const digit = (/** @type {number} */ n) => (n === 255 ? "-" : String(n));
  const opcode = hexByte(p.opcodes[0] ?? 0);
  const flags = [
    p.modrm ? "m" : "",
    p.inOpcode ? "r" : "",
    o.d64 ? "d" : "",
    o.f64 ? "f" : "",
    o.no64 ? "n" : o.only64 ? "o" : "",
    sizeRule(p) === "y" ? "y" : "",
    operands.includes("Ib") && signed.test(p.handler) ? "s" : "",
  ].join("");
  return `${p.map}${opcode}${p.prefix}${p.mod}${digit(p.regExt)}${digit(p.rmExt)}${digit(p.w)}${flags} ${p.row[1]}`;
}

const hexByte = (/** @type {number} */ n) => n.toString(16).padStart(2, "0");

/** The whole table for the disassembler, more demanding rows first. @param {Parsed[]} table */
function disassemblerTable(table) {
  const rows = [...table].sort((a, b) => specificity(b) - specificity(a)).map(disassemblerRow);
  return [
    "// Generated from tools/isa/table: a line per row, see tools/isa/generate.mjs and instruction_rows.ts.",
    `export const INSTRUCTIONS = ${JSON.stringify(rows.join("\n"))};`,
    "",
  ].join("\n");
}

function write(/** @type {string} */ name, /** @type {string} */ text) {
  const path = join(out, name);
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

async function main() {
  mkdirSync(out, { recursive: true });
  const handlers = exportedHandlers();
  const all = await readTable();
  const missing = all.filter((p) => p.handler !== "=" && p.handler[0] !== "!" && !handlers.has(p.handler));
  if (missing.length)
    console.warn(`isa: no handler yet: ${missing.map((p) => `${p.mnemonic} ${p.handler}`).join("; ")}`);
  const table = all.filter((p) => !missing.includes(p));
  const numbers = assignNumbers(table);
  write("ops.ts", constants(numbers));
  write("run.ts", runLoop(numbers));
  write("cold.ts", coldDispatch(numbers));
  write("decode_tables.ts", decodeTables(table, numbers));
  write("kinds.ts", kinds(numbers));
  write("names.ts", names(numbers));
  write("../../../src/shared/instructions.generated.ts", disassemblerTable(table));
  console.log(`isa: ${table.length} rows, ${numbers.total} operations, ${numbers.starts[1]} of them in the run loop`);
}

if (isMain(import.meta.url)) await main();
