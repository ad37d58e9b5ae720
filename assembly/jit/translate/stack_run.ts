// Runs of PUSH and POP, as functions have them at their beginning and end, and calls with arguments on the stack before
// them: one look into the TLB for all.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import { beginInstruction } from "../flow";
import * as L from "../locals";
import { behind, entryOf, kindOfRecord, recordAt } from "../region";
import { cutAddress, slotSize } from "../state";
import { hostAt } from "./operand";
import { hostOfStack, moveShared } from "./shared_host";

/** As many as a slow access can do at once (64 bytes) of those with 64 bits. */
const LONGEST: u32 = 8;
const RSP: u32 = 4;

/** Whether a record is a PUSH of a register or an immediate, or a POP of a register, other than rsp, of the mode's width. */
function belongs(j: usize, rec: usize, pushes: bool): bool {
  const kind = kindOfRecord(rec);
  if (pushes ? kind != K.kPushReg && kind != K.kPushImm : kind != K.kPopReg) return false;
  const size = <u32>load<u8>(entryOf(rec), 1);
  return size == slotSize(j) && (kind == K.kPushImm || load<u8>(rec, Record.rm) != <u8>Cpu.rsp);
}

/** Instructions of the run from `offset` on, at most `left`. */
function runLength(j: usize, offset: u32, left: u32, pushes: bool): u32 {
  let n: u32 = 0;
  for (; n < left && n < LONGEST; n++) {
    const rec = recordAt(j, offset);
    if (!belongs(j, rec, pushes)) break;
    offset = behind(rec);
  }
  return n;
}

/** Instructions of the run that starts at `offset`, of at most `left`; 0 = there is none. */
export function runAt(j: usize, offset: u32, left: u32): u32 {
  const n = runLength(j, offset, left, belongs(j, recordAt(j, offset), true));
  return n < 2 ? 0 : n;
}

/** Translates the run of `n` instructions that starts at `offset`; returns where it ends. */
export function translateRun(j: usize, offset: u32, n: u32): u32 {
  const pushes = belongs(j, recordAt(j, offset), true);
  store<u32>(j, <u32>recordAt(j, offset), Jit.record);
  beginInstruction(j);
  const size = slotSize(j);
  const bytes = <i32>(n << size);
  hostOfStack(j, pushes ? -bytes : 0, bytes, pushes);
  const at = hostAt(j);
  for (let i: u32 = 0; i < n; i++) {
    const rec = recordAt(j, offset);
    const register = (<u32>load<u8>(rec, Record.rm)) >> 3;
    E.get(j, L.HOST);
    if (pushes) {
      if (kindOfRecord(rec) == K.kPushImm) E.i64Const(j, load<i32>(rec, Record.imm));
      else L.getGpr(j, register);
      E.memory(j, size == 3 ? E.I64_STORE : E.I64_STORE32, at + ((n - 1 - i) << size));
    } else {
      E.memory(j, size == 3 ? E.I64_LOAD : E.I64_LOAD32_U, at + (i << size));
      L.setGpr(j, register);
    }
    moveShared(j, rec);
    offset = behind(rec);
  }
  E.get(j, L.LA);
  if (!pushes) {
    E.i64Const(j, bytes);
    E.op(j, E.I64_ADD);
    cutAddress(j);
  }
  L.setGpr(j, RSP);
  return offset;
}
