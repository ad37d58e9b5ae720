// MOVS and STOS, repeated or not: one call does what needs no more than the TLB knows (jit/string_helpers.ts).

import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import { loaded, settled } from "../flow";
import * as L from "../locals";
import { entryOf, kindOfRecord } from "../region";
import { loadSet, storeSet } from "../state";

const RAX: u64 = 1 << 0;
const RCX: u64 = 1 << 1;
const RSI: u64 = 1 << 6;
const RDI: u64 = 1 << 7;

/**
 * Pushes whether the instruction is not done, or not all of it (i32). Its registers are those in memory then, where they
 * are also in locals; what it did is paid.
 */
export function callString(j: usize, rec: usize): void {
  const moves = kindOfRecord(rec) == K.kMovs;
  const repeats = load<i32>(rec, Record.imm) != 0;
  const changed = RDI | (moves ? RSI : 0) | (repeats ? RCX : 0);
  const used = changed | (moves ? 0 : RAX);
  storeSet(j, used & load<u64>(j, Jit.pending));
  L.pushCpu(j);
  E.i32Const(j, <i32>rec);
  E.i32Const(j, (<i32>load<u8>(entryOf(rec), 1)) | (moves ? L.STRING_MOVES : 0));
  E.call(j, L.FN_STRING);
  E.set(j, L.EXIT);
  loadSet(j, changed);
  loaded(j, changed);
  settled(j, used);
  E.get(j, L.FUEL);
  E.get(j, L.EXIT);
  E.i32Const(j, 1);
  E.op(j, E.I32_SHR_U);
  E.op(j, E.I32_SUB);
  E.set(j, L.FUEL);
  E.get(j, L.EXIT);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
}
