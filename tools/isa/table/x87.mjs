// The x87 floating-point unit. docs/isa.md explains the rows. D8 to DF with memory or ST(i), and fixed second bytes.

/** @typedef {import("../rows.mjs").Row} Row */
/** @typedef {import("../rows.mjs").Options} Options */

/** @type {Options} waits: pending exceptions are raised first */
const fpu = { unit: "fpu" };
/** @type {Options} */
const nowait = { unit: "fpu_nowait" };

/** The six arithmetic operations: extension of D8, of DC and DE with registers. @type {[string, number, number][]} */
const operations = [
  ["ADD", 0, 0],
  ["MUL", 1, 1],
  ["SUB", 4, 5],
  ["SUBR", 5, 4],
  ["DIV", 6, 7],
  ["DIVR", 7, 6],
];

/** @returns {Row[]} */
function arithmetic(/** @type {string} */ name, /** @type {number} */ ext, /** @type {number} */ to) {
  const handler = `x87_arith.f${name.toLowerCase()}`;
  const integer = `x87_arith.fi${name.toLowerCase()}`;
  return [
    [`D8 /${ext} mem`, `F${name} Md`, `${handler}32`, fpu],
    [`DC /${ext} mem`, `F${name} Mq`, `${handler}64`, fpu],
    [`DA /${ext} mem`, `FI${name} Md`, `${integer}32`, fpu],
    [`DE /${ext} mem`, `FI${name} Mw`, `${integer}16`, fpu],
    [`D8 /${ext} reg`, `F${name} ST,STi`, handler, fpu],
    [`DC /${to} reg`, `F${name} STi,ST`, `${handler}To`, fpu],
    [`DE /${to} reg`, `F${name}P STi,ST`, `${handler}p`, fpu],
  ];
}

/** Instructions without operands: second byte of D9. @returns {Row[]} */
function plain(/** @type {string} */ file, /** @type {Record<string, string>} */ list) {
  return Object.entries(list).map(([name, byte]) => [`D9 ${byte}`, name, `${file}.${name.toLowerCase()}`, fpu]);
}

/** An instruction whose encodings include undocumented ones. @returns {Row[]} */
function aliases(/** @type {string} */ text, /** @type {string} */ handler, /** @type {string[]} */ encodings) {
  return encodings.map((encoding) => [`${encoding} reg`, text, handler, fpu]);
}

