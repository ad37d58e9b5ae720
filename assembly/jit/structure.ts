// Control flow: reverse postorder, dominators, loops; and the order in which structured code is written (after Norman
// Ramsey, "Beyond Relooper", ICFP 2022). A region whose loops have several entries cannot be written this way.

import * as Jit from "../layout/jit";
import { blockAddress, firstBlock } from "./region";

@inline
function taken(b: usize): i32 {
  return load<i32>(b, Jit.bTaken);
}

@inline
function fall(b: usize): i32 {
  return load<i32>(b, Jit.bFall);
}

@inline
export function orderOf(j: usize, n: i32): i32 {
  return load<i32>(blockAddress(j, n), Jit.bOrder);
}

/**
 * Analyses the blocks of the region. Control flow that is not reducible is refused, or, with `cut`, freed of the branches
 * that enter a loop beside its head: they leave the region. Mostly its entry is the other way into that loop, and they lead
 * to where a better region begins.
 */
export function analyse(j: usize, cut: bool): bool {
  while (!analyseOnce(j)) if (!cut) return false;
  return true;
}

/** Returns false for irreducible control flow, after the first branch that makes it so is gone. */
function analyseOnce(j: usize): bool {
  const count = load<u32>(j, Jit.blockCount);
  for (let n: u32 = 0; n < count; n++) {
    const b = blockAddress(j, n);
    store<i32>(b, -1, Jit.bOrder);
    store<i32>(b, -1, Jit.bDominator);
    store<u32>(b, 0, Jit.bForwardPreds);
    store<u32>(b, 0, Jit.bLoop);
    store<i32>(b, -1, Jit.bOnlyPred);
    store<i32>(b, -1, Jit.bLabel);
  }
  const reached = number(j, firstBlock(j));
  findDominators(j, reached);
  return classifyEdges(j, reached);
}

@inline
export function inOrder(j: usize, i: i32): i32 {
  return load<i32>(j + Jit.order + ((<usize>i) << 2));
}

/** Numbers the reached blocks in reverse postorder; returns how many there are. */
function number(j: usize, root: i32): i32 {
  // The stack holds block << 2 | edges already followed.
  const stack = j + Jit.stack;
  let top: usize = 0;
  let finished: i32 = 0;
  store<i32>(stack, root << 2);
  store<i32>(blockAddress(j, root), -2, Jit.bOrder);
  top = 1;
  while (top != 0) {
    const slot = stack + ((top - 1) << 2);
    const entry = load<i32>(slot);
    const n = entry >> 2;
    const b = blockAddress(j, n);
    const edge = entry & 3;
    if (edge == 2) {
      store<i32>(j + Jit.order + ((<usize>finished) << 2), n);
      finished++;
      top--;
      continue;
    }
    store<i32>(slot, entry + 1);
    // The fall-through last, so that it comes first in reverse postorder.
    const next = edge == 0 ? taken(b) : fall(b);
    if (next >= 0 && orderOf(j, next) == -1) {
      store<i32>(blockAddress(j, next), -2, Jit.bOrder);
      store<i32>(stack + (top << 2), next << 2);
      top++;
    }
  }
  reverse(j, finished);
  return finished;
}

function reverse(j: usize, count: i32): void {
  const list = j + Jit.order;
  for (let i: i32 = 0, k: i32 = count - 1; i < k; i++, k--) {
    const other = load<i32>(list + ((<usize>i) << 2));
    store<i32>(list + ((<usize>i) << 2), load<i32>(list + ((<usize>k) << 2)));
    store<i32>(list + ((<usize>k) << 2), other);
  }
  for (let i: i32 = 0; i < count; i++) store<i32>(blockAddress(j, inOrder(j, i)), i, Jit.bOrder);
}

/** Cooper, Harvey and Kennedy's iteration; regions are small. */
function findDominators(j: usize, count: i32): void {
  store<i32>(blockAddress(j, inOrder(j, 0)), inOrder(j, 0), Jit.bDominator);
  let changed = true;
  while (changed) {
    changed = false;
    for (let i: i32 = 1; i < count; i++) {
      const n = inOrder(j, i);
      let best = -1;
      for (let k: i32 = 0; k < count; k++) {
        const p = inOrder(j, k);
        const b = blockAddress(j, p);
        if (taken(b) != n && fall(b) != n) continue;
        if (load<i32>(b, Jit.bDominator) < 0) continue;
        best = best < 0 ? p : common(j, best, p);
      }
      if (load<i32>(blockAddress(j, n), Jit.bDominator) != best) {
        store<i32>(blockAddress(j, n), best, Jit.bDominator);
        changed = true;
      }
    }
  }
}

function common(j: usize, a: i32, b: i32): i32 {
  while (a != b) {
    while (orderOf(j, a) > orderOf(j, b)) a = load<i32>(blockAddress(j, a), Jit.bDominator);
    while (orderOf(j, b) > orderOf(j, a)) b = load<i32>(blockAddress(j, b), Jit.bDominator);
  }
  return a;
}

export function dominates(j: usize, a: i32, b: i32): bool {
  while (orderOf(j, b) > orderOf(j, a)) b = load<i32>(blockAddress(j, b), Jit.bDominator);
  return a == b;
}

/** Counts forward edges into each block, marks loop heads; false if a back edge enters a loop beside its head. */
function classifyEdges(j: usize, count: i32): bool {
  for (let i: i32 = 0; i < count; i++) {
    const n = inOrder(j, i);
    const b = blockAddress(j, n);
    if (!classifyEdge(j, n, taken(b))) return false;
    // Both ways to the same block are one edge.
    if (fall(b) != taken(b) && !classifyEdge(j, n, fall(b))) return false;
  }
  return true;
}

function classifyEdge(j: usize, from: i32, to: i32): bool {
  if (to < 0) return true;
  const b = blockAddress(j, to);
  if (orderOf(j, to) <= orderOf(j, from)) {
    store<u32>(b, 1, Jit.bLoop);
    if (dominates(j, to, from)) return true;
    cutEdge(blockAddress(j, from), to);
    return false;
  }
  const preds = load<u32>(b, Jit.bForwardPreds) + 1;
  store<u32>(b, preds, Jit.bForwardPreds);
  store<i32>(b, preds == 1 ? from : -1, Jit.bOnlyPred);
  return true;
}

function cutEdge(b: usize, to: i32): void {
  if (taken(b) == to) store<i32>(b, -1, Jit.bTaken);
  if (fall(b) == to) store<i32>(b, -1, Jit.bFall);
}

/** Blocks where forward edges meet get a label of their own around what comes before them. */
@inline
export function isMerge(j: usize, n: i32): bool {
  return load<u32>(blockAddress(j, n), Jit.bForwardPreds) > 1;
}
