// What the translator knows of each handler of the x87: a family of translations (assembly/jit/translate/x87.ts), and an
// argument whose meaning is the family's. Handlers without a line here make a region call handlers for all of the x87.

/** @typedef {import("./vectors.mjs").Vector} Vector */

/** @returns {Vector} */
const x87 = (/** @type {string} */ kind, /** @type {number} */ opcode, arg = 0) => ({
  kind: `X87${kind}`,
  opcode,
  arg,
});

/** @returns {Record<string, Vector>} handlers of one file */
const file = (/** @type {string} */ name, /** @type {Record<string, Vector>} */ entries) =>
  Object.fromEntries(Object.entries(entries).map(([handler, entry]) => [`x87_${name}.${handler}`, entry]));

// Formats of memory operands.
const F32 = 0;
const F64 = 1;
const I16 = 2;
const I32 = 3;
const I64 = 4;
const F80 = 5;
const TRUNCATE = 8;
const POP = 16;
const POP_TWICE = 32;

// Where arithmetic takes its operands, added to the format: ST(0) and ST(i) to the one or the other; reversed.
const REGISTER = 6;
const TO_OTHER = 7;
const REVERSE = 8;

const operations = { add: 0, mul: 1, sub: 2, div: 3 };

/** All forms of an operation. */
const forms = (/** @type {string} */ name, /** @type {number} */ opcode, reverse = 0) =>
  Object.entries({
    [`f${name}`]: REGISTER,
    [`f${name}To`]: TO_OTHER,
    [`f${name}p`]: TO_OTHER | POP,
    [`f${name}32`]: F32,
    [`f${name}64`]: F64,
    [`fi${name}16`]: I16,
    [`fi${name}32`]: I32,
  }).map(([handler, arg]) => [handler, x87("Arithmetic", opcode, arg | reverse)]);

const arithmetic = Object.fromEntries([
  ...Object.entries(operations).flatMap(([name, n]) => forms(name, n)),
  ...forms("subr", operations.sub, REVERSE),
  ...forms("divr", operations.div, REVERSE),
  ["fsqrt", x87("Root", 0)],
  // The bits of the sign and exponent that stay, and those that change: all but the sign, none; all, the sign.
  ["fabs", x87("Sign", 0)],
  ["fchs", x87("Sign", 1)],
]);

const store = (/** @type {string} */ name, /** @type {number} */ arg) => ({
  [name]: x87("Store", 0, arg),
  [name.replace(/\d+$/, "p$&")]: x87("Store", 0, arg | POP),
});

const moves = {
  fld32: x87("Load", 0, F32),
  fld64: x87("Load", 0, F64),
  fld80: x87("Load", 0, F80),
  fild16: x87("Load", 0, I16),
  fild32: x87("Load", 0, I32),
  fild64: x87("Load", 0, I64),
  ...store("fst32", F32),
  ...store("fst64", F64),
  fstp80: x87("Store", 0, F80 | POP),
  ...store("fist16", I16),
  ...store("fist32", I32),
  fistp64: x87("Store", 0, I64 | POP),
  fisttp16: x87("Store", 0, I16 | TRUNCATE | POP),
  fisttp32: x87("Store", 0, I32 | TRUNCATE | POP),
  fisttp64: x87("Store", 0, I64 | TRUNCATE | POP),
  fldSt: x87("Copy", 0),
  fstSt: x87("Copy", 1),
  fstpSt: x87("Copy", 1, POP),
  fxch: x87("Exchange", 0),
  fld1: x87("Constant", 1),
  fldz: x87("Constant", 0),
  // The condition's code.
  fcmovb: x87("Select", 2),
  fcmovnb: x87("Select", 3),
  fcmove: x87("Select", 4),
  fcmovne: x87("Select", 5),
  fcmovbe: x87("Select", 6),
  fcmovnbe: x87("Select", 7),
  fcmovu: x87("Select", 10),
  fcmovnu: x87("Select", 11),
};

// Bits of a comparison's opcode.
const QUIET = 1;
const TO_FLAGS = 2;

const compare = (/** @type {string} */ name, opcode = 0) => ({
  [name]: x87("Compare", opcode, REGISTER),
  [`${name}p`]: x87("Compare", opcode, REGISTER | POP),
});

const compareMemory = (/** @type {string} */ name, /** @type {number} */ format) => ({
  [name]: x87("Compare", 0, format),
  [name.replace(/\d+$/, "p$&")]: x87("Compare", 0, format | POP),
});

const comparisons = {
  ...compare("fcom"),
  fcompp: x87("Compare", 0, REGISTER | POP_TWICE),
  ...compare("fucom", QUIET),
  fucompp: x87("Compare", QUIET, REGISTER | POP_TWICE),
  ...compare("fcomi", TO_FLAGS),
  ...compare("fucomi", QUIET | TO_FLAGS),
  ...compareMemory("fcom32", F32),
  ...compareMemory("fcom64", F64),
  ...compareMemory("ficom16", I16),
  ...compareMemory("ficom32", I32),
};

/** What handlers that are called need and do: ST(0) or ST(1) valid, a pop, a push. */
const NEEDS_0 = 1;
const NEEDS_1 = 2;
const POPS = 4;
const PUSHES = 8;

/** @type {Readonly<Record<string, Vector>>} */
export const x87Handlers = {
  ...file("arith", arithmetic),
  ...file("move", moves),
  ...file("compare", comparisons),
  ...file("control", {
    fnstswAx: x87("Status", 0),
    fnstsw: x87("Status", 1),
    fnstcw: x87("StoreControl", 0),
    fldcw: x87("LoadControl", 0),
    fwait: x87("Wait", 0),
  }),
  ...file("compare", { ftst: x87("Call", NEEDS_0), fxam: x87("Call", 0) }),
  ...file("move", { fnop: x87("Call", 0) }),
  ...file("remainder", {
    fprem: x87("Call", NEEDS_0 | NEEDS_1),
    fprem1: x87("Call", NEEDS_0 | NEEDS_1),
    frndint: x87("Call", NEEDS_0),
    fscale: x87("Call", NEEDS_0 | NEEDS_1),
    fxtract: x87("Call", NEEDS_0 | PUSHES),
  }),
  ...file("transcendental", {
    f2xm1: x87("Call", NEEDS_0),
    fsin: x87("Call", NEEDS_0),
    fcos: x87("Call", NEEDS_0),
    // Nothing is pushed for arguments that are too large: what was expected is looked at afterwards.
    fsincos: x87("Call", NEEDS_0 | PUSHES),
    fptan: x87("Call", NEEDS_0 | PUSHES),
    fyl2x: x87("Call", NEEDS_0 | NEEDS_1 | POPS),
    fyl2xp1: x87("Call", NEEDS_0 | NEEDS_1 | POPS),
    fpatan: x87("Call", NEEDS_0 | NEEDS_1 | POPS),
  }),
  ...file(
    "move",
    Object.fromEntries(["fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2"].map((name) => [name, x87("Call", PUSHES)])),
  ),
  ...file("bcd", { fbld: x87("Call", PUSHES), fbstp: x87("Call", NEEDS_0 | POPS) }),
};
