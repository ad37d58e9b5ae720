// SHA extensions (FIPS 180-4; SDM vol. 2, SHA1RNDS4 and following). SHA-1 words lie in a register from high (A) to low (D);
// SHA-256 has A B E F and C D G H, also from high to low.

import * as Cpu from "../../layout/cpu";
import { immediate, source, target } from "./sse_operands";

@inline
function word(address: usize, n: usize): u32 {
  return load<u32>(address + (n << 2));
}

@inline
function putWords(to: usize, w0: u32, w1: u32, w2: u32, w3: u32): bool {
  store<u32>(to, w0);
  store<u32>(to, w1, 4);
  store<u32>(to, w2, 8);
  store<u32>(to, w3, 12);
  return true;
}

function sha1Constant(phase: u32): u32 {
  if (phase == 0) return 0x5a827999;
  if (phase == 1) return 0x6ed9eba1;
  return phase == 2 ? 0x8f1bbcdc : 0xca62c1d6;
}

function sha1Function(phase: u32, b: u32, c: u32, d: u32): u32 {
  if (phase == 0) return (b & c) ^ (~b & d);
  return phase == 2 ? (b & c) ^ (b & d) ^ (c & d) : b ^ c ^ d;
}

/** Four rounds; E of the first is already in the highest word of the source. */
export function sha1rnds4(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const phase = immediate(rec) & 3;
  let a = word(to, 3);
  let b = word(to, 2);
  let c = word(to, 1);
  let d = word(to, 0);
  let e: u32 = 0;
  for (let n: usize = 0; n < 4; n++) {
    const next = sha1Function(phase, b, c, d) + rotl<u32>(a, 5) + word(from, 3 - n) + e + sha1Constant(phase);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  return putWords(to, d, c, b, a);
}

export function sha1nexte(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const e = rotl<u32>(word(to, 3), 30);
  return putWords(to, word(from, 0), word(from, 1), word(from, 2), word(from, 3) + e);
}

export function sha1msg1(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const w0 = word(to, 3);
  const w1 = word(to, 2);
  const w2 = word(to, 1);
  const w3 = word(to, 0);
  return putWords(to, word(from, 2) ^ w3, word(from, 3) ^ w2, w3 ^ w1, w2 ^ w0);
}

export function sha1msg2(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const w16 = rotl<u32>(word(to, 3) ^ word(from, 2), 1);
  const w17 = rotl<u32>(word(to, 2) ^ word(from, 1), 1);
  const w18 = rotl<u32>(word(to, 1) ^ word(from, 0), 1);
  const w19 = rotl<u32>(word(to, 0) ^ w16, 1);
  return putWords(to, w19, w18, w17, w16);
}

@inline
function bigSigma0(a: u32): u32 {
  return rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
}

@inline
function bigSigma1(e: u32): u32 {
  return rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
}

@inline
function smallSigma0(w: u32): u32 {
  return rotr<u32>(w, 7) ^ rotr<u32>(w, 18) ^ (w >> 3);
}

@inline
function smallSigma1(w: u32): u32 {
  return rotr<u32>(w, 17) ^ rotr<u32>(w, 19) ^ (w >> 10);
}

/** Two rounds; the words with their constants added are in xmm0. */
export function sha256rnds2(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const words = cpu + Cpu.xmm;
  const a = word(from, 3);
  const b = word(from, 2);
  const e = word(from, 1);
  const f = word(from, 0);
  const c = word(to, 3);
  const d = word(to, 2);
  const g = word(to, 1);
  const h = word(to, 0);
  const t1 = h + bigSigma1(e) + ((e & f) ^ (~e & g)) + word(words, 0);
  const a1 = t1 + bigSigma0(a) + ((a & b) ^ (a & c) ^ (b & c));
  const e1 = d + t1;
  const t2 = g + bigSigma1(e1) + ((e1 & e) ^ (~e1 & f)) + word(words, 1);
  const a2 = t2 + bigSigma0(a1) + ((a1 & a) ^ (a1 & b) ^ (a & b));
  const e2 = c + t2;
  return putWords(to, e1, e2, a1, a2);
}

export function sha256msg1(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const w4 = word(from, 0);
  const w0 = word(to, 0) + smallSigma0(word(to, 1));
  const w1 = word(to, 1) + smallSigma0(word(to, 2));
  const w2 = word(to, 2) + smallSigma0(word(to, 3));
  return putWords(to, w0, w1, w2, word(to, 3) + smallSigma0(w4));
}

export function sha256msg2(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const w16 = word(to, 0) + smallSigma1(word(from, 2));
  const w17 = word(to, 1) + smallSigma1(word(from, 3));
  const w18 = word(to, 2) + smallSigma1(w16);
  return putWords(to, w16, w17, w18, word(to, 3) + smallSigma1(w17));
}
