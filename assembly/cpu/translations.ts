// Which translations there are: slots of the function table, and the modules that they came with. An engine keeps a
// module, about five times as large as what is counted here, as long as one of its functions is in the table or runs. So
// modules go, those first that have not been used for the longest time, when all together are too large; and at once when
// the guest has overwritten all their code. Freed slots are used again before those that never were, so that the functions
// in them are overwritten soon, which is what lets the engine free them.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";

/** Modules are as old as the time slices since they were used; compiling all the bytes allowed takes so many slices. */
const SLICES: u32 = 32;
/** A part of what is allowed is freed at once, since that needs a look at all modules, and empties the jump cache. */
const SHARE_FREED: u32 = 16;

@inline
function slotEntry(j: usize, slot: u32): usize {
  return j + Jit.slots + <usize>slot * Jit.SLOT_SIZE;
}

@inline
function moduleEntry(j: usize, module: u32): usize {
  return j + Jit.modulesAt + <usize>module * Jit.MODULE_ENTRY;
}

/** No slot has a translation, no module has a slot. */
export function resetTranslations(j: usize): void {
  for (let slot: u32 = Jit.FIRST_SLOT; slot < <u32>Jit.SLOTS_END; slot++) {
    store<u32>(slotEntry(j, slot), 0, Jit.slotHead);
    store<u32>(slotEntry(j, slot), slot + 1, Jit.slotNext);
  }
  store<u32>(slotEntry(j, Jit.SLOTS_END - 1), 0, Jit.slotNext);
  store<u32>(j, Jit.FIRST_SLOT, Jit.freeSlot);
  store<u32>(j, Jit.SLOTS_END - Jit.FIRST_SLOT, Jit.freeSlots);
  store<u32>(j, 0, Jit.moduleCount);
  store<u32>(j, 0, Jit.freeModule);
  store<u32>(j, 0, Jit.bytesKept);
  forgetWays(j);
}

/** Empties the jump cache: whoever is entered from now on is so by the run loop, which notes it. */
function forgetWays(j: usize): void {
  memory.fill(j + Jit.jumpCache, 0, Jit.JUMP_CACHE_SIZE);
}

/** The translation in a slot was entered. */
@inline
export function noteUse(j: usize, slot: u32): void {
  store<u32>(moduleEntry(j, load<u32>(slotEntry(j, slot), Jit.slotModule)), load<u32>(j, Jit.slice), Jit.moduleUsed);
}

/** Slot of the nth function that is compiled next: the free ones are a list. */
export function nextFree(j: usize, slot: u32): u32 {
  return load<u32>(slotEntry(j, slot), Jit.slotNext);
}

/** Head of the block whose translation is in a slot; 0 if it is gone. */
export function headInSlot(j: usize, slot: u32): usize {
  if (slot < <u32>Jit.FIRST_SLOT || slot >= <u32>Jit.SLOTS_END) return 0;
  const head = <usize>load<u32>(slotEntry(j, slot), Jit.slotHead);
  return head != 0 && translationOf(head) == slot ? head : 0;
}

/** Slot of a block's translation, 0 if it has none. */
export function translationOf(head: usize): u32 {
  const code = load<i32>(head, Record.headCode);
  return code > 0 ? code : load<u32>(head, Record.headChecked);
}

/**
 * A module of `bytes` bytes was compiled into the first `count` free slots, for the blocks in the batch. Those that still
 * wait for it must take their slots, in this order.
 */
export function addModule(j: usize, bytes: u32, count: u32): void {
  const module = takeModule(j);
  const entry = moduleEntry(j, module);
  store<u32>(entry, load<u32>(j, Jit.freeSlot), Jit.moduleSlot);
  store<u32>(entry, bytes, Jit.moduleBytes);
  store<u32>(entry, load<u32>(j, Jit.slice), Jit.moduleUsed);
  store<u32>(entry, count, Jit.moduleLive);
  let slot = load<u32>(j, Jit.freeSlot);
  for (let i: u32 = 0; i < count; i++) {
    const at = slotEntry(j, slot);
    store<u32>(at, load<u32>(j + Jit.batchHeads + ((<usize>i) << 2)), Jit.slotHead);
    store<u32>(at, module, Jit.slotModule);
    store<u32>(at, 0, Jit.slotStops);
    slot = load<u32>(at, Jit.slotNext);
    if (i + 1 == count) store<u32>(at, 0, Jit.slotNext);
  }
  store<u32>(j, slot, Jit.freeSlot);
  store<u32>(j, load<u32>(j, Jit.freeSlots) - count, Jit.freeSlots);
  store<u32>(j, load<u32>(j, Jit.bytesKept) + bytes, Jit.bytesKept);
  passTime(j, bytes);
}

function takeModule(j: usize): u32 {
  const free = load<u32>(j, Jit.freeModule);
  if (free != 0) {
    store<u32>(j, load<u32>(moduleEntry(j, free), Jit.moduleSlot), Jit.freeModule);
    return free;
  }
  // The first is 1: there are never more of them than slots.
  const count = load<u32>(j, Jit.moduleCount) + 1;
  store<u32>(j, count, Jit.moduleCount);
  return count;
}