/** @type {Row[]} */
export const rows = [
  ...operations.flatMap(([name, ext, to]) => arithmetic(name, ext, to)),
  ["D8 /2 mem", "FCOM Md", "x87_compare.fcom32", fpu],
  ["D8 /3 mem", "FCOMP Md", "x87_compare.fcomp32", fpu],
  ["DC /2 mem", "FCOM Mq", "x87_compare.fcom64", fpu],
  ["DC /3 mem", "FCOMP Mq", "x87_compare.fcomp64", fpu],
  ["DA /2 mem", "FICOM Md", "x87_compare.ficom32", fpu],
  ["DA /3 mem", "FICOMP Md", "x87_compare.ficomp32", fpu],
  ["DE /2 mem", "FICOM Mw", "x87_compare.ficom16", fpu],
  ["DE /3 mem", "FICOMP Mw", "x87_compare.ficomp16", fpu],
  ...aliases("FCOM STi", "x87_compare.fcom", ["D8 /2", "DC /2"]),
  ...aliases("FCOMP STi", "x87_compare.fcomp", ["D8 /3", "DC /3", "DE /2"]),
  ["DE D9", "FCOMPP", "x87_compare.fcompp", fpu],
  ["DD /4 reg", "FUCOM STi", "x87_compare.fucom", fpu],
  ["DD /5 reg", "FUCOMP STi", "x87_compare.fucomp", fpu],
  ["DA E9", "FUCOMPP", "x87_compare.fucompp", fpu],
  ["DB /5 reg", "FUCOMI ST,STi", "x87_compare.fucomi", fpu],
  ["DB /6 reg", "FCOMI ST,STi", "x87_compare.fcomi", fpu],
  ["DF /5 reg", "FUCOMIP ST,STi", "x87_compare.fucomip", fpu],
  ["DF /6 reg", "FCOMIP ST,STi", "x87_compare.fcomip", fpu],
  ["D9 E4", "FTST", "x87_compare.ftst", fpu],
  ["D9 E5", "FXAM", "x87_compare.fxam", fpu],

  ["D9 /0 mem", "FLD Md", "x87_move.fld32", fpu],
  ["DD /0 mem", "FLD Mq", "x87_move.fld64", fpu],
  ["DB /5 mem", "FLD Mt", "x87_move.fld80", fpu],
  ["D9 /0 reg", "FLD STi", "x87_move.fldSt", fpu],
  ["DF /0 mem", "FILD Mw", "x87_move.fild16", fpu],
  ["DB /0 mem", "FILD Md", "x87_move.fild32", fpu],
  ["DF /5 mem", "FILD Mq", "x87_move.fild64", fpu],
  ["D9 /2 mem", "FST Md", "x87_move.fst32", fpu],
  ["D9 /3 mem", "FSTP Md", "x87_move.fstp32", fpu],
  ["DD /2 mem", "FST Mq", "x87_move.fst64", fpu],
  ["DD /3 mem", "FSTP Mq", "x87_move.fstp64", fpu],
  ["DB /7 mem", "FSTP Mt", "x87_move.fstp80", fpu],
  ["DD /2 reg", "FST STi", "x87_move.fstSt", fpu],
  ...aliases("FSTP STi", "x87_move.fstpSt", ["DD /3", "DF /2", "DF /3"]),
  ["D9 /3 reg", "FSTPNCE STi", "x87_move.fstpnce", fpu],
  ["DF /2 mem", "FIST Mw", "x87_move.fist16", fpu],
  ["DB /2 mem", "FIST Md", "x87_move.fist32", fpu],
  ["DF /3 mem", "FISTP Mw", "x87_move.fistp16", fpu],
  ["DB /3 mem", "FISTP Md", "x87_move.fistp32", fpu],
  ["DF /7 mem", "FISTP Mq", "x87_move.fistp64", fpu],
  ["DF /1 mem", "FISTTP Mw", "x87_move.fisttp16", { ...fpu, feature: "sse3" }],
  ["DB /1 mem", "FISTTP Md", "x87_move.fisttp32", { ...fpu, feature: "sse3" }],
  ["DD /1 mem", "FISTTP Mq", "x87_move.fisttp64", { ...fpu, feature: "sse3" }],
  ["DF /4 mem", "FBLD Mt", "x87_bcd.fbld", fpu],
  ["DF /6 mem", "FBSTP Mt", "x87_bcd.fbstp", fpu],
  ...aliases("FXCH STi", "x87_move.fxch", ["D9 /1", "DD /1", "DF /1"]),
  ["DA /0 reg", "FCMOVB ST,STi", "x87_move.fcmovb", fpu],
  ["DA /1 reg", "FCMOVE ST,STi", "x87_move.fcmove", fpu],
  ["DA /2 reg", "FCMOVBE ST,STi", "x87_move.fcmovbe", fpu],
  ["DA /3 reg", "FCMOVU ST,STi", "x87_move.fcmovu", fpu],
  ["DB /0 reg", "FCMOVNB ST,STi", "x87_move.fcmovnb", fpu],
  ["DB /1 reg", "FCMOVNE ST,STi", "x87_move.fcmovne", fpu],
  ["DB /2 reg", "FCMOVNBE ST,STi", "x87_move.fcmovnbe", fpu],
  ["DB /3 reg", "FCMOVNU ST,STi", "x87_move.fcmovnu", fpu],
  ...plain("x87_move", { FLD1: "E8", FLDL2T: "E9", FLDL2E: "EA", FLDPI: "EB", FLDLG2: "EC", FLDLN2: "ED", FLDZ: "EE" }),
  ...plain("x87_move", { FDECSTP: "F6", FINCSTP: "F7", FNOP: "D0" }),
  ["DD /0 reg", "FFREE STi", "x87_move.ffree", fpu],
  ["DF /0 reg", "FFREEP STi", "x87_move.ffreep", fpu],

  ...plain("x87_arith", { FCHS: "E0", FABS: "E1", FSQRT: "FA" }),
  ...plain("x87_remainder", { FPREM1: "F5", FPREM: "F8", FXTRACT: "F4", FRNDINT: "FC", FSCALE: "FD" }),
  ...plain("x87_transcendental", { F2XM1: "F0", FYL2X: "F1", FPTAN: "F2", FPATAN: "F3", FYL2XP1: "F9" }),
  ...plain("x87_transcendental", { FSINCOS: "FB", FSIN: "FE", FCOS: "FF" }),

  ["D9 /5 mem", "FLDCW Mw", "x87_control.fldcw", fpu],
  ["D9 /7 mem", "FNSTCW Mw", "x87_control.fnstcw", nowait],
  ["DD /7 mem", "FNSTSW Mw", "x87_control.fnstsw", nowait],
  ["DF E0", "FNSTSW AX", "x87_control.fnstswAx", nowait],
  ["DB E2", "FNCLEX", "x87_control.fnclex", nowait],
  ["DB E3", "FNINIT", "x87_control.fninit", nowait],
  ["DB E0", "FNENI", "x87_control.ignored", nowait],
  ["DB E1", "FNDISI", "x87_control.ignored", nowait],
  ["DB E4", "FNSETPM", "x87_control.ignored", nowait],
  ["D9 /4 mem", "FLDENV M", "x87_control.fldenv", { ...fpu, sized: true }],
  ["D9 /6 mem", "FNSTENV M", "x87_control.fnstenv", { ...nowait, sized: true }],
  ["DD /4 mem", "FRSTOR M", "x87_control.frstor", { ...fpu, sized: true }],
  ["DD /6 mem", "FNSAVE M", "x87_control.fnsave", { ...nowait, sized: true }],
  ["9B", "FWAIT", "x87_control.fwait"],
];
