// Emits the body of a switch case for an operation.

/** @typedef {import("./rows.mjs").Parsed} Parsed */

/**
 * @typedef {object} Op
 * @property {Parsed} parsed
 * @property {string} text as the disassembler prints it
 * @property {number} bits operand size, 0 = none
 * @property {"mem" | "reg" | ""} form '' = both, or no modrm
 */

const signed = /** @type {Record<number, string>} */ ({ 8: "i8", 16: "i16", 32: "i32", 64: "i64" });
const unsigned = /** @type {Record<number, string>} */ ({ 8: "u8", 16: "u16", 32: "u32", 64: "u64" });

/** @param {string} operand @param {number} bits @returns {number} width of an operand in an operation of that size */
function widthOf(operand, bits) {
  if (operand === "AL" || operand === "CL") return 8;
  const letter = operand.at(-1);
  if (letter === "b") return 8;
  if (letter === "w") return 16;
  // MOVSXD with a 16-bit destination reads 16 bits.
  if (letter === "d") return bits === 16 ? 16 : 32;
  if (letter === "q") return 64;
  return bits;
}

/** Expression that reads an operand; `host` is the name of a variable with the host address of memory, if it is memory. */
function read(/** @type {string} */ operand, /** @type {Op} */ op, /** @type {string} */ host) {
  const bits = widthOf(operand, op.bits);
  const source =
    op.parsed.options.unsigned && bits < op.bits ? unsigned[bits] : (bits < op.bits ? signed : typesOf(op))[bits];
  const type = typesOf(op)[op.bits];
  const widen = (/** @type {string} */ e) => (bits === op.bits ? e : `<${type}>${e}`);
  if (operand === "1") return `<${type}>1`;
  if (operand === "CL") return `<${type}>load<u8>(cpu, Cpu.rcx)`;
  if (operand === "AL" || operand === "rAX") return `load<${source}>(cpu, Cpu.rax)`;
  if (operand[0] === "I") return `imm<${type}>(rec)`;
  if (operand[0] === "G") return widen(`reg<${source}>(cpu, rec)`);
  if (operand[0] === "Z") return widen(`rmReg<${source}>(cpu, rec)`);
  return op.form === "mem" ? widen(`load<${source}>(${host})`) : widen(`rmReg<${source}>(cpu, rec)`);
}

const isMemory = (/** @type {string} */ operand, /** @type {Op} */ op) => /^[EM]/.test(operand) && op.form === "mem";

/**
 * Copies are unsigned: Binaryen turns a zero-extended `load<i32>` into a sign-extending load, since asc marks the load as
 * signed. Computations in between keep it from doing so. @param {Op} op
 */
const typesOf = (op) => (op.parsed.handler === "=" ? unsigned : signed);

/** Lines of a case for a pure operation. `fail` leaves the case with a fault raised. @param {Op} op @param {string} fail */
function pureCase(op, fail) {
  const { options, operands, handler } = op.parsed;
  const type = typesOf(op)[op.bits];
  const [first = "", ...rest] = operands;
  const lines = [];
  const memory = operands.find((o) => isMemory(o, op));
  const update = memory === first && options.access === "rw";
  const storeOnly = memory === first && options.access === "w";
  if (memory !== undefined && !storeOnly) {
    const bytes = widthOf(memory, op.bits) / 8;
    const how = update ? "modifyHost" : "readHost";
    lines.push(`const host = ${how}(cpu, ea(cpu, rec, ${bytes}, ${update}), ${bytes});`);
    lines.push(`if (host == 0) ${fail};`);
  }
  const args = rest.map((o) => read(o, op, "host"));
  if (options.access !== "w") args.unshift(read(first, op, "host"));
  if (options.imm !== undefined) args.push("load<i32>(rec, Record.imm)");
  const value = handler === "=" ? args.join("") : `${handler}<${type}>(${["cpu", ...args].join(", ")})`;
  if (options.access === "r") lines.push(`${value};`);
  else if (update) lines.push(`store<${type}>(host, ${value});`, "commitModify(cpu, host);");
  else if (storeOnly)
    lines.push(`if (!storeLinear<${type}>(cpu, ea(cpu, rec, ${op.bits / 8}, true), ${value})) ${fail};`);
  else if (first[0] === "G") lines.push(`setReg<${type}>(cpu, rec, ${value});`);
  else if (first === "AL" || first === "rAX") lines.push(`regSet<${type}>(cpu, Cpu.rax, ${value});`);
  else lines.push(`setRmReg<${type}>(cpu, rec, ${value});`);
  return lines;
}

/** The call of a handler that does everything itself. @param {Op} op */
function rawCall(op) {
  const generic = op.bits === 0 ? "" : `<${unsigned[op.bits]}>`;
  return `${op.parsed.handler}${generic}(cpu, rec)`;
}

/** A case of the run loop's switch. @param {number} n @param {Op} op */
export function hotCase(n, op) {
  const next = "rec += Record.SIZE; continue;";
  const body = op.parsed.options.access
    ? [...pureCase(op, "break"), next]
    : [`if (${rawCall(op)}) { ${next} }`, "break;"];
  return `      case ${n}: { // ${op.text}\n${body.map((l) => `        ${l}`).join("\n")}\n      }`;
}

/** A case of the functions for the other operations. @param {number} n @param {Op} op */
export function coldCase(n, op) {
  const body = op.parsed.options.access
    ? [...pureCase(op, "return false"), "return true;"]
    : [`return ${rawCall(op)};`];
  return `    case ${n}: { // ${op.text}\n${body.map((l) => `      ${l}`).join("\n")}\n    }`;
}
