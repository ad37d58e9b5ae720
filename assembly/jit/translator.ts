// From hot blocks to table slots: translates regions, collects them into batches, compiles these.

import { countAnew, dropTranslations, emptyBatch, flushCodeCache, hasRoom, isPending } from "../cpu/code_cache";
import { addModule, dropTranslation, headInSlot, makeRoom, nextFree } from "../cpu/translations";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import { connect } from "./chain";
import { forgetFlow, solve } from "./flow";
import { writeRegion } from "./function";
import * as L from "./locals";
import { appendFunction, compileBatch, hasRoomFor, writeModule } from "./module";
import { blockAddress, findRegion, firstBlock } from "./region";
import { analyse } from "./structure";
import { planStack } from "./x87_plan";

/** Regions that are compiled together: a module costs the engine about a millisecond, however small it is. */
const BATCH_WANTED: u32 = Jit.BATCH_MAX;
/** Returns of the run loop, some milliseconds apart, for which a batch waits for more. */
const PATIENCE: u32 = 6;
/** Records that decoding for a region can make, with their heads. */
const DECODE_ROOM: u32 = 0x80000;
/** A function above this many bytes of code would keep the engine's compiler busy for too long. */
const CODE_MAX: u32 = 60000;

@inline
function jitOf(cpu: usize): usize {
  return cpu + Cpu.jit;
}

@inline
function count(j: usize, counter: usize, by: u64): void {
  store<u64>(j + counter, load<u64>(j + counter) + by);
}

export function resetTranslator(cpu: usize): void {
  const j = jitOf(cpu);
  // Forced, whatever ran once is translated: only the function table is the limit then.
  const forced = load<u32>(cpu, Cpu.jitMode) == Cpu.JIT_FORCE;
  store<u32>(j, forced ? i32.MAX_VALUE : Jit.MODULE_BYTES_MAX, Jit.bytesAllowed);
  dropTranslations(cpu);
}

/** Translates the region that starts with the block `head`, in time: it is compiled with its batch. */
export function translateBlock(cpu: usize, head: usize): void {
  const j = jitOf(cpu);
  store<i32>(head, Record.CODE_NEVER, Record.headCode);
  if (!hasTranslation(load<u32>(head, Record.headMode)) || load<u32>(cpu, Cpu.jitMode) == Cpu.JIT_OFF) return;
  if (!hasRoom(cpu, DECODE_ROOM)) {
    // What is hot now gets hot again: programs end, and the code that others make for themselves is dropped.
    flushCodeCache(cpu);
    return;
  }
  if (!writeFunction(cpu, j, head)) {
    count(j, Jit.refused, 1);
    return;
  }
  const end = load<u32>(j, Jit.cursor);
  count(j, Jit.bytesEmitted, end - <u32>(j + Jit.body));
  if (!hasRoomFor(j)) {
    compilePending(cpu);
    store<u32>(j, end, Jit.cursor);
  }
  const batch = load<u32>(j, Jit.batchCount);
  appendFunction(j);
  store<u32>(j + Jit.batchHeads + ((<usize>batch) << 2), <u32>head);
  store<i32>(head, Record.CODE_PENDING, Record.headCode);
  coolBlocks(cpu, j);
  count(j, Jit.regionsTranslated, 1);
  count(j, Jit.instructionsTranslated, load<u32>(j, Jit.regionSize));
  const wanted: u32 = load<u32>(cpu, Cpu.jitMode) == Cpu.JIT_ON ? BATCH_WANTED : 1;
  if (batch + 1 >= wanted) compilePending(cpu);
}

/**
 * The region's other blocks must become hot once more before they begin regions of their own: until this one is compiled,
 * they are still entered, and all blocks of a loop would be translated with all of the loop.
 */
function coolBlocks(cpu: usize, j: usize): void {
  const page = <usize>load<u32>(j, Jit.pageHost);
  for (let n: u32 = 0; n < load<u32>(j, Jit.blockCount); n++) {
    const b = blockAddress(j, n);
    if (load<u32>(b, Jit.bTerm) != Jit.TERM_MATCH && load<i32>(b, Jit.bOrder) > 0) {
      countAnew(cpu, page + load<u32>(b, Jit.bOffset), load<u32>(j, Jit.mode));
    }
  }
}

/** Whether code with a mode key can be translated: that of other 32-bit code checks segments at every access. */
function hasTranslation(mode: u32): bool {
  const size = mode & Record.MODE_DECODE;
  return size == Record.MODE_64 || size == (Record.MODE_32 | Record.MODE_FLAT);
}

