// Writes the function of a region: prologue, structured control flow, basic blocks, the way out.

import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import * as K from "../cpu/generated/kinds";
import * as Ops from "../cpu/generated/ops";
import * as E from "./emit";
import * as L from "./locals";
import { beginBlock, beginInstruction, endBlock, settledYet, unsettle } from "./flow";
import { behind, blockAddress, firstBlock, kindOfRecord, recordAt } from "./region";
import {
  branchAtRip,
  callRegion,
  cutAddress,
  exitAtFault,
  exitAtRip,
  exitSettled,
  exitTo,
  goOn,
  loadAgain,
  payFuel,
  prologue,
  pushAddress,
  pushDisturbed,
  pushTarget,
  requireStackAgain,
  returnToCaller,
  setRip,
  slotSize,
  storeAll,
  storePending,
  storeFuel,
  storePage,
} from "./state";
import { payForExit, paySteps } from "./steps";
import { inOrder, isMerge, orderOf } from "./structure";
import { plannedState } from "./x87_plan";
import { hasStack } from "./x87_state";
import { pushCondition } from "./translate/flags";
import { translateInstruction } from "./translate/instruction";
import { dropTop, pushX, readTop } from "./translate/move";
import * as O from "./translate/operand";
import { endSharedHost, hostOfOperand, moveShared, startSharedHost } from "./translate/shared_host";
import { runAt, translateRun } from "./translate/stack_run";
import { callString } from "./translate/string";
import { translateQuick } from "./translate/system";
import { endVectors, forgetVectors, startVectors } from "./translate/sse_operands";

/**
 * Writes the code of the region at the cursor, without the locals. Called twice: the first time finds out which registers
 * are used and changed, so that the second loads and stores just these.
 */
export function writeRegion(j: usize): void {
  store<u32>(j + Jit.hints, 0);
  store<u32>(j, 0, Jit.localCount);
  store<u32>(j, 0, Jit.depth);
  store<u32>(j, load<u32>(j, Jit.depth), Jit.settledDepth);
  E.block(j, E.VOID);
  prologue(j);
  store<u32>(j, load<u32>(j, Jit.depth), Jit.exitDepth);
  E.block(j, E.VOID);
  store<u32>(j, load<u32>(j, Jit.depth), Jit.faultDepth);
  E.block(j, E.VOID);
  writeTree(j, firstBlock(j));
  E.end(j);
  exitAtFault(j);
  E.end(j);
  storeAll(j);
  E.end(j);
  goOn(j);
}

/** The code of block n and of all that it dominates. */
function writeTree(j: usize, n: i32): void {
  const b = blockAddress(j, n);
  if (load<u32>(b, Jit.bLoop) != 0) {
    store<i32>(b, <i32>load<u32>(j, Jit.depth), Jit.bLabel);
    E.loop(j);
    writeWithin(j, n, orderLimit(j));
    E.end(j);
    // Whoever falls out of the loop's end cannot exist: every path branches.
    E.byte(j, E.UNREACHABLE);
  } else writeWithin(j, n, orderLimit(j));
}

@inline
function orderLimit(j: usize): i32 {
  return <i32>load<u32>(j, Jit.blockCount);
}

/**
 * Merge blocks that n dominates come after n's own code, each behind the end of a label that forward branches aim at.
 * They are opened from the last in reverse postorder to the first; `below` is the order number of the one opened last.
 */
function writeWithin(j: usize, n: i32, below: i32): void {
  const merge = lastMergeChild(j, n, below);
  if (merge < 0) {
    writeBlock(j, n);
    return;
  }
  const depth = load<u32>(j, Jit.depth);
  store<i32>(blockAddress(j, merge), <i32>depth, Jit.bLabel);
  E.block(j, E.VOID);
  writeWithin(j, n, orderOf(j, merge));
  E.end(j);
  writeTree(j, merge);
}

/** The child of n in the dominator tree that is a merge block with the greatest order below `below`; -1 = none. */
function lastMergeChild(j: usize, n: i32, below: i32): i32 {
  for (let i = below - 1; i > 0; i--) {
    const c = reachedInOrder(j, i);
    if (c < 0 || c == n) continue;
    if (load<i32>(blockAddress(j, c), Jit.bDominator) == n && isMerge(j, c)) return c;
  }
  return -1;
}

