// Integer instructions. A row is [encoding, 'MNEMONIC operands', 'file.function', options]; docs/isa.md explains it.
// A row with `access` names a pure operation f(cpu, a, b..): the generator reads the operands, calls it and writes the
// first operand back ('rw', 'w') or not ('r').

/** @typedef {import("../rows.mjs").Row} Row */

const conditions = ["O", "NO", "B", "AE", "E", "NE", "BE", "A", "S", "NS", "P", "NP", "L", "GE", "LE", "G"];

const hex = (/** @type {number} */ n) => n.toString(16).toUpperCase().padStart(2, "0");

/** @returns {Row[]} the six encodings of one of the eight arithmetic operations, and its group 1 forms */
function arithmetic(/** @type {string} */ name, /** @type {number} */ n) {
  const fn = `alu.${name.toLowerCase()}`;
  /** @type {{ access: "r" | "rw" }} */
  const { access } = { access: name === "CMP" ? "r" : "rw" };
  const to = { access, hot: true, ...(access === "rw" && { lock: true }) };
  const from = { access, hot: true };
  const base = n * 8;
  return [
    [`${hex(base)} /r`, `${name} Eb,Gb`, fn, to],
    [`${hex(base + 1)} /r`, `${name} Ev,Gv`, fn, to],
    [`${hex(base + 2)} /r`, `${name} Gb,Eb`, fn, from],
    [`${hex(base + 3)} /r`, `${name} Gv,Ev`, fn, from],
    [`${hex(base + 4)}`, `${name} AL,Ib`, fn, from],
    [`${hex(base + 5)}`, `${name} rAX,Iz`, fn, from],
    [`80 /${n}`, `${name} Eb,Ib`, fn, to],
    [`81 /${n}`, `${name} Ev,Iz`, fn, to],
    [`82 /${n}`, `${name} Eb,Ib`, fn, { ...to, no64: true }],
    [`83 /${n}`, `${name} Ev,Ib`, fn, to],
  ];
}

/** @returns {Row[]} */
function shift(/** @type {string} */ name, /** @type {number} */ n) {
  const fn = `shift.${name.toLowerCase()}`;
  const hot = n >= 4;
  return [
    [`C0 /${n}`, `${name} Eb,Ib`, fn, { access: "rw" }],
    [`C1 /${n}`, `${name} Ev,Ib`, fn, { access: "rw", hot }],
    [`D0 /${n}`, `${name} Eb,1`, fn, { access: "rw" }],
    [`D1 /${n}`, `${name} Ev,1`, fn, { access: "rw", hot }],
    [`D2 /${n}`, `${name} Eb,CL`, fn, { access: "rw" }],
    [`D3 /${n}`, `${name} Ev,CL`, fn, { access: "rw", hot }],
  ];
}

/** @returns {Row[]} */
function bitTest(/** @type {string} */ name, /** @type {string} */ opcode, /** @type {number} */ n) {
  const lock = n > 4;
  const fn = name.toLowerCase();
  return [
    [`0F ${opcode} /r`, `${name} Ev,Gv`, `bits.${fn}`, { lock }],
    [`0F BA /${n}`, `${name} Ev,Ib`, `bits.${fn}Imm`, { access: lock ? "rw" : "r", lock }],
  ];
}

