// Which registers a region loads where it begins and behind calls: those that may be read before they are written. And which
// it stores where it is left: those that it has written since the CPU's memory was up to date last, *pending* ones. Writing
// the region for the first time finds out what each basic block does to them; `solve` makes that the knowledge with which
// it is written for the second time.
//
// Sets: bit n = general register n, FLAGS, bit 32 + n = xmm register n.

import * as Jit from "../layout/jit";
import { blockAddress } from "./region";
import { inOrder } from "./structure";

export const GENERAL: u64 = 0xffff;
export const FLAGS: u64 = 0x10000;
export const VECTORS_SHIFT = 32;
export const ALL: u64 = u64.MAX_VALUE;

@inline
function flowOf(j: usize, n: i32): usize {
  return j + Jit.flows + <usize>n * Jit.FLOW_SIZE;
}

@inline
function current(j: usize): usize {
  return <usize>load<u32>(j, Jit.flow);
}

/** Nothing is known: the region is about to be written for the first time. */
export function forgetFlow(j: usize): void {
  memory.fill(j + Jit.flows, 0, <usize>load<u32>(j, Jit.blockCount) * Jit.FLOW_SIZE);
}

export function beginBlock(j: usize, n: i32): void {
  const flow = flowOf(j, n);
  store<u32>(j, <u32>flow, Jit.flow);
  store<u64>(j, load<u64>(flow, Jit.fPending), Jit.pending);
  beginInstruction(j);
}

/** What leaves before the instruction under translation leaves with what is pending now. */
export function beginInstruction(j: usize): void {
  store<u64>(j, load<u64>(j, Jit.pending), Jit.pendingBefore);
}

/** The block's code is written but for its branches. */
export function endBlock(j: usize): void {
  store<u64>(current(j), load<u64>(j, Jit.pending), Jit.fLeft);
}

export function reads(j: usize, set: u64): void {
  const flow = current(j);
  store<u64>(flow, load<u64>(flow, Jit.fRead) | (set & ~load<u64>(flow, Jit.fWritten)), Jit.fRead);
}

export function writes(j: usize, set: u64): void {
  loaded(j, set);
  store<u64>(j, load<u64>(j, Jit.pending) | set, Jit.pending);
}

/** Locals were given the values that are in memory. */
export function loaded(j: usize, set: u64): void {
  const flow = current(j);
  store<u64>(flow, load<u64>(flow, Jit.fWritten) | set, Jit.fWritten);
}

/** Memory was given the values of locals, or those are no more. */
export function settled(j: usize, set: u64): void {
  const flow = current(j);
  store<u64>(flow, load<u64>(flow, Jit.fCleared) | set, Jit.fCleared);
  store<u64>(j, load<u64>(j, Jit.pending) & ~set, Jit.pending);
}

/** What `settled` has noted of the current block; with `unsettle`, for one of two ways through it. */
export function settledYet(j: usize): u64 {
  return load<u64>(current(j), Jit.fCleared);
}

export function unsettle(j: usize, cleared: u64, pending: u64): void {
  store<u64>(current(j), cleared, Jit.fCleared);
  store<u64>(j, pending, Jit.pending);
}

/** What must be loaded before block n, in front of which all state is in memory; n = -1: nothing. */
export function liveAt(j: usize, n: i32): u64 {
  return n < 0 ? 0 : load<u64>(flowOf(j, n), Jit.fLive);
}

export function solve(j: usize): void {
  const count = reached(j);
  while (spreadPending(j, count)) {}
  while (spreadLive(j, count)) {}
}

/** Blocks that are numbered. */
function reached(j: usize): i32 {
  let count: i32 = 0;
  for (let n: u32 = 0; n < load<u32>(j, Jit.blockCount); n++) {
    if (load<i32>(blockAddress(j, n), Jit.bOrder) >= 0) count++;
  }
  return count;
}

/** One pass forward; true if something changed. */
function spreadPending(j: usize, count: i32): bool {
  let changed = false;
  for (let i: i32 = 0; i < count; i++) {
    const n = inOrder(j, i);
    const flow = flowOf(j, n);
    const left = (load<u64>(flow, Jit.fPending) & ~load<u64>(flow, Jit.fCleared)) | load<u64>(flow, Jit.fLeft);
    if (addPending(j, load<i32>(blockAddress(j, n), Jit.bTaken), left)) changed = true;
    if (addPending(j, load<i32>(blockAddress(j, n), Jit.bFall), left)) changed = true;
  }
  return changed;
}

function addPending(j: usize, n: i32, set: u64): bool {
  if (n < 0) return false;
  const flow = flowOf(j, n);
  const known = load<u64>(flow, Jit.fPending);
  store<u64>(flow, known | set, Jit.fPending);
  return (set & ~known) != 0;
}

/**
 * One pass backward; true if something changed. What is pending at a block's beginning counts as read there: the region may
 * be left at once, and not every path to it has written it.
 */
function spreadLive(j: usize, count: i32): bool {
  let changed = false;
  for (let i: i32 = count - 1; i >= 0; i--) {
    const n = inOrder(j, i);
    const b = blockAddress(j, n);
    const flow = flowOf(j, n);
    const after = reloads(b) ? 0 : liveAt(j, load<i32>(b, Jit.bTaken)) | liveAt(j, load<i32>(b, Jit.bFall));
    const live = load<u64>(flow, Jit.fRead) | load<u64>(flow, Jit.fPending) | (after & ~load<u64>(flow, Jit.fWritten));
    if (live != load<u64>(flow, Jit.fLive)) changed = true;
    store<u64>(flow, live, Jit.fLive);
  }
  return changed;
}

/** Whether others run at the end of a block, and what follows is loaded anew. */
function reloads(b: usize): bool {
  const term = load<u32>(b, Jit.bTerm);
  if (term == Jit.TERM_CALL) return load<i32>(b, Jit.bReturn) < 0;
  return term == Jit.TERM_CALL_RM || term == Jit.TERM_END;
}
