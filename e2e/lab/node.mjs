#!/usr/bin/env -S node --allow-natives-syntax
// JavaScript in node: what its interpreter and its compilers make of numbers, strings, typed arrays and promises. Each line
// is a result.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  generateKeyPairSync,
  pbkdf2Sync,
  sign,
  verify,
} from "node:crypto";
import { brotliCompressSync, brotliDecompressSync, deflateRawSync, inflateRawSync } from "node:zlib";
import { Worker } from "node:worker_threads";

const say = (...words) => console.log(words.join(" "));
const sum = (data) => createHash("sha256").update(data).digest("hex").slice(0, 16);

let state = 1;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);

for (const Kind of [Int8Array, Uint8ClampedArray, Int16Array, Uint32Array, Float32Array, Float64Array]) {
  const array = Kind.from({ length: 5000 }, () => (random() - 2 ** 31) / 1000);
  array.set(array.subarray(100, 900), 50);
  const total = array.reduce((a, b) => a + b, 0);
  say(Kind.name, sum(new Uint8Array(array.sort().buffer)), total, array.indexOf(array[4000]));
}
const view = new DataView(new ArrayBuffer(64));
view.setFloat64(3, Math.PI);
view.setBigInt64(19, -(2n ** 62n) + 12345n, true);
view.setUint16(33, 0xabcd);
say("view", Buffer.from(view.buffer).toString("hex"), view.getFloat32(5), view.getBigUint64(20));

const words = Array.from({ length: 4000 }, () => random().toString(36));
const text = words.join(" ");
say(
  "regex",
  text.match(/\b(?=\w*[a-f]{2})\w+?(\d)\w*\1\w*\b/g).length,
  sum(text.replace(/(\w)(\w+)(?<=\d)/gu, "$2-$1")),
);
say("named", JSON.stringify({ ...("2031-12-05".match(/(?<year>\d{4})-(?<month>\d\d)/u)?.groups ?? {}) }));
say(
  "sticky",
  [..."aXbXXc\u{1F600}é".matchAll(/X+|\p{L}|\p{Emoji}/gu)].map(({ index, 0: found }) => index + found).join(),
);
say("sorted", sum(words.sort().join()), "été".normalize("NFD").length, "İ".toLowerCase().length, "ß".toUpperCase());

let factorial = 1n;
for (let i = 2n; i <= 1500n; i++) factorial *= i;
say(
  "bigint",
  sum(factorial.toString()),
  factorial.toString(16).length,
  factorial % 1000003n,
  BigInt.asIntN(64, factorial >> 1500n),
);
let power = 1n;
for (let base = 3n ** 200n, e = 65537n, m = 2n ** 521n - 1n; e; e >>= 1n, base = (base * base) % m)
  if (e & 1n) power = (power * base) % m;
say(
  "modular",
  sum(String(power)),
  (-17n / 5n) * (-17n % 5n),
  (factorial ** 2n / (factorial - 1n)).toString(36).slice(0, 12),
);

const tree = (depth) =>
  depth === 0
    ? { leaf: random() / 7, text: '\u2028"é' }
    : { left: tree(depth - 1), list: [depth, null, true, tree(depth - 1)] };
const json = JSON.stringify(tree(9));
say(
  "json",
  json.length,
  sum(json),
  JSON.stringify(JSON.parse(json)) === json,
  JSON.stringify({ a: [1e21, -0, 1e-7, 5e-324] }, null, 1).length,
);
say(
  "numbers",
  0.1 + 0.2,
  1e21 + 1,
  (123456789.123).toFixed(5),
  (25).toString(2),
  (0.1).toString(3),
  2 ** 53 + 1,
  (1.005).toPrecision(20),
  -1 >>> 3,
);
say(
  "math",
  Math.sin(1e6),
  Math.exp(1.5),
  Math.log2(10),
  Math.cbrt(27.5),
  Math.hypot(3, 4.5),
  Math.fround(0.1),
  Math.clz32(77),
  Math.tanh(0.3),
  Math.atan2(-1, -2),
);