/** The block with an order number; -1 where fewer blocks were reached. */
function reachedInOrder(j: usize, i: i32): i32 {
  const n = inOrder(j, i);
  return n >= 0 && n < <i32>load<u32>(j, Jit.blockCount) && orderOf(j, n) == i ? n : -1;
}

/** The instructions of a block and where they lead. */
function writeBlock(j: usize, n: i32): void {
  const b = blockAddress(j, n);
  store<u32>(j, <u32>b, Jit.block);
  beginBlock(j, n);
  startFlags(j, b);
  if (hasStack(j)) store<u32>(j, plannedState(j, n), Jit.stackState);
  startVectors(j, b);
  startSharedHost(j, b);
  if (isMerge(j, n) || load<u32>(b, Jit.bLoop) != 0) store<u32>(j, 0, Jit.owed);
  if (load<u32>(b, Jit.bTerm) == Jit.TERM_MATCH) {
    writeMatch(j, n, b);
    return;
  }
  store<u32>(j, load<u32>(j, Jit.owed) + load<u32>(b, Jit.bCount), Jit.owed);
  let offset = load<u32>(b, Jit.bOffset);
  const term = load<u32>(b, Jit.bTerm);
  const branches = term != Jit.TERM_FALL && term != Jit.TERM_OUT;
  let left = load<u32>(b, Jit.bCount) - (branches ? 1 : 0);
  while (left != 0) {
    const run = runAt(j, offset, left);
    paySteps(j, offset, max<u32>(run, 1));
    if (run != 0) {
      offset = translateRun(j, offset, run);
      left -= run;
      continue;
    }
    let rec = recordAt(j, offset);
    if (load<u16>(rec, Record.op) == <u16>Ops.FENCE) {
      translateInstruction(j, rec);
      rec += Record.SIZE;
    }
    translateInstruction(j, rec);
    moveShared(j, rec);
    offset = behind(rec);
    left--;
  }
  store<u32>(j, load<u32>(b, Jit.bTermRecord), Jit.record);
  beginInstruction(j);
  if (branches) paySteps(j, offset, 1);
  writeTerminator(j, n, b, term);
}

/** A link of a chain of comparisons. */
function writeMatch(j: usize, n: i32, b: usize): void {
  store<u32>(b, load<u32>(j, Jit.flagKind), Jit.bFlagKind);
  endVectors(j, n);
  endSharedHost(j, n);
  E.get(j, L.RIP);
  pushAddress(j, <i32>load<u32>(b, Jit.bOffset));
  E.op(j, E.I64_EQ);
  E.ifThen(j, E.VOID);
  goTo(j, n, load<i32>(b, Jit.bTaken), AT_RIP);
  E.end(j);
  const next = load<i32>(b, Jit.bFall);
  if (next < 0 && load<u32>(b, Jit.bTermRecord) == Jit.TERM_RET) returnToCaller(j);
  else goTo(j, n, next, AT_RIP);
}

/** What is known of the flags when a block begins: what its only predecessor left. */
function startFlags(j: usize, b: usize): void {
  const pred = load<i32>(b, Jit.bOnlyPred);
  const known = pred >= 0 && load<u32>(b, Jit.bLoop) == 0;
  store<u32>(j, known ? load<u32>(blockAddress(j, pred), Jit.bFlagKind) : Jit.FLAGS_UNKNOWN, Jit.flagKind);
}

