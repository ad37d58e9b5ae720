// Moving the guest's state between the CPU's memory and the locals of a region.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as E from "./emit";
import { simdMemory, V128_LOAD, V128_STORE } from "./emit_simd";
import { storeFlags } from "./flag_store";
import * as Flow from "./flow";
import * as L from "./locals";
import { firstBlock, PAGE } from "./region";
import { FROM_FAULT, GO_ON, IN_PLACE } from "../cpu/region_exit";
import { hasStack, loadStack, pushMisfit, setStack, storeStack } from "./x87_state";

/** Loads one register. */
export function loadGpr(j: usize, n: u32): void {
  L.pushCpu(j);
  E.memory(j, L.isFlat(j) ? E.I32_LOAD : E.I64_LOAD, Cpu.gpr + n * 8);
  E.set(j, L.GPR + n);
}

export function storeGpr(j: usize, n: u32): void {
  L.pushCpu(j);
  E.get(j, L.GPR + n);
  if (L.isFlat(j)) E.op(j, E.I64_EXTEND_I32_U);
  E.memory(j, E.I64_STORE, Cpu.gpr + n * 8);
}

/** From here on the flags are those in the CPU's memory. Most code sets flags before it reads any: nothing is loaded. */
export function forgetFlags(j: usize): void {
  E.i32Const(j, L.FLAGS_IN_MEMORY);
  E.set(j, L.FLAG_KIND);
  store<u32>(j, Jit.FLAGS_UNKNOWN, Jit.flagKind);
}

function loadXmm(j: usize, n: u32): void {
  L.pushCpu(j);
  simdMemory(j, V128_LOAD, Cpu.xmm + n * Cpu.XMM_SIZE);
  E.set(j, L.XMM + n);
}

function storeXmm(j: usize, n: u32): void {
  L.pushCpu(j);
  E.get(j, L.XMM + n);
  simdMemory(j, V128_STORE, Cpu.xmm + n * Cpu.XMM_SIZE);
}

@inline
function hasBit(set: u64, n: u32): bool {
  return ((set >> n) & 1) != 0;
}

/** Loads those registers of a set that the region uses. */
export function loadSet(j: usize, set: u64): void {
  for (let n: u32 = 0; n < 16; n++) if (hasBit(set, n) && L.isUsed(j, n)) loadGpr(j, n);
  for (let n: u32 = 0; n < 16; n++) if (hasBit(set, Flow.VECTORS_SHIFT + n) && L.isXmmUsed(j, n)) loadXmm(j, n);
}

/** Stores the registers of a set, and the flags if they are in it. */
export function storeSet(j: usize, set: u64): void {
  for (let n: u32 = 0; n < 16; n++) if (hasBit(set, n)) storeGpr(j, n);
  if (set & Flow.FLAGS) storeFlags(j);
  for (let n: u32 = 0; n < 16; n++) if (hasBit(set, Flow.VECTORS_SHIFT + n)) storeXmm(j, n);
}

/** Stores all that memory does not have yet. */
export function storePending(j: usize): void {
  storeSet(j, load<u64>(j, Jit.pending));
  storeStack(j);
}

/** Makes the local MASK a set of registers that are to be stored on the way out. */
export function setMask(j: usize, set: u64): void {
  E.i32Const(j, <i32>((<u32>(set & Flow.GENERAL)) | ((<u32>(set >> Flow.VECTORS_SHIFT)) << 16)));
  E.set(j, L.MASK);
}

/** Stores the registers in MASK, the flags if they are in locals, and what the x87 has. */
function storeMasked(j: usize): void {
  for (let n: u32 = 0; n < 16; n++) {
    if (!L.isDirty(j, n)) continue;
    ifMasked(j, n);
    storeGpr(j, n);
    E.end(j);
  }
  for (let n: u32 = 0; n < 16; n++) {
    if (!L.isXmmDirty(j, n)) continue;
    ifMasked(j, 16 + n);
    storeXmm(j, n);
    E.end(j);
  }
  store<u32>(j, Jit.FLAGS_UNKNOWN, Jit.flagKind);
  if (L.isDirty(j, 16)) storeFlags(j);
  storeStack(j);
}

function ifMasked(j: usize, bit: u32): void {
  E.get(j, L.MASK);
  E.i32Const(j, 1 << bit);
  E.op(j, E.I32_AND);
  E.ifThen(j, E.VOID);
}

