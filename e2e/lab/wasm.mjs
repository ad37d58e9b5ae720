#!/usr/bin/env node
// WebAssembly in node, by a module that is put together here: integers, floats, memory, tables, traps. V8 compiles it with
// Liftoff at once and with TurboFan when it is hot. Each line is a result.
const I32 = 0x7f;
const I64 = 0x7e;
const F64 = 0x7c;

const unsigned = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)]);
const signed = (n) => (n >= -64n && n < 64n ? [Number(n & 127n)] : [Number((n & 127n) | 128n), ...signed(n >> 7n)]);
const list = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];

/** Instructions without an operand, or with one that is always the same. */
const plain = {
  if: [0x04, 0x40],
  "if-i32": [0x04, I32],
  else: [0x05],
  end: [0x0b],
  "call-table": [0x11, 0, 0],
  loop: [0x03, 0x40],
  again: [0x0d, 0],
  load8: [0x2d, 0, 0],
  load32: [0x28, 2, 0],
  loadf: [0x2b, 3, 0],
  store8: [0x3a, 0, 0],
  store32: [0x36, 2, 0],
  storef: [0x39, 3, 0],
  eqz: [0x45],
  lt_u: [0x49],
  clz: [0x67],
  ctz: [0x68],
  popcnt: [0x69],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  div_s: [0x6d],
  rem_s: [0x6f],
  rem_u: [0x70],
  or: [0x72],
  xor: [0x73],
  rotl: [0x77],
  "l.ctz": [0x7a],
  "l.popcnt": [0x7b],
  "l.add": [0x7c],
  "l.mul": [0x7e],
  "l.div_u": [0x80],
  "l.rem_s": [0x81],
  "l.xor": [0x85],
  "l.rotl": [0x89],
  "f.neg": [0x9a],
  "f.ceil": [0x9b],
  "f.floor": [0x9c],
  "f.nearest": [0x9e],
  "f.sqrt": [0x9f],
  "f.add": [0xa0],
  "f.sub": [0xa1],
  "f.mul": [0xa2],
  "f.div": [0xa3],
  "f.min": [0xa4],
  "f.max": [0xa5],
  "f.copysign": [0xa6],
  trunc_s: [0xaa],
  "l.extend_u": [0xad],
  "f.convert_s": [0xb7],
  "f.convert_u": [0xb8],
};
const withOperand = {
  get: (n) => [0x20, Number(n)],
  set: (n) => [0x21, Number(n)],
  tee: (n) => [0x22, Number(n)],
  i32: (n) => [0x41, ...signed(BigInt(n))],
  i64: (n) => [0x42, ...signed(BigInt(n))],
  f64: (n) => [0x44, ...new Uint8Array(Float64Array.of(Number(n)).buffer)],
};
function assemble(text) {
  const words = text.trim().split(/\s+/);
  const bytes = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const encode = withOperand[word];
    bytes.push(...(encode ? encode(words.shift()) : plain[word]));
  }
  return bytes;
}

const types = { i32: 0, i64: 1, f64: 2 };
// All take an i32, the local 0.
const functions = {
  integers: {
    result: "i32",
    locals: [I32, I32],
    text: `loop
    get 2  get 1 xor  i32 -1640531527 mul  get 1 rotl  get 1 clz add  get 2 popcnt add  get 2 ctz xor
    get 2  get 1 i32 7 or  div_s add  get 2  get 1 i32 3 or  rem_u xor  set 2
    get 1 i32 1 add tee 1  get 0 lt_u again end  get 2`,
  },
  wide: {
    result: "i64",
    locals: [I32, I64],
    text: `loop
    get 2 i64 6364136223846793005 l.mul  get 1 l.extend_u l.add  i64 17 l.rotl  get 2 l.ctz l.xor  get 2 l.popcnt l.add
    get 2 i64 1000003 l.div_u l.xor  get 2 i64 -77 l.rem_s l.add  set 2
    get 1 i32 1 add tee 1  get 0 lt_u again end  get 2`,
  },
  floats: {
    result: "f64",
    locals: [I32, F64],
    text: `loop
    get 2 f64 1.0001 f.mul  get 1 f.convert_u f.sqrt f.add  f64 1e6 f.min  f64 -1e6 f.max  get 1 f.convert_s f.copysign f.floor
    get 2 f.neg f.sub  get 2  get 1 f.convert_u f64 0.5 f.add  f.div f.nearest f.add  f64 3.25 f.div f64 1e-3 f.add  set 2
    get 1 i32 1 add tee 1  get 0 lt_u again end  get 2`,
  },
  // A byte for each number.
  sieve: {
    result: "i32",
    locals: [I32, I32, I32],
    text: `i32 2 set 1 loop
    get 1 load8 eqz if  get 3 i32 1 add set 3  get 1 set 2
      loop  get 2 i32 1 store8  get 2 get 1 add tee 2  get 0 lt_u again end
    end
    get 1 i32 1 add tee 1  get 0 lt_u again end  get 3`,
  },
  fibonacci: {
    result: "i32",
    locals: [],
    text: `get 0 i32 2 lt_u if-i32 get 0 else
    get 0 i32 1 sub  i32 0 call-table  get 0 i32 2 sub  i32 0 call-table  add end`,
  },
  divide: { result: "i32", locals: [], text: "i32 -2147483648 get 0 div_s" },
  remainder: { result: "i32", locals: [], text: "i32 -2147483648 get 0 rem_s" },
  peek: { result: "i32", locals: [], text: "get 0 load32" },
  truncate: { result: "i32", locals: [], text: "get 0 f.convert_u f64 1e9 f.mul trunc_s" },
  // A number too small for a normal f64.
  denormal: {
    result: "i32",
    locals: [],
    text: `i32 64 get 0 store32  i32 64  i32 64 loadf f64 4096 f.mul  storef  i32 64 load32`,
  },
};

const named = Object.entries(functions);
const code = named.map(([, { locals, text }]) => {
  const body = [...list(locals.map((type) => [1, type])), ...assemble(text), ...plain.end];
  return [...unsigned(body.length), ...body];
});
const bytes = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, list([I32, I64, F64].map((result) => [0x60, 1, I32, 1, result]))),
  ...section(3, list(named.map(([, { result }]) => [types[result]]))),
  ...section(4, [1, 0x70, 0, 1]),
  ...section(5, [1, 0, 4]),
  ...section(7, list(named.map(([name], index) => [name.length, ...Buffer.from(name), 0, index]))),
  ...section(9, [1, 0, ...assemble("i32 0 end"), 1, named.findIndex(([name]) => name === "fibonacci")]),
  ...section(10, list(code)),
]);

function run(name, ...values) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  try {
    console.log(name, ...values, String(exports[name](...values)));
  } catch (error) {
    console.log(name, ...values, error.constructor.name, error.message);
  }
}
run("integers", 400000);
run("wide", 300000);
run("floats", 300000);
run("sieve", 200000);
run("fibonacci", 24);
run("denormal", 0x1234567);
for (const n of [0, -1, 3]) run("divide", n);
for (const n of [0, -1, 7]) run("remainder", n);
for (const n of [0, 262140, 262141, -4]) run("peek", n);
for (const n of [2, 3]) run("truncate", n);