/** Writes the function of the region at `head` to Jit.body; false if it cannot be translated. */
function writeFunction(cpu: usize, j: usize, head: usize): bool {
  // As far as it can be written with structured control flow.
  let follow: i32 = Jit.FOLLOW_CALLS;
  while (!collect(cpu, j, head, <u32>follow)) {
    if (follow-- == Jit.FOLLOW_DIRECT) return false;
  }
  // A region that begins with an instruction for the interpreter would be left at once, always.
  const first = blockAddress(j, firstBlock(j));
  if (load<u32>(first, Jit.bCount) == 0) return false;
  store<u32>(j, 0, Jit.used);
  store<u32>(j, 0, Jit.flagsUsed);
  store<u32>(j, 0, Jit.dirty);
  store<u32>(j, 0, Jit.usedXmm);
  store<u32>(j, 0, Jit.dirtyXmm);
  store<u32>(j, 0, Jit.calls);
  forgetFlow(j);
  planStack(cpu, j, head);
  const stack = load<u32>(j, Jit.stackState);
  for (let pass = 0; pass < 2; pass++) {
    store<u32>(j, stack, Jit.stackState);
    store<u32>(j, <u32>(j + Jit.body), Jit.cursor);
    writeRegion(j);
    if (load<u32>(j, Jit.cursor) - <u32>(j + Jit.body) > CODE_MAX) return false;
    if (pass == 0) solve(j);
  }
  return true;
}

/** Finds the region's blocks and how they hang together; false if that cannot be written. */
function collect(cpu: usize, j: usize, head: usize, follow: u32): bool {
  if (!findRegion(cpu, j, head, follow)) return false;
  connect(cpu, j);
  return analyse(j, follow == Jit.FOLLOW_DIRECT);
}

/**
 * For tools: writes the translation in a table slot once more, as a module of its own at Jit.module, and returns the
 * length; 0 if its code is gone. The CPU stands still. What waits to be compiled is translated anew when it is entered.
 */
export function rewriteTranslation(cpu: usize, slot: i32): u32 {
  const j = jitOf(cpu);
  const head = headInSlot(j, slot);
  if (head == 0 || !hasRoom(cpu, DECODE_ROOM)) return 0;
  settleBatch(j, 0);
  if (!writeFunction(cpu, j, head)) return 0;
  appendFunction(j);
  const length = writeModule(j);
  emptyBatch(j);
  return length;
}

/** Compiles what has waited long enough. The run loop has returned. */
export function compileOverdue(cpu: usize): void {
  const j = jitOf(cpu);
  if (load<u32>(j, Jit.batchCount) == 0) return;
  const age = load<u32>(j, Jit.batchAge) + 1;
  store<u32>(j, age, Jit.batchAge);
  if (age >= PATIENCE) compilePending(cpu);
}

/** Compiles the batch and gives its blocks their slots. */
export function compilePending(cpu: usize): void {
  const j = jitOf(cpu);
  const regions = load<u32>(j, Jit.batchCount);
  if (regions == 0) return;
  makeRoom(cpu, load<u32>(j, Jit.batchEnd) - <u32>(j + Jit.bodies));
  const slot = load<u32>(j, Jit.freeSlot);
  const bytes = compileBatch(j);
  count(j, Jit.modules, 1);
  if (bytes != 0) {
    addModule(j, bytes, regions);
    giveSlots(j, slot);
    return;
  }
  count(j, Jit.refused, regions);
  settleBatch(j, Record.CODE_NEVER);
}

function headInBatch(j: usize, i: u32): usize {
  return <usize>load<u32>(j + Jit.batchHeads + ((<usize>i) << 2));
}

/** Ends the batch, whose blocks get the slots of the module that begins with `slot`. */
function giveSlots(j: usize, slot: u32): void {
  const checked = L.isChecked(j);
  for (let i: u32 = 0; slot != 0; i++) {
    const head = headInBatch(j, i);
    const next = nextFree(j, slot);
    // A block that was overwritten meanwhile is no longer pending.
    if (isPending(load<i32>(head, Record.headCode))) {
      store<u32>(head, checked ? slot : 0, Record.headChecked);
      store<i32>(head, checked ? 0 : slot, Record.headCode);
    } else dropTranslation(j, slot);
    slot = next;
  }
  emptyBatch(j);
}

/** Ends the batch, which was not compiled: its blocks get `code`. */
function settleBatch(j: usize, code: i32): void {
  const regions = load<u32>(j, Jit.batchCount);
  for (let i: u32 = 0; i < regions; i++) {
    const head = headInBatch(j, i);
    if (isPending(load<i32>(head, Record.headCode))) store<i32>(head, code, Record.headCode);
  }
  emptyBatch(j);
}