/** @type {Row[]} */
export const rows = [
  ...["ADD", "OR", "ADC", "SBB", "AND", "SUB", "XOR", "CMP"].flatMap(arithmetic),

  // Moves.
  ["88 /r", "MOV Eb,Gb", "=", { access: "w", hot: true }],
  ["89 /r", "MOV Ev,Gv", "=", { access: "w", hot: true }],
  ["8A /r", "MOV Gb,Eb", "=", { access: "w", hot: true }],
  ["8B /r", "MOV Gv,Ev", "=", { access: "w", hot: true }],
  ["C6 /0", "MOV Eb,Ib", "=", { access: "w", hot: true }],
  ["C7 /0", "MOV Ev,Iz", "=", { access: "w", hot: true }],
  ["B0 +r", "MOV Zb,Ib", "=", { access: "w", hot: true }],
  ["B8 +r", "MOV Zv,Iv", "move.immediate", { hot: true }],
  ["A0", "MOV AL,Ob", "move.loadOffsetByte"],
  ["A1", "MOV rAX,Ov", "move.loadOffset"],
  ["A2", "MOV Ob,AL", "move.storeOffsetByte"],
  ["A3", "MOV Ov,rAX", "move.storeOffset"],
  ["0F B6 /r", "MOVZX Gv,Eb", "=", { access: "w", hot: true, unsigned: true }],
  ["0F B7 /r", "MOVZX Gv,Ew", "=", { access: "w", hot: true, unsigned: true }],
  ["0F BE /r", "MOVSX Gv,Eb", "=", { access: "w", hot: true }],
  ["0F BF /r", "MOVSX Gv,Ew", "=", { access: "w", hot: true }],
  ["63 /r", "MOVSXD Gv,Ed", "=", { access: "w", hot: true, only64: true }],
  ["8D /r mem", "LEA Gv,M", "move.lea", { hot: true }],
  ["86 /r", "XCHG Eb,Gb", "move.exchange", { lock: true, type: "b" }],
  ["87 /r", "XCHG Ev,Gv", "move.exchange", { lock: true }],
  ["90 +r", "XCHG Zv,rAX", "move.exchangeAccumulator"],
  ["D7", "XLAT Xb", "move.xlat"],
  ["0F C8 +r", "BSWAP Zv", "bits.bswap", { access: "rw", hot: true }],
  ["NP 0F 38 F0 /r mem", "MOVBE Gv,Mv", "move.swapLoad", { feature: "movbe" }],
  ["NP 0F 38 F1 /r mem", "MOVBE Mv,Gv", "move.swapStore", { feature: "movbe" }],
  ["66 0F 38 F0 /r mem", "MOVBE Gv,Mv", "move.swapLoad", { feature: "movbe" }],
  ["66 0F 38 F1 /r mem", "MOVBE Mv,Gv", "move.swapStore", { feature: "movbe" }],
  ...conditions.map(
    (c, n) =>
      /** @type {Row} */ ([
        `0F ${hex(0x40 + n)} /r`,
        `CMOV${c} Gv,Ev`,
        "move.select",
        { access: "rw", hot: true, imm: n },
      ]),
  ),
  ...conditions.map(
    (c, n) =>
      /** @type {Row} */ ([`0F ${hex(0x90 + n)} /r`, `SET${c} Eb`, "move.setcc", { access: "w", hot: true, imm: n }]),
  ),

  // Stack.
  ["50 +r", "PUSH Zv", "stack.pushReg", { hot: true, d64: true }],
  ["58 +r", "POP Zv", "stack.popReg", { hot: true, d64: true }],
  ["68", "PUSH Iz", "stack.pushImm", { d64: true, sized: true }],
  ["6A", "PUSH Ib", "stack.pushImm", { d64: true, sized: true }],
  ["FF /6", "PUSH Ev", "stack.pushRm", { d64: true }],
  ["8F /0", "POP Ev", "stack.popRm", { d64: true }],
  ["60", "PUSHA", "stack.pushAll", { no64: true, sized: true }],
  ["61", "POPA", "stack.popAll", { no64: true, sized: true }],
  ["C8", "ENTER Iw,Ib", "stack.enter", { d64: true, sized: true }],
  ["C9", "LEAVE", "stack.leave", { d64: true, sized: true, hot: true }],

  // One operand.
  ["40 +r", "INC Zv", "alu.inc", { access: "rw", no64: true }],
  ["48 +r", "DEC Zv", "alu.dec", { access: "rw", no64: true }],
  ["FE /0", "INC Eb", "alu.inc", { access: "rw", lock: true }],
  ["FE /1", "DEC Eb", "alu.dec", { access: "rw", lock: true }],
  ["FF /0", "INC Ev", "alu.inc", { access: "rw", hot: true, lock: true }],
  ["FF /1", "DEC Ev", "alu.dec", { access: "rw", hot: true, lock: true }],
  ["F6 /2", "NOT Eb", "alu.not", { access: "rw", lock: true }],
  ["F7 /2", "NOT Ev", "alu.not", { access: "rw", hot: true, lock: true }],
  ["F6 /3", "NEG Eb", "alu.neg", { access: "rw", lock: true }],
  ["F7 /3", "NEG Ev", "alu.neg", { access: "rw", hot: true, lock: true }],
  ["84 /r", "TEST Eb,Gb", "alu.test", { access: "r", hot: true }],
  ["85 /r", "TEST Ev,Gv", "alu.test", { access: "r", hot: true }],
  ["A8", "TEST AL,Ib", "alu.test", { access: "r", hot: true }],
  ["A9", "TEST rAX,Iz", "alu.test", { access: "r", hot: true }],
  ["F6 /0", "TEST Eb,Ib", "alu.test", { access: "r", hot: true }],
  ["F6 /1", "TEST Eb,Ib", "alu.test", { access: "r" }],
  ["F7 /0", "TEST Ev,Iz", "alu.test", { access: "r", hot: true }],
  ["F7 /1", "TEST Ev,Iz", "alu.test", { access: "r" }],

  // Multiplication and division.
  ["F6 /4", "MUL Eb", "muldiv.mulByte"],
  ["F7 /4", "MUL Ev", "muldiv.mul"],
  ["F6 /5", "IMUL Eb", "muldiv.imulByte"],
  ["F7 /5", "IMUL Ev", "muldiv.imul"],
  ["F6 /6", "DIV Eb", "muldiv.divByte"],
  ["F7 /6", "DIV Ev", "muldiv.div"],
  ["F6 /7", "IDIV Eb", "muldiv.idivByte"],
  ["F7 /7", "IDIV Ev", "muldiv.idiv"],
  ["0F AF /r", "IMUL Gv,Ev", "muldiv.multiply", { access: "rw", hot: true }],
  ["69 /r", "IMUL Gv,Ev,Iz", "muldiv.multiply3", { access: "w", hot: true }],
  ["6B /r", "IMUL Gv,Ev,Ib", "muldiv.multiply3", { access: "w", hot: true }],
  ["98", "CBW", "alu.widen", { sized: true }],
  ["99", "CWD", "alu.signFill", { sized: true }],

  // Shifts and rotations.
  ...["ROL", "ROR", "RCL", "RCR", "SHL", "SHR", "SHL", "SAR"].flatMap(shift),
  ["0F A4 /r", "SHLD Ev,Gv,Ib", "shift.shld", { access: "rw" }],
  ["0F A5 /r", "SHLD Ev,Gv,CL", "shift.shld", { access: "rw" }],
  ["0F AC /r", "SHRD Ev,Gv,Ib", "shift.shrd", { access: "rw" }],
  ["0F AD /r", "SHRD Ev,Gv,CL", "shift.shrd", { access: "rw" }],

  // Bits.
  ...bitTest("BT", "A3", 4),
  ...bitTest("BTS", "AB", 5),
  ...bitTest("BTR", "B3", 6),
  ...bitTest("BTC", "BB", 7),
  ["F3 0F BC /r", "TZCNT Gv,Ev", "bits.tzcnt", { feature: "bmi1" }],
  ["F3 0F BD /r", "LZCNT Gv,Ev", "bits.lzcnt", { feature: "abm" }],
  ["0F BC /r", "BSF Gv,Ev", "bits.bsf"],
  ["0F BD /r", "BSR Gv,Ev", "bits.bsr"],
  ["F3 0F B8 /r", "POPCNT Gv,Ev", "bits.popcnt", { access: "rw", feature: "popcnt" }],

  // Read-modify-write with the accumulator.
  ["0F B0 /r", "CMPXCHG Eb,Gb", "exchange.cmpxchg", { lock: true, type: "b" }],
  ["0F B1 /r", "CMPXCHG Ev,Gv", "exchange.cmpxchg", { lock: true }],
  ["0F C0 /r", "XADD Eb,Gb", "exchange.xadd", { lock: true, type: "b" }],
  ["0F C1 /r", "XADD Ev,Gv", "exchange.xadd", { lock: true }],
  ["W0 0F C7 /1 mem", "CMPXCHG8B Mq", "exchange.cmpxchg8b", { lock: true }],
  ["W1 0F C7 /1 mem", "CMPXCHG16B Mo", "exchange.cmpxchg16b", { lock: true, feature: "cx16" }],

  // Branches: the run loop has them inline.
  ...conditions.map((c, n) => /** @type {Row} */ ([hex(0x70 + n), `J${c} Jb`, `!JCC${n}`, { f64: true }])),
  ...conditions.map((c, n) => /** @type {Row} */ ([`0F ${hex(0x80 + n)}`, `J${c} Jz`, `!JCC${n}`, { f64: true }])),
  ["EB", "JMP Jb", "!JMP", { f64: true }],
  ["E9", "JMP Jz", "!JMP", { f64: true }],
  ["E8", "CALL Jz", "!CALL", { f64: true, sized: true }],
  ["C3", "RET", "!RET", { f64: true, sized: true }],
  ["C2", "RET Iw", "!RET", { f64: true, sized: true }],
  ["FF /2", "CALL Ev", "!CALL_RM", { f64: true }],
  ["FF /4", "JMP Ev", "!JMP_RM", { f64: true }],
  ["E0", "LOOPNE Jb", "branch.loop", { f64: true, end: true, kind: 0 }],
  ["E1", "LOOPE Jb", "branch.loop", { f64: true, end: true, kind: 1 }],
  ["E2", "LOOP Jb", "branch.loop", { f64: true, end: true, kind: 2 }],
  ["E3", "JCXZ Jb", "branch.loop", { f64: true, end: true, kind: 3 }],

  // Strings.
  ["A4", "MOVS Yb,Xb", "string.movs", { rep: true, end: true, type: "b" }],
  ["A5", "MOVS Yv,Xv", "string.movs", { rep: true, end: true }],
  ["A6", "CMPS Xb,Yb", "string.cmps", { rep: true, end: true, type: "b" }],
  ["A7", "CMPS Xv,Yv", "string.cmps", { rep: true, end: true }],
  ["AA", "STOS Yb,AL", "string.stos", { rep: true, end: true, type: "b" }],
  ["AB", "STOS Yv,rAX", "string.stos", { rep: true, end: true }],
  ["AC", "LODS AL,Xb", "string.lods", { rep: true, end: true, type: "b" }],
  ["AD", "LODS rAX,Xv", "string.lods", { rep: true, end: true }],
  ["AE", "SCAS AL,Yb", "string.scas", { rep: true, end: true, type: "b" }],
  ["AF", "SCAS rAX,Yv", "string.scas", { rep: true, end: true }],
  ["6C", "INS Yb,DX", "string_io.ins", { rep: true, end: true, type: "b" }],
  ["6D", "INS Yz,DX", "string_io.ins", { rep: true, end: true }],
  ["6E", "OUTS DX,Xb", "string_io.outs", { rep: true, end: true, type: "b" }],
  ["6F", "OUTS DX,Xz", "string_io.outs", { rep: true, end: true }],

  // Flags.
  ["F5", "CMC", "alu.cmc"],
  ["F8", "CLC", "alu.clc"],
  ["F9", "STC", "alu.stc"],
  ["FC", "CLD", "alu.cld"],
  ["FD", "STD", "alu.std"],
  ["9E", "SAHF", "alu.sahf"],
  ["9F", "LAHF", "alu.lahf"],

  // Decimal, and other remains of the 8086.
  ["27", "DAA", "bcd.daa", { no64: true }],
  ["2F", "DAS", "bcd.das", { no64: true }],
  ["37", "AAA", "bcd.aaa", { no64: true }],
  ["3F", "AAS", "bcd.aas", { no64: true }],
  ["D4", "AAM Ib", "bcd.aam", { no64: true }],
  ["D5", "AAD Ib", "bcd.aad", { no64: true }],
  ["D6", "SALC", "bcd.salc", { no64: true }],
  ["62 /r mem", "BOUND Gv,M", "bcd.bound", { no64: true }],
];