// A loop that gets compiled while it runs, and left again when its types change.
function mandelbrot(size, limit) {
  let total = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let a = 0,
        b = 0,
        steps = 0;
      const cx = (3 * x) / size - 2,
        cy = (2 * y) / size - 1;
      while (a * a + b * b < 4 && steps < limit) [a, b, steps] = [a * a - b * b + cx, 2 * a * b + cy, steps + 1];
      total += steps;
    }
  }
  return total;
}
function mix(values) {
  let hash = 2166136261;
  for (let i = 0; i < values.length; i++) hash = Math.imul(hash ^ values[i], 16777619) ^ (hash >>> 13);
  return hash >>> 0;
}
class Shape {
  constructor(n) {
    this.n = n;
  }
  area() {
    return this.n * 2;
  }
}
class Square extends Shape {
  area() {
    return this.n * this.n;
  }
}
class Dot extends Shape {
  area() {
    return 0.5;
  }
}
function areas(rounds) {
  let total = 0;
  for (let i = 0; i < rounds; i++)
    total += (i % 3 ? (i % 3 === 1 ? new Square(i % 100) : new Shape(i % 50)) : new Dot(0)).area();
  return total;
}
// V8's own word, in a string because it is not JavaScript's; bit 4 says that there is optimised code.
const isOptimised = new Function("f", "return (%GetOptimizationStatus(f) & 16) !== 0");
function hot(f, ...values) {
  let result = f(...values);
  for (let i = 0; i < 3000 && !(i > 20 && isOptimised(f)); i++) if (f(...values) !== result) result = NaN;
  say("hot", f.name, result, isOptimised(f) ? "compiled" : "interpreted");
}
hot(mandelbrot, 60, 200);
hot(mix, Int32Array.from({ length: 20000 }, random));
hot(areas, 20000);
say(
  "deoptimised",
  mix([1.5, "7", null, { valueOf: () => 9 }]),
  mandelbrot(60.5, 200),
  mix(Float64Array.of(1e10, -3.7)),
);

const order = [];
const later = (name, ms) => new Promise((resolve) => setTimeout(() => resolve(order.push(name)), ms));
setImmediate(() => order.push("immediate"));
process.nextTick(() => order.push("tick"));
queueMicrotask(() => order.push("microtask"));
await Promise.all([later("slow", 400), later("fast", 10), Promise.resolve().then(() => order.push("then"))]);
async function* numbers() {
  for (let i = 0; i < 5; i++) yield (await null, i * i);
}
for await (const n of numbers()) order.push(n);
const refused = await Promise.allSettled([Promise.reject(new RangeError("no")), Promise.any([Promise.reject(1), 2])]);
say("promises", order.join(), refused.map(({ status, value, reason }) => status + (value ?? reason)).join());

const key = Buffer.alloc(32, 7),
  nonce = Buffer.alloc(12, 9);
for (const name of ["aes-256-gcm", "aes-128-gcm", "chacha20-poly1305", "aes-256-ocb"]) {
  const size = name.includes("128") ? 16 : 32;
  const seal = createCipheriv(name, key.subarray(0, size), nonce, { authTagLength: 16 });
  seal.setAAD(Buffer.from("header"));
  const sealed = Buffer.concat([seal.update(text), seal.final()]);
  const open = createDecipheriv(name, key.subarray(0, size), nonce, { authTagLength: 16 });
  open.setAAD(Buffer.from("header")).setAuthTag(seal.getAuthTag());
  const opened = open.update(sealed, undefined, "utf8") + open.final("utf8");
  say(name, sum(sealed), seal.getAuthTag().toString("hex"), opened === text);
}
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
say(
  "signature",
  verify("sha256", Buffer.from(text), publicKey, sign("sha256", Buffer.from(text), privateKey)),
  pbkdf2Sync("lab", "salt", 2000, 20, "sha512").toString("hex"),
);
say("deflate", sum(deflateRawSync(text)), inflateRawSync(deflateRawSync(text)).toString() === text);
say(
  "brotli",
  sum(brotliCompressSync(text, { params: { 1: 5 } })),
  brotliDecompressSync(brotliCompressSync(text)).toString() === text,
);

// Threads that share memory: each adds its share by Atomics, the first waits for all.
const shared = new Int32Array(new SharedArrayBuffer(8));
const body = `const { workerData: shared } = require("node:worker_threads");
  for (let i = 0; i < 20000; i++) Atomics.add(shared, 0, 1);
  Atomics.add(shared, 1, 1); Atomics.notify(shared, 1);`;
const workers = [1, 2, 3].map(() => new Worker(body, { eval: true, workerData: shared }));
await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))));
say("threads", shared.join());
// Code that is made at run time, and dropped again.
let made = 0;
for (let i = 0; i < 400; i++)
  made =
    (made + new Function("x", `let t = ${i}; for (let i = 0; i < 60; i++) t = (t * 31 + x + i) | 0; return t;`)(made)) |
    0;
say("functions", made);