function writeTerminator(j: usize, n: i32, b: usize, term: u32): void {
  const rec = O.recordOf(j);
  store<u32>(b, load<u32>(j, Jit.flagKind), Jit.bFlagKind);
  endVectors(j, n);
  endSharedHost(j, n);
  switch (term) {
    case Jit.TERM_FALL:
      goTo(j, n, load<i32>(b, Jit.bFall), <i32>load<u32>(b, Jit.bEnd));
      return;
    case Jit.TERM_JMP:
      branchTo(j, n, load<i32>(b, Jit.bTaken), load<i32>(rec, Record.imm));
      return;
    case Jit.TERM_JCC:
      writeJcc(j, n, b, rec);
      return;
    case Jit.TERM_CALL:
      O.pushNext(j);
      E.set(j, L.X);
      pushX(j);
      if (load<i32>(b, Jit.bReturn) >= 0) {
        goTo(j, n, load<i32>(b, Jit.bTaken), load<i32>(rec, Record.imm));
        return;
      }
      pushTarget(j, load<i32>(rec, Record.imm));
      E.set(j, L.RIP);
      writeCall(j, n, b);
      return;
    case Jit.TERM_RET:
      readTop(j);
      requireCanonical(j, L.X);
      dropTop(j, load<u32>(rec, Record.imm));
      E.get(j, L.X);
      E.set(j, L.RIP);
      if (load<i32>(b, Jit.bTaken) < 0) returnToCaller(j);
      else goTo(j, n, load<i32>(b, Jit.bTaken), AT_RIP);
      return;
    case Jit.TERM_JMP_RM:
    case Jit.TERM_CALL_RM:
      writeIndirect(j, n, b, term == Jit.TERM_CALL_RM);
      return;
    case Jit.TERM_END:
      payFuel(j);
      writeEnd(j, b, rec, goesOn(j, n, b));
      forgetState(j, n, b);
      goTo(j, n, load<i32>(b, Jit.bFall), <i32>load<u32>(b, Jit.bEnd));
      return;
    case Jit.TERM_QUICK:
      writeQuick(j, b, rec);
      forgetState(j, n, b);
      goTo(j, n, load<i32>(b, Jit.bFall), <i32>load<u32>(b, Jit.bEnd));
      return;
  }
  // TERM_OUT: the interpreter takes over in front of this instruction.
  payForExit(j);
  exitTo(j, <i32>load<u32>(b, Jit.bEnd), L.EXIT_INTERPRET);
}

function writeJcc(j: usize, n: i32, b: usize, rec: usize): void {
  const code = <u32>load<u16>(rec, Record.op) - <u32>Ops.JCC0;
  pushCondition(j, code);
  E.ifThen(j, E.VOID);
  branchTo(j, n, load<i32>(b, Jit.bTaken), load<i32>(rec, Record.imm));
  E.end(j);
  goTo(j, n, load<i32>(b, Jit.bFall), <i32>load<u32>(b, Jit.bEnd));
}

/** An indirect branch: the target is read before the return address is pushed. */
function writeIndirect(j: usize, n: i32, b: usize, calls: bool): void {
  const rec = O.recordOf(j);
  const size = slotSize(j);
  if (O.isRegisterForm(rec)) {
    L.getGpr(j, (<u32>load<u8>(rec, Record.rm)) >> 3);
    cutAddress(j);
  } else {
    hostOfOperand(j, size, false);
    O.pushMemory(j, size, true);
  }
  E.set(j, L.Y);
  requireCanonical(j, L.Y);
  if (calls) {
    O.pushNext(j);
    E.set(j, L.X);
    pushX(j);
  }
  E.get(j, L.Y);
  E.set(j, L.RIP);
  if (calls) writeCall(j, n, b);
  else goTo(j, n, load<i32>(b, Jit.bTaken), AT_RIP);
}

/** Others ran at the end of block n: what follows it knows nothing of flags and vectors. */
function forgetState(j: usize, n: i32, b: usize): void {
  store<u32>(b, Jit.FLAGS_UNKNOWN, Jit.bFlagKind);
  forgetVectors(j);
  endVectors(j, n);
}

/** Calls what is at RIP and goes on behind the call. */
function writeCall(j: usize, n: i32, b: usize): void {
  const next = <i32>load<u32>(b, Jit.bEnd);
  const fall = load<i32>(b, Jit.bFall);
  if (hasStack(j) && fall >= 0) store<u32>(j, plannedState(j, fall), Jit.stackState);
  callRegion(j, next, fall);
  forgetState(j, n, b);
  goTo(j, n, fall, next);
}

/** A branch to an address that is not canonical faults where it stands: the interpreter knows how. */
function requireCanonical(j: usize, local: u32): void {
  if (L.isFlat(j)) return;
  E.get(j, local);
  E.i64Const(j, 16);
  E.op(j, E.I64_SHL);
  E.i64Const(j, 16);
  E.op(j, E.I64_SHR_S);
  E.get(j, local);
  E.op(j, E.I64_NE);
  E.ifHinted(j, E.VOID, false);
  O.exitHere(j);
  E.end(j);
}

/** Whether the region executes what follows block n without a look at requests before. */
function goesOn(j: usize, n: i32, b: usize): bool {
  const fall = load<i32>(b, Jit.bFall);
  return fall >= 0 && !isBackward(j, n, fall) && isAsPlanned(j, fall);
}