function passTime(j: usize, bytes: u32): void {
  const passed = load<u32>(j, Jit.sliceBytes) + bytes;
  store<u32>(j, passed, Jit.sliceBytes);
  if (passed < load<u32>(j, Jit.bytesAllowed) / SLICES) return;
  store<u32>(j, 0, Jit.sliceBytes);
  store<u32>(j, load<u32>(j, Jit.slice) + 1, Jit.slice);
  forgetWays(j);
}

/** The block of a translation is no more. The caller makes jump cache entries stale. */
export function dropTranslation(j: usize, slot: u32): void {
  const at = slotEntry(j, slot);
  store<u32>(at, 0, Jit.slotHead);
  const module = load<u32>(at, Jit.slotModule);
  const entry = moduleEntry(j, module);
  const live = load<u32>(entry, Jit.moduleLive) - 1;
  store<u32>(entry, live, Jit.moduleLive);
  if (live == 0) freeModule(j, module);
}

/** Its slots are the next that are used. */
function freeModule(j: usize, module: u32): void {
  const entry = moduleEntry(j, module);
  const first = load<u32>(entry, Jit.moduleSlot);
  let last = first;
  let count: u32 = 1;
  for (; load<u32>(slotEntry(j, last), Jit.slotNext) != 0; count++) last = load<u32>(slotEntry(j, last), Jit.slotNext);
  store<u32>(slotEntry(j, last), load<u32>(j, Jit.freeSlot), Jit.slotNext);
  store<u32>(j, first, Jit.freeSlot);
  store<u32>(j, load<u32>(j, Jit.freeSlots) + count, Jit.freeSlots);
  store<u32>(j, load<u32>(j, Jit.bytesKept) - load<u32>(entry, Jit.moduleBytes), Jit.bytesKept);
  store<u64>(j, load<u64>(j, Jit.modulesDropped) + 1, Jit.modulesDropped);
  store<u32>(entry, 0, Jit.moduleBytes);
  store<u32>(entry, load<u32>(j, Jit.freeModule), Jit.moduleSlot);
  store<u32>(j, module, Jit.freeModule);
}

/** Makes room for a module of at most `bytes` bytes and BATCH_MAX functions. Between blocks, with all regions left. */
export function makeRoom(cpu: usize, bytes: u32): void {
  const j = cpu + Cpu.jit;
  if (!isTight(j, bytes, Jit.BATCH_MAX)) return;
  const share = load<u32>(j, Jit.bytesAllowed) / SHARE_FREED;
  for (let slice = oldest(j); slice <= load<u32>(j, Jit.slice); slice++) {
    if (!evictUsedIn(cpu, j, slice, bytes + share)) break;
  }
  forgetWays(j);
}

/** Whether so much more is too much. */
function isTight(j: usize, bytes: u32, slots: u32): bool {
  return load<u32>(j, Jit.bytesKept) + bytes > load<u32>(j, Jit.bytesAllowed) || load<u32>(j, Jit.freeSlots) < slots;
}

/** The time slice in which the module that was not used for the longest time was used. */
function oldest(j: usize): u32 {
  let slice = load<u32>(j, Jit.slice);
  for (let module = load<u32>(j, Jit.moduleCount); module != 0; module--) {
    const entry = moduleEntry(j, module);
    if (load<u32>(entry, Jit.moduleBytes) != 0) slice = min(slice, load<u32>(entry, Jit.moduleUsed));
  }
  return slice;
}

/** Evicts modules that were used last in a time slice; false as soon as there is room enough. */
function evictUsedIn(cpu: usize, j: usize, slice: u32, bytes: u32): bool {
  const count = load<u32>(j, Jit.moduleCount);
  for (let module: u32 = 1; module <= count; module++) {
    if (!isTight(j, bytes, Jit.SLOTS_END / SHARE_FREED)) return false;
    const entry = moduleEntry(j, module);
    if (load<u32>(entry, Jit.moduleBytes) != 0 && load<u32>(entry, Jit.moduleUsed) == slice) evict(cpu, j, module);
  }
  return true;
}

/** The blocks of a module become hot once more if they are still needed. */
function evict(cpu: usize, j: usize, module: u32): void {
  let slot = load<u32>(moduleEntry(j, module), Jit.moduleSlot);
  for (; slot != 0; slot = load<u32>(slotEntry(j, slot), Jit.slotNext)) {
    const head = <usize>load<u32>(slotEntry(j, slot), Jit.slotHead);
    store<u32>(slotEntry(j, slot), 0, Jit.slotHead);
    if (head == 0 || translationOf(head) != slot) continue;
    store<i32>(head, load<i32>(cpu, Cpu.hotStart), Record.headCode);
    store<u32>(head, 0, Record.headChecked);
    store<u64>(j, load<u64>(j, Jit.regionsEvicted) + 1, Jit.regionsEvicted);
  }
  freeModule(j, module);
}