/** Pushes the fuel that is left. */
function pushFuel(j: usize): void {
  const owed = load<i32>(j, Jit.owed);
  E.get(j, L.FUEL);
  if (owed == 0) return;
  E.i32Const(j, owed);
  E.op(j, E.I32_SUB);
}

/**
 * Brings the local FUEL up to date. Blocks do not pay each for itself, but where control flow meets and where the region is
 * left. A way out by a fault is free.
 */
export function payFuel(j: usize): void {
  if (load<u32>(j, Jit.owed) == 0) return;
  pushFuel(j);
  E.set(j, L.FUEL);
  store<u32>(j, 0, Jit.owed);
}

export function storeFuel(j: usize): void {
  L.pushCpu(j);
  pushFuel(j);
  E.memory(j, E.I32_STORE, Cpu.fuel);
}

/** Pushes whether the fuel, which is paid, is used up or somebody asks for attention: Cpu.REQUESTED is more than any fuel. */
export function pushDisturbed(j: usize): void {
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.exitRequest);
  E.get(j, L.FUEL);
  E.op(j, E.I32_GT_S);
}

/** The region's beginning: TLB, fuel, page, registers. */
export function prologue(j: usize): void {
  E.get(j, L.RIP);
  E.i64Const(j, -4096);
  E.op(j, E.I64_AND);
  E.set(j, L.PAGE);
  if (load<u32>(j, Jit.calls) != 0) L.loadLocal(j, L.KEY, E.I32_LOAD, Cpu.jitKey);
  if (hasStack(j)) requireStack(j);
  loadAll(j, firstBlock(j));
  if (hasStack(j)) setStack(j, load<u32>(j, Jit.stackState));
}

/** Leaves unless the x87 is as it was when the region was translated. */
function requireStack(j: usize): void {
  pushMisfit(j);
  E.ifHinted(j, E.VOID, false);
  L.storeLocal(j, L.RIP, E.I64_STORE, Cpu.rip);
  L.pushCpu(j);
  E.i32Const(j, load<i32>(j, Jit.head));
  E.call(j, L.FN_MISFIT);
  E.set(j, L.EXIT);
  E.br(j, load<u32>(j, Jit.settledDepth));
  E.end(j);
}

/** Leaves for page + offset unless the x87 is as planned, after others have run. The state is in the CPU's memory. */
export function requireStackAgain(j: usize, offset: i32): void {
  if (!hasStack(j)) return;
  pushMisfit(j);
  E.ifHinted(j, E.VOID, false);
  setRip(j, offset);
  E.i32Const(j, L.EXIT_LOOKUP);
  E.set(j, L.EXIT);
  E.br(j, load<u32>(j, Jit.settledDepth));
  E.end(j);
  setStack(j, load<u32>(j, Jit.stackState));
}

/** TLB (which EFLAGS.AC moves), fuel, and the registers that block `next` wants, as others left them; -1 = it is not here. */
function loadAll(j: usize, next: i32): void {
  if (!L.isUser(j)) L.loadLocal(j, L.TLB, E.I32_LOAD, Cpu.tlb);
  L.loadLocal(j, L.FUEL, E.I32_LOAD, Cpu.fuel);
  store<u32>(j, 0, Jit.owed);
  loadSet(j, Flow.liveAt(j, next));
  loadStack(j);
  forgetFlags(j);
}

/** The same behind what others did at the end of a block. */
export function loadAgain(j: usize, next: i32): void {
  loadAll(j, next);
  Flow.settled(j, Flow.ALL);
}

/** Handlers find the address of their instruction by the page it is in. */
export function storePage(j: usize): void {
  L.storeLocal(j, L.PAGE, E.I64_STORE, Cpu.codePage);
}

/** Log2 of the size of a stack slot, and of what indirect branches read. */
@inline
export function slotSize(j: usize): u32 {
  return L.isFlat(j) ? 2 : 3;
}

/** Clears the upper half of the value on the stack. */
export function cutToHalf(j: usize): void {
  E.op(j, E.I32_WRAP_I64);
  E.op(j, E.I64_EXTEND_I32_U);
}

/** Makes an address, not yet cut to the mode's width, of the value on the stack. */
export function cutAddress(j: usize): void {
  if (L.isFlat(j)) cutToHalf(j);
}