/**
 * An instruction that ends its block, with the fuel paid: all state goes to memory, its handler says how to go on, and what
 * follows is loaded. `goesOn` = that is executed without a look at requests before.
 */
function writeEnd(j: usize, b: usize, rec: usize, goesOn: bool): void {
  storePending(j);
  storeFuel(j);
  storePage(j);
  L.pushCpu(j);
  E.i32Const(j, <i32>rec);
  E.i32Const(j, (<i32>load<u16>(rec, Record.op)) | (goesOn ? L.END_GOES_ON : 0));
  E.call(j, L.FN_END);
  E.tee(j, L.EXIT);
  E.i32Const(j, L.EXIT_RESUME);
  E.op(j, E.I32_NE);
  E.ifThen(j, E.VOID);
  exitSettled(j);
  E.end(j);
  loadAgain(j, load<i32>(b, Jit.bFall));
  requireStackAgain(j, <i32>load<u32>(b, Jit.bEnd));
}

/** What cannot be done at once is left to the handler. */
function writeQuick(j: usize, b: usize, rec: usize): void {
  payFuel(j);
  if (L.isChecked(j)) {
    writeEnd(j, b, rec, false);
    return;
  }
  if (kindOfRecord(rec) == K.kMovs || kindOfRecord(rec) == K.kStos) callString(j, rec);
  else translateQuick(j, rec);
  const cleared = settledYet(j);
  const pending = load<u64>(j, Jit.pending);
  E.ifHinted(j, E.VOID, false);
  writeEnd(j, b, rec, false);
  E.end(j);
  unsettle(j, cleared, pending);
}

@inline
function isBackward(j: usize, from: i32, to: i32): bool {
  return orderOf(j, to) <= orderOf(j, from);
}

/** Instead of a page offset: RIP has the address already. */
const AT_RIP: i32 = i32.MIN_VALUE;

function aimAt(j: usize, offset: i32): void {
  if (offset != AT_RIP) setRip(j, offset);
}

/** Takes a direct branch. */
function branchTo(j: usize, from: i32, to: i32, offset: i32): void {
  if (to >= 0) {
    goTo(j, from, to, offset);
    return;
  }
  pushTarget(j, offset);
  E.set(j, L.RIP);
  branchAtRip(j);
}

/** Whether the x87's stack is as block `to` has it. */
function isAsPlanned(j: usize, to: i32): bool {
  return !hasStack(j) || plannedState(j, to) == load<u32>(j, Jit.stackState);
}

/** Goes to block `to`, or, if that is -1, out of the region to the page offset. */
function goTo(j: usize, from: i32, to: i32, offset: i32): void {
  endBlock(j);
  if (to < 0 || !isAsPlanned(j, to)) {
    aimAt(j, offset);
    branchAtRip(j);
    return;
  }
  const b = blockAddress(j, to);
  const owed = load<u32>(j, Jit.owed);
  if (isBackward(j, from, to)) {
    // The place where fuel and requests are looked at.
    payFuel(j);
    pushDisturbed(j);
    E.ifHinted(j, E.VOID, false);
    aimAt(j, offset);
    exitAtRip(j, L.EXIT_LOOKUP);
    E.end(j);
    E.br(j, load<u32>(b, Jit.bLabel));
  } else if (isMerge(j, to)) {
    payFuel(j);
    E.br(j, load<u32>(b, Jit.bLabel));
  } else {
    if (load<u32>(b, Jit.bLoop) != 0) payFuel(j);
    writeOnTheWay(j, to);
  }
  // Other branches of the same block begin unpaid, as this one did.
  store<u32>(j, owed, Jit.owed);
}

/** Writes block n and all that it dominates in the middle of another block, of which as much is known afterwards as before. */
function writeOnTheWay(j: usize, n: i32): void {
  const flags = load<u32>(j, Jit.flagKind);
  const stack = load<u32>(j, Jit.stackState);
  const pending = load<u64>(j, Jit.pending);
  const flow = load<u32>(j, Jit.flow);
  writeTree(j, n);
  store<u32>(j, flags, Jit.flagKind);
  store<u32>(j, stack, Jit.stackState);
  store<u64>(j, pending, Jit.pending);
  store<u32>(j, flow, Jit.flow);
}
