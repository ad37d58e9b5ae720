// Branches whose target is found at run time, but mostly lies in the region: a chain of blocks, each of which compares RIP
// with the address of one block. RET leads through the one of the places behind calls, indirect jumps through the one of the
// places where they led before. Thereby a callee, or the loop of a bytecode interpreter, keeps its registers in locals.

import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import { blocksOfPage } from "../cpu/code_cache";
import { blockAddress, blockAtOffset, isJumpTarget, PAGE, successor } from "./region";

/** The longer a chain, the longer the way to its last block. */
const LONGEST: u32 = 16;

/** Leads the region's calls, returns and indirect jumps to its own blocks, as far as it shall (Jit.follow). */
export function connect(cpu: usize, j: usize): void {
  const follow = load<u32>(j, Jit.follow);
  if (follow != Jit.FOLLOW_DIRECT) leadTo(j, Jit.TERM_JMP_RM, chainOfJumps(cpu, j));
  if (follow == Jit.FOLLOW_CALLS && connectCalls(j)) leadTo(j, Jit.TERM_RET, chainOfReturns(j));
}

/** Makes calls whose callee is closed jumps to it; true if there are any. */
function connectCalls(j: usize): bool {
  const count = load<u32>(j, Jit.blockCount);
  let any = false;
  for (let n: u32 = 0; n < count; n++) {
    const b = blockAddress(j, n);
    if (load<u32>(b, Jit.bTerm) != Jit.TERM_CALL) continue;
    const callee = successor(j, load<u32>(<usize>load<u32>(b, Jit.bTermRecord), Record.imm));
    const back = load<i32>(b, Jit.bFall);
    if (callee < 0 || back < 0 || !isClosed(j, callee)) continue;
    store<i32>(b, callee, Jit.bTaken);
    store<i32>(b, back, Jit.bReturn);
    any = true;
  }
  // Only now, since isClosed goes on behind calls.
  for (let n: u32 = 0; n < count; n++) {
    const b = blockAddress(j, n);
    if (load<i32>(b, Jit.bReturn) >= 0) store<i32>(b, -1, Jit.bFall);
  }
  return any;
}

/**
 * Whether what starts at a block ends with RET and, but for branches that were not taken often, nowhere else. Had the callee
 * been left otherwise, its return would unwind all callers. Of branches to other pages nobody knows how often they are taken.
 */
function isClosed(j: usize, callee: i32): bool {
  const count = load<u32>(j, Jit.blockCount);
  for (let n: u32 = 0; n < count; n++) store<i32>(blockAddress(j, n), 0, Jit.bLabel);
  const stack = j + Jit.stack;
  let top: usize = 0;
  let returns = false;
  store<i32>(stack, callee);
  store<i32>(blockAddress(j, callee), 1, Jit.bLabel);
  top = 1;
  while (top != 0) {
    top--;
    const b = blockAddress(j, load<i32>(stack + (top << 2)));
    const term = load<u32>(b, Jit.bTerm);
    if (term == Jit.TERM_RET) returns = true;
    const taken: i32 = term == Jit.TERM_CALL ? -1 : load<i32>(b, Jit.bTaken);
    const fall = load<i32>(b, Jit.bFall);
    if (taken < 0 && fall < 0 && term != Jit.TERM_RET) return false;
    if (term == Jit.TERM_JCC && leavesPage(b)) return false;
    top = pushOnce(j, stack, top, taken);
    top = pushOnce(j, stack, top, fall);
  }
  return returns;
}

/** Whether a conditional branch leads to another page, one way or the other. */
function leavesPage(b: usize): bool {
  return load<u32>(<usize>load<u32>(b, Jit.bTermRecord), Record.imm) >= PAGE || load<u32>(b, Jit.bEnd) >= PAGE;
}

function pushOnce(j: usize, stack: usize, top: usize, n: i32): usize {
  if (n < 0 || load<i32>(blockAddress(j, n), Jit.bLabel) != 0) return top;
  store<i32>(blockAddress(j, n), 1, Jit.bLabel);
  store<i32>(stack + (top << 2), n);
  return top + 1;
}

/** All blocks with a terminator go to the chain's first block. */
function leadTo(j: usize, term: u32, chain: i32): void {
  const count = load<u32>(j, Jit.blockCount);
  for (let n: u32 = 0; n < count; n++) {
    const b = blockAddress(j, n);
    if (load<u32>(b, Jit.bTerm) == term) store<i32>(b, chain, Jit.bTaken);
  }
}

function chainOfReturns(j: usize): i32 {
  const count = load<u32>(j, Jit.blockCount);
  let chain = -1;
  for (let n: u32 = 0, length: u32 = 0; n < count && length < LONGEST; n++) {
    const target = load<i32>(blockAddress(j, n), Jit.bReturn);
    if (target < 0) continue;
    chain = addMatch(j, target, chain, Jit.TERM_RET);
    length++;
  }
  return chain;
}

function chainOfJumps(cpu: usize, j: usize): i32 {
  let chain = -1;
  let length: u32 = 0;
  let head = blocksOfPage(cpu, <usize>load<u32>(j, Jit.pageHost));
  for (; head != 0 && length < LONGEST; head = <usize>load<u32>(head, Record.headNextInPage)) {
    if (!isJumpTarget(cpu, j, head)) continue;
    const target = blockAtOffset(j, load<u32>(head, Record.headHost) & 0xfff);
    if (target < 0) continue;
    chain = addMatch(j, target, chain, Jit.TERM_JMP_RM);
    length++;
  }
  return chain;
}

/** Adds a block that leads to `target` or else to `next`, -1 = out the way that blocks with the terminator `term` go; returns it. */
function addMatch(j: usize, target: i32, next: i32, term: u32): i32 {
  const n = load<u32>(j, Jit.blockCount);
  if (n == Jit.MAX_BLOCKS) return next;
  const b = blockAddress(j, n);
  store<u32>(b, load<u32>(blockAddress(j, target), Jit.bOffset), Jit.bOffset);
  store<u32>(b, 0, Jit.bCount);
  store<u32>(b, Jit.TERM_MATCH, Jit.bTerm);
  store<u32>(b, term, Jit.bTermRecord);
  store<i32>(b, target, Jit.bTaken);
  store<i32>(b, next, Jit.bFall);
  store<i32>(b, -1, Jit.bReturn);
  store<u32>(j, n + 1, Jit.blockCount);
  return <i32>n;
}