/** Pushes the target of a direct branch: outside of the page it may lie beyond the end of a 32-bit address space. */
export function pushTarget(j: usize, offset: i32): void {
  pushAddress(j, offset);
  if (<u32>offset >= PAGE) cutAddress(j);
}

/** Pushes page + offset. */
export function pushAddress(j: usize, offset: i32): void {
  E.get(j, L.PAGE);
  if (offset != 0) {
    E.i64Const(j, offset);
    E.op(j, E.I64_ADD);
  }
}

/** Makes RIP page + offset. */
export function setRip(j: usize, offset: i32): void {
  pushAddress(j, offset);
  E.set(j, L.RIP);
}

/** Leaves the region for the instruction at page + offset. */
export function exitTo(j: usize, offset: i32, how: i32): void {
  setRip(j, offset);
  exitAtRip(j, how);
}

/** Leaves the region for the address in the local RIP. */
export function exitAtRip(j: usize, how: i32): void {
  exitWith(j, how, load<u64>(j, Jit.pending));
}

/** The same with this set of registers pending. */
export function exitWith(j: usize, how: i32, pending: u64): void {
  setMask(j, pending);
  payForPath(j);
  endPath(j, how, load<u32>(j, Jit.exitDepth));
}

/** The same by a branch, which is more frequent than other ways out: what is pending is stored here. */
export function branchAtRip(j: usize): void {
  storePending(j);
  payForPath(j);
  L.storeLocal(j, L.FUEL, E.I32_STORE, Cpu.fuel);
  endPath(j, L.EXIT_LOOKUP, load<u32>(j, Jit.settledDepth));
}

/** Pays for a path that ends here. Others go on unpaid. */
function payForPath(j: usize): void {
  const owed = load<u32>(j, Jit.owed);
  payFuel(j);
  store<u32>(j, owed, Jit.owed);
}

function endPath(j: usize, how: i32, label: u32): void {
  E.i32Const(j, how);
  E.set(j, L.EXIT);
  E.br(j, label);
}

/** Where accesses that fault come to: RIP is the instruction that the slow access was for, the interpreter takes over. */
export function exitAtFault(j: usize): void {
  E.get(j, L.PAGE);
  L.pushCpu(j);
  E.memory(j, E.I64_LOAD32_U, Cpu.leftAt);
  E.op(j, E.I64_ADD);
  E.set(j, L.RIP);
  E.i32Const(j, L.EXIT_INTERPRET);
  E.set(j, L.EXIT);
}

/** The common way out begins with all state back in memory. */
export function storeAll(j: usize): void {
  storeMasked(j);
  store<u32>(j, 0, Jit.owed);
  storeFuel(j);
}

/** Leaves the region after a handler that has changed state in memory, Cpu.rip too. */
export function exitSettled(j: usize): void {
  L.loadLocal(j, L.RIP, E.I64_LOAD, Cpu.rip);
  E.br(j, load<u32>(j, Jit.settledDepth));
}

/**
 * On to what RIP names: to its translation, if the region was left by a branch, nobody asks for attention and the jump
 * cache has it; else the interpreter executes what has none, until a translation can take over or somebody returns.
 */
export function goOn(j: usize): void {
  const miss = load<u32>(j, Jit.depth);
  E.block(j, E.VOID);
  E.get(j, L.EXIT);
  E.brIfHinted(j, miss, false);
  enterKnown(j, miss);
  E.end(j);
  E.loop(j);
  L.pushCpu(j);
  E.get(j, L.RIP);
  E.get(j, L.EXIT);
  E.i32Const(j, L.EXIT_INTERPRET);
  E.op(j, E.I32_AND);
  E.i32Const(j, <i32>ctz(FROM_FAULT));
  E.op(j, E.I32_SHL);
  E.get(j, L.DEPTH);
  E.op(j, E.I32_OR);
  E.i32Const(j, IN_PLACE);
  E.op(j, E.I32_OR);
  E.call(j, L.FN_INTERPRET);
  E.tee(j, L.RIP);
  E.i64Const(j, GO_ON);
  E.op(j, E.I64_EQ);
  E.ifThen(j, E.VOID);
  L.loadLocal(j, L.RIP, E.I64_LOAD, Cpu.rip);
  L.loadLocal(j, L.FUEL, E.I32_LOAD, Cpu.fuel);
  const again = load<u32>(j, Jit.depth);
  E.block(j, E.VOID);
  enterKnown(j, again);
  E.end(j);
  E.i32Const(j, L.EXIT_LOOKUP);
  E.set(j, L.EXIT);
  E.br(j, miss);
  E.end(j);
  E.get(j, L.RIP);
  E.returnOp(j);
  E.end(j);
  E.byte(j, E.UNREACHABLE);
}

