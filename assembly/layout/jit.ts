// The translator's memory, offsets from `jit` = CPU base + Cpu.jit.
//
//   0x000000 state            0x010000 the region under translation: what is known of each page offset
//   0x040000 basic blocks     0x060000 work areas of the control-flow analysis
//   0x080000 jump cache       0x100000 function bodies of the batch, 0x200000 the finished module
//   0x400000 body under work  0x500000 slots of the function table, 0x600000 modules

/** u32 address at which the next byte of wasm is written. */
export const cursor = 0;
/** u32 the first of the free slots of the function table, which are a list. */
export const freeSlot = 4;
/** u32 functions in the batch. */
export const batchCount = 8;
/** u32 end of the batch's bodies. */
export const batchEnd = 12;
/** u32 basic blocks of the region. */
export const blockCount = 16;
/** u32 instructions of the region. */
export const regionSize = 20;
/** u32 host address of the page under translation. */
export const pageHost = 24;
/** u32 page offset at which the region starts. */
export const startOffset = 28;
/** u32 first record of the block that it starts with. */
export const startRecord = 184;
/** u32 labels open around the code being written. */
export const depth = 32;
/** u32 bit n = GPR n is used; bit 16: flags are used. */
export const used = 36;
/** u32 the same for changed. */
export const dirty = 40;
/** u32 static kind of the flags at this point (layout/cpu.ts FLAGS_), FLAGS_UNKNOWN when only the local knows. */
export const flagKind = 44;
export const FLAGS_UNKNOWN = 255;
/** Flags of COMIS and the like: the locals ORDER_A and ORDER_B hold the numbers that were compared. */
export const FLAGS_ORDER = 0x17;
/** CF is in FLAG_BITS; ZF, and what is undefined, as the flags in memory have them. */
export const FLAGS_TESTED = 0x27;
/** CF and OF are in FLAG_BITS, the others are those in memory. */
export const FLAGS_ROTATED = 0x37;
/** In FLAG_BITS, with flags of INC and DEC: CF is that in memory. */
export const CARRY_BEFORE = 0x80000000;
/** u32 record under translation. */
export const record = 48;
/** u32 basic block under translation. */
export const block = 52;
/** u32 slot of the label stack: depth of the exit label, and of the one for accesses that fault. */
export const exitDepth = 56;
export const faultDepth = 160;
/** u32 times that the run loop returned since the batch got its first function. */
export const batchAge = 164;
/** u32 bit n = xmm n is used. */
export const usedXmm = 128;
/** u32 the same for changed. */
export const dirtyXmm = 132;
/** u32 1 = vector instructions are known not to trap at this point. */
export const vectorsReady = 136;
/** u32 1 = the local MX is ready at this point. */
export const floatReady = 140;
/** u64 bit shape * 16 + n = xmm n is known to be plain (jit/translate/sse_plain.ts). */
export const plain = 144;
/** u32 labels open around the checks of the instruction under translation. */
export const checkDepth = 152;
/** u32 how far the region reaches: FOLLOW_; whether the walk ended before all of it was taken in. */
export const follow = 188;
export const cutOff = 192;
/** Direct branches only. */
export const FOLLOW_DIRECT = 0;
/** Also where the region's indirect jumps were seen to lead. */
export const FOLLOW_JUMPS = 1;
/** Also the callees, if all they do and the return are in the region. */
export const FOLLOW_CALLS = 2;
/** u32 mode key of the region: MODE_64, or MODE_32 with MODE_FLAT. */
export const mode = 196;
/** u32 head of the block that the region starts with. */
export const head = 200;
/**
 * The x87 in the region under translation (jit/x87_plan.ts): u32 the state of its stack at this point, STACK_; u32 bit n =
 * physical register n is used, or changed.
 */