/** Goes to the translation of RIP, or branches to a label if the jump cache has none or somebody asks for attention. */
function enterKnown(j: usize, label: u32): void {
  pushDisturbed(j);
  E.brIfHinted(j, label, false);
  unlessKnown(j, label);
  L.pushCpu(j);
  E.get(j, L.RIP);
  E.get(j, L.DEPTH);
  pushSlot(j);
  E.returnCallIndirect(j, L.TYPE_REGION);
}

const JUMP_CACHE = <u32>(Cpu.jit + Jit.jumpCache);

/** Makes ENTRY the jump cache entry of RIP, and branches to a label if it is somebody else's or stale. */
function unlessKnown(j: usize, label: u32): void {
  // entry = cpu + jit + jumpCache + ((rip << 4 ^ rip >> 6) & mask)
  L.pushCpu(j);
  E.get(j, L.RIP);
  E.i64Const(j, 4);
  E.op(j, E.I64_SHL);
  E.get(j, L.RIP);
  E.i64Const(j, 6);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I64_XOR);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, Jit.JUMP_CACHE_SIZE - 16);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_ADD);
  E.tee(j, L.ENTRY);
  E.memory(j, E.I64_LOAD, JUMP_CACHE + Jit.jcRip);
  E.get(j, L.RIP);
  E.op(j, E.I64_NE);
  E.brIfHinted(j, label, false);
  E.get(j, L.ENTRY);
  E.memory(j, E.I32_LOAD, JUMP_CACHE + Jit.jcKey);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.jitKey);
  E.op(j, E.I32_NE);
  E.brIfHinted(j, label, false);
}

function pushSlot(j: usize): void {
  E.get(j, L.ENTRY);
  E.memory(j, E.I32_LOAD, JUMP_CACHE + Jit.jcSlot);
}

/**
 * A call of the guest as a call of wasm, so that the engine and the host's processor predict the return: goes to RIP, by
 * the interpreter if it has no translation, and continues here, in the same region, when somebody returns to page + offset.
 * Anything else that comes back is for this region's caller. All state is in memory while the callee runs; then what block
 * `next` wants of it is loaded.
 */
export function callRegion(j: usize, offset: i32, next: i32): void {
  store<u32>(j, 1, Jit.calls);
  payFuel(j);
  storePending(j);
  storeFuel(j);
  const called = load<u32>(j, Jit.depth);
  E.block(j, E.I64);
  const miss = load<u32>(j, Jit.depth);
  E.block(j, E.VOID);
  E.get(j, L.DEPTH);
  E.op(j, E.I32_EQZ);
  E.brIfHinted(j, miss, false);
  pushDisturbed(j);
  E.brIfHinted(j, miss, false);
  unlessKnown(j, miss);
  L.pushCpu(j);
  E.get(j, L.RIP);
  E.get(j, L.DEPTH);
  E.i32Const(j, 1);
  E.op(j, E.I32_SUB);
  pushSlot(j);
  E.callIndirect(j, L.TYPE_REGION);
  E.br(j, called);
  E.end(j);
  L.pushCpu(j);
  E.get(j, L.RIP);
  E.get(j, L.DEPTH);
  E.call(j, L.FN_CALL);
  E.end(j);
  E.tee(j, L.RIP);
  pushAddress(j, offset);
  E.op(j, E.I64_NE);
  // Another mode, privilege or mapping, or code that was written over.
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.jitKey);
  E.get(j, L.KEY);
  E.op(j, E.I32_NE);
  E.op(j, E.I32_OR);
  E.ifHinted(j, E.VOID, false);
  E.get(j, L.RIP);
  E.returnOp(j);
  E.end(j);
  loadAgain(j, next);
  requireStackAgain(j, offset);
}

/** Returns to RIP, which the caller of this region expects or passes on. */
export function returnToCaller(j: usize): void {
  storePending(j);
  storeFuel(j);
  E.get(j, L.RIP);
  E.returnOp(j);
}