export const stackState = 204;
export const usedStack = 208;
export const dirtyStack = 212;
/** u32 x87 instructions of the region that calculate. */
export const operations = 216;
/** All x87 instructions of the region are calls of handlers. */
export const STACK_NONE = 0;
/** The state is known: bits 11-13 TOP as in the status word, from STACK_VALID_SHIFT on the registers that are not empty. */
export const STACK_KNOWN = 1;
export const STACK_VALID_SHIFT = 16;
/** Bits above an operand's sign and exponent for the helpers of the x87 (jit/x87_helpers.ts). */
export const X87_DENORMAL = 0x20000;
export const X87_SUBTRACT = 0x40000;
export const X87_QUIET = 0x80000;
/** u32 label of the way out behind the stores: all state is in memory already. */
export const settledDepth = 220;
/** u32 instructions of the way to this point that the local FUEL has not been lowered by. */
export const owed = 224;
/** u32 which of the kinds that only locals have the region uses: 1 FLAGS_ORDER, 2 FLAGS_TESTED, 4 FLAGS_ROTATED, 8 CARRY_BEFORE. */
export const flagsUsed = 228;
export const USES_ORDER = 1;
export const USES_TESTED = 2;
export const USES_ROTATED = 4;
export const USES_CARRY_BEFORE = 8;
/** What is pending at this point, and was before the instruction under translation (jit/flow.ts); u32 the block's FLOW. */
export const pending = 232;
export const pendingBefore = 240;
export const flow = 248;
/** u32 1 = the region calls others. */
export const calls = 252;
/** u32 locals that the function under translation needs: one more than the greatest index that it uses. */
export const localCount = 180;
/** u32 addresses of block heads waiting for their batch, BATCH_MAX of them. */
export const batchHeads = 0x100;
/** u32 bytes from the host address in the local HOST to the memory operand. */
export const hostAt = 0x3f8;
export const BATCH_MAX = 32;
/** Branch hints of the function under translation: u32 count, then u32 (offset << 1 | likely). */
export const hints = 0x400;
export const HINTS_MAX = 2000;
/** Hints of the batch's functions, copied behind each body. */

// Counters, u64 each.
export const regionsTranslated = 0x3000;
export const instructionsTranslated = 0x3008;
export const bytesEmitted = 0x3010;
export const modules = 0x3018;
export const refused = 0x3038;
/** Modules that were dropped, regions of them that might still be needed. */
export const modulesDropped = 0x3040;
export const regionsEvicted = 0x3048;

// Translations that there are (cpu/translations.ts).
/** u32 free slots; u32 module records in use so far; u32 first free one of these, 0 = none. */
export const freeSlots = 0x3080;
export const moduleCount = 0x3084;
export const freeModule = 0x3088;
/** u32 bytes of the modules that there are, and how many these may be. */
export const bytesKept = 0x308c;
export const bytesAllowed = 0x3090;
/** u32 number of the time slice; u32 bytes compiled in it. */
export const slice = 0x3094;
export const sliceBytes = 0x3098;

/** u32 per page offset: record of the instruction that starts there, 0 = not walked. */
export const recordAt = 0x10000;
/** u16 per page offset: basic block that starts there + 1. */
export const blockAt = 0x14000;
/** u8 per page offset: 1 = leader. */
export const leader = 0x16000;
/** Offsets still to be walked, u16. */
export const worklist = 0x18000;

/** Basic blocks: 64 bytes each. */
export const blocks = 0x40000;
export const BLOCK_SIZE = 64;
export const MAX_BLOCKS = 128;
/** u32 page offset of the first instruction. */
export const bOffset = 0;
/** u32 instructions. */
export const bCount = 4;
/** u32 TERM_. */
export const bTerm = 8;
/** u32 record of the terminator. */
export const bTermRecord = 12;
/** i32 successor taken, -1 = leaves the region. */
export const bTaken = 16;
/** i32 successor that falls through, -1 = leaves. */
export const bFall = 20;
/** u32 page offset behind the last instruction. */
export const bEnd = 24;
/** i32 reverse postorder number, -1 = not reached. */
export const bOrder = 28;
/** i32 immediate dominator. */
export const bDominator = 32;
/** u32 predecessors by forward edges. */
export const bForwardPreds = 36;
/** u32 1 = target of a back edge. */
export const bLoop = 40;
/** u32 static kind of the flags at its end. */
export const bFlagKind = 44;
/** i32 a predecessor, when it has just one. */
export const bOnlyPred = 48;
/** i32 nesting depth of its label while it is open, -1 = closed. */
export const bLabel = 52;
/** i32 where a call goes on whose callee is in the region (then its taken successor), -1 otherwise. */
export const bReturn = 56;

/** Falls or cuts off into the next instruction. */
export const TERM_FALL = 0;
export const TERM_JCC = 1;
export const TERM_JMP = 2;
export const TERM_CALL = 3;
export const TERM_RET = 4;
export const TERM_JMP_RM = 5;
export const TERM_CALL_RM = 6;
/** An instruction that ends blocks: through its handler, then out. */
export const TERM_END = 7;
/** Out, to the interpreter: an instruction that cannot be translated, or the end of the page. */
export const TERM_OUT = 8;
/** Like TERM_END, but what it mostly comes to is done at once: MOVS, STOS, STI, CLAC, STAC. */
export const TERM_QUICK = 10;
/** No code of the guest: compares RIP with the address of its taken successor (jit/chain.ts). */
export const TERM_MATCH = 9;

/** i32 basic blocks in reverse postorder. */
export const order = 0x60000;
/** Work stack of the depth-first search. */
export const stack = 0x61000;

/** What is known of the vector unit at the end of each basic block, 16 bytes: plain, floatReady, vectorsReady. */
export const vectorsAt = 0x62000;

/** u32 per basic block: the state of the x87 stack at its beginning. */
export const stackAt = 0x63000;

/**
 * Per basic block, sets of registers (jit/flow.ts): read before they are written; written; stored, so that they are no longer
 * pending; pending at the end of those written in it; pending at its beginning; to be loaded before it.
 */
export const flows = 0x64000;
export const FLOW_SIZE = 48;
export const fRead = 0;
export const fWritten = 8;
export const fCleared = 16;
export const fLeft = 24;
export const fPending = 32;
export const fLive = 40;

/**
 * Groups of accesses that share a look-up (jit/translate/shared_host.ts), the first one for those by rsp: u32 byte offset of the
 * base register, u32 1 = for writes too, i64 the lowest and the highest byte from where the register pointed at the look-up,
 * and how far it has moved since.
 */
export const shared = 0x66000;
export const GROUPS = 3;
export const GROUP_SIZE = 32;
export const gBase = 0;
export const gWrite = 4;
export const gLow = 8;
export const gHigh = 16;
export const gMoved = 24;
/** u32 the group that another register gets next. */
export const nextGroup = 0x66060;
/** While accesses are collected: u32 how many there are, and how many more blocks may be looked at. */
export const accesses = 0x66064;
export const blocksLeft = 0x66068;
/** The groups at the end of each basic block. */
export const sharedAt = 0x66100;
export const SHARED_SIZE = GROUPS * GROUP_SIZE;

/** Entries of 16 bytes: u64 rip, u32 key, u32 table slot. */
export const jumpCache = 0x80000;
export const JUMP_CACHE_SIZE = 0x40000;
export const jcRip = 0;
export const jcKey = 8;
export const jcSlot = 12;

export const bodies = 0x100000;
export const BODIES_SIZE = 0x100000;
export const module = 0x200000;
export const MODULE_SIZE = 0x200000;
/** Body of the function under translation, before its prologue is known. */
export const body = 0x400000;
export const BODY_SIZE = 0x100000;

/** Nested calls at the most: the engine's stack must hold them. */
export const CALL_DEPTH = 200;

/** Slots of the function table, which JavaScript makes. */
export const FIRST_SLOT = 64;
export const SLOTS_END = 60000;
/**
 * Slots: u32 head of the block that a translation is for, u32 its module, u32 next slot of the module or in the free list, u32 how
 * often the run loop stopped there in the mode JIT_CHECK.
 */
export const slots = 0x500000;
export const SLOT_SIZE = 16;
export const slotHead = 0;
export const slotModule = 4;
export const slotNext = 8;
export const slotStops = 12;
/** Modules: u32 first slot, or next free record, u32 bytes, 0 = free, u32 slice in which it was used last, u32 regions not overwritten. */
export const modulesAt = 0x600000;
export const MODULE_ENTRY = 16;
export const moduleSlot = 0;
export const moduleBytes = 4;
export const moduleUsed = 8;
export const moduleLive = 12;
/** The engine needs about five times as much. */
export const MODULE_BYTES_MAX = 0x3000000;

// A vector instruction that is executed on values (jit/vector_helpers.ts): operation, and from LOOK_SHIFT on, what must be
// plain: shape of the operands in bits 0-1, of the result from bit LOOK_TO on, and which of them.
export const LOOK_SHIFT = 16;
export const LOOK_TO = 2;
export const LOOK_A = 0x10;
export const LOOK_B = 0x20;
export const LOOK_RESULT = 0x40;
