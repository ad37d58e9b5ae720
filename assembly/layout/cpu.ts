// State of one virtual CPU, offsets in bytes from its base address (`cpu` everywhere in assembly/).
// Only the CPU's own worker writes it while it runs, but for the words marked "crossing".
//
//   0x0000 registers that the records of the interpreter address by byte offset (must stay below 256)
//   0x0100 segments, 0x0200 system registers, 0x0400 vector registers, 0x0600 x87, 0x0700 run state
//   0x1000 local APIC, 0x2000 counters, 0x3000 scratch
//   0x10000 TLBs, jump cache, decode cache

/** u64 x 16: rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
export const gpr = 0;
export const rax = 0;
export const rcx = 8;
export const rdx = 16;
export const rbx = 24;
export const rsp = 32;
export const rbp = 40;
export const rsi = 48;
export const rdi = 56;
/** u64, always 0: the base or index register of an address without one. */
export const zero = 128;
/** u64 gva of the code page that runs: the base register of rip-relative addresses. */
export const codePage = 136;
/** u64, canonical outside the run loop; inside it derives from codePage and the record. */
export const rip = 144;

// Lazy arithmetic flags (cpu/flags.ts). Values are sign-extended from the operand size.
/** i64 result: ZF, SF and PF derive from it unless kind is EXPLICIT. */
export const flagResult = 160;
/** i64 left operand. */
export const flagA = 168;
/** i64 right operand. */
export const flagB = 176;
/** u32 one of the FLAGS_ kinds below. */
export const flagKind = 184;
/** u32 EFLAGS bits that are already known, as the kind says. */
export const flagBits = 188;
/** All six arithmetic flags are in flagBits. flagResult is 0 exactly when ZF is set. */
export const FLAGS_EXPLICIT = 0;
/** CF, OF and AF are in flagBits; ZF, SF, PF from flagResult. */
export const FLAGS_BITS = 1;
export const FLAGS_ADD = 2;
export const FLAGS_SUB = 3;
/** CF, OF, AF clear. */
export const FLAGS_LOGIC = 4;
/** CF is in flagBits. */
export const FLAGS_INC = 5;
/** CF is in flagBits. */
export const FLAGS_DEC = 6;
/** CF and OF say that flagA * flagB does not fit into flagResult; AF clear. */
export const FLAGS_MUL = 7;
/**
 * The kind, and what translated code adds to it while the flags are as it leaves them (cpu/flags.ts settleFlags): FLAGS_RAW;
 * from FLAGS_NARROW_SHIFT on, in two bits, 3 - log2 of the bytes of the values, which are extended only if that is not 1.
 */
export const FLAGS_KIND = 0xff;
export const FLAGS_NARROW_SHIFT = 8;
export const FLAGS_RAW = 0x400;
/** u32 EFLAGS without the six arithmetic bits: TF IF DF IOPL NT RF VM AC VIF VIP ID and bit 1 (always set). */
export const eflags = 192;

// Segment registers: 32 bytes each, in Intel's order, then LDTR and TR.
export const seg = 0x100;
export const SEG_SIZE = 32;
export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;
export const LDTR = 6;
export const TR = 7;
/** u16 selector. */
export const segSelector = 0;
/** u32 attributes as in the high descriptor dword shifted by 8: type 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15; 0 = unusable. */
export const segAttr = 4;
/** u64 base. */
export const segBase = 8;
/** u32 limit in bytes, granularity applied. */
export const segLimit = 16;
export const csSelector = 0x120;
export const csAttr = 0x124;
export const csBase = 0x128;
export const csLimit = 0x130;
export const ssSelector = 0x140;
export const ssAttr = 0x144;
export const ssBase = 0x148;
export const fsBase = 0x188;
export const gsBase = 0x1a8;

// System registers.
export const gdtBase = 0x200;
export const gdtLimit = 0x208;
export const idtBase = 0x210;
export const idtLimit = 0x218;
export const cr0 = 0x220;
export const cr2 = 0x228;
export const cr3 = 0x230;
export const cr4 = 0x238;
export const efer = 0x240;
export const xcr0 = 0x248;
/** u64 x 8: dr0..dr7. */
export const dr = 0x250;
export const dr6 = 0x280;
export const dr7 = 0x288;
export const star = 0x290;
export const lstar = 0x298;
export const cstar = 0x2a0;
export const sfmask = 0x2a8;
export const kernelGsBase = 0x2b0;
export const sysenterCs = 0x2b8;
export const sysenterEsp = 0x2c0;
export const sysenterEip = 0x2c8;
export const tscAux = 0x2d0;
export const pat = 0x2d8;
export const apicBase = 0x2e0;
export const tscDeadline = 0x2e8;
export const miscEnable = 0x2f0;
export const mtrrDefType = 0x2f8;
/** u64 x 16: MTRRphysBase0, MTRRphysMask0, .. (8 pairs). */
export const mtrrVar = 0x300;
/** u64 x 11: fixed-range MTRRs in MSR order. */
export const mtrrFixed = 0x380;

/** u32 why no access may take the quick way: SLOW_ bits. */
export const slow = 0x3d8;
/** Alignment is checked (CR0.AM, EFLAGS.AC, privilege 3). */
export const SLOW_ALIGN = 1;
/** Data breakpoints are enabled. */
export const SLOW_WATCH = 2;
/** These look at every access. */
export const SLOW_OBSERVED = SLOW_ALIGN | SLOW_WATCH;
/** Accesses are made to copies of pages (mem/copies.ts). */
export const SLOW_COPIES = 4;
/** u32 1 = an event was delivered since the instruction that runs alone began. */
export const delivered = 0x3dc;
/** u64 x 4: the page directory pointers of PAE paging, which MOV CR3 loads. */
export const pdpte = 0x3e0;

/** 16 vector registers of 32 bytes each (low half = xmm; the high half waits for AVX). */
export const xmm = 0x400;
export const XMM_SIZE = 32;

// x87: eight physical registers of 16 bytes: u64 significand, u16 sign and exponent at +8.
export const fpr = 0x600;
export const FPR_SIZE = 16;
export const fcw = 0x680;
/** u16 status word; TOP in bits 11-13. */
export const fsw = 0x682;
/** u8 bit n = physical register n is NOT empty (as in FXSAVE's abridged tag). */
export const ftw = 0x684;
/** u16 last opcode (11 bits). */
export const fop = 0x686;
export const fipSelector = 0x688;
export const fdpSelector = 0x68a;
export const fip = 0x690;
export const fdp = 0x698;
export const mxcsr = 0x6a0;
/** u32 non-zero: an SSE instruction must look at CR0.EM, CR0.TS and CR4.OSFXSR before it executes. */
export const sseTrap = 0x6a4;
/** u32 non-zero: an x87 or MMX instruction must look at CR0.EM, CR0.TS and pending exceptions. */
export const fpuTrap = 0x6a8;
/** u32 1 = IGNNE#: with CR0.NE clear, unmasked x87 errors are ignored (port F0). */
export const ignne = 0x6ac;
/** Bits of mxcsr that decide whether plain arithmetic is fast: RC and PM, and PE, which is sticky; and their values then. */
export const MXCSR_MATTERS = 0x7020;
export const MXCSR_FAST = 0x1020;
/** i32 how the last vector instruction went that was executed on values: below 0 = it faulted, 0 = fast (jit/vector_helpers.ts). */
export const vectorState = 0x6b0;
export const VECTOR_NOT_PLAIN = 2;
/**
 * u32 bit n = segment register n can be read and written from offset 0 to 4 GiB: FS and GS in flat code, where bases are
 * all that matters of them (cpu/mode.ts).
 */
export const openSegments = 0x6b4;
/** u32 page offset of the instruction that translated code last made a slow access for. */
export const leftAt = 0x6b8;
/** u32 host address that it got. */
export const slowHost = 0x6c0;

// Run state.
/** i32 vector of the exception being raised, -1 = none. */
export const excVector = 0x700;
/** u32 its error code. */
export const excError = 0x704;
/** u32 current privilege level. */
export const cpl = 0x708;
/** u32 code size and stepping, the key of decoded code: layout/record.ts. */
export const mode = 0x70c;
/** u32 host address of the TLB tables that the current privilege may use (layout/tlb.ts). */
export const tlb = 0x710;
/** u32 address generations of supervisor and user code: raised by flushes, part of every jump cache entry. */
export const generation = 0x714;
export const generationUser = 0x7bc;
/** u32 whether the jump caches have supervisor code that a flush of all but the global pages may move. */
export const kernelLocal = 0x7a4;
/** u32 base address of the machine that this CPU belongs to. */
export const machine = 0x718;
/** u32 number of this CPU, also its APIC id. */
export const index = 0x71c;
/** i32 crossing: REQUESTED asks the run loop to leave straight-line execution at the next block edge and poll, else 0. */
export const exitRequest = 0x720;
/** More than any `fuel`, so that translated code compares once. */
export const REQUESTED = 0x7fffffff;
/** i32 non-zero: an interrupt waits that IF, TPR permitting, may take (maintained by platform/). */
export const intrPending = 0x724;
/** u32 RUN_ state. */
export const runState = 0x728;
export const RUN_RUNNING = 0;
/** In HLT. */
export const RUN_HALTED = 1;
/** Application processor that waits for INIT and SIPI. */
export const RUN_WAIT_SIPI = 2;
/** Triple fault. */
export const RUN_SHUTDOWN = 3;
/** i32 crossing: INIT asked for (1). */
export const initRequest = 0x72c;
/** i32 crossing: SIPI vector + 1, 0 = none. */
export const sipiRequest = 0x730;
/** i32 crossing: NMIs pending. */
export const nmiPending = 0x734;
/** u32 1 while NMIs are blocked (until IRET). */
export const nmiBlocked = 0x738;
/** i32 crossing: futex word on which the CPU worker sleeps in HLT; raised and notified by whoever wakes it. */
export const wake = 0x73c;
/** u32 an instruction with an interrupt shadow has just executed: one of the SHADOW_ kinds, 0 = none. */
export const shadow = 0x740;
export const SHADOW_STI = 1;
/** MOV SS, POP SS: debug traps wait too. */
export const SHADOW_SS = 2;
/** u64 guest instructions executed. */
export const instructions = 0x748;
/** u64 value in and out of platform MSR calls. */
export const msrValue = 0x750;
/** i32 crossing: the CPU must drop all decoded code (code invalidation ring overflowed). */
export const codeFlush = 0x758;
/** u32 crossing: the Machine.tlbFlush for which the CPU has dropped its TLB. */
export const tlbFlushSeen = 0x75c;
/** u32 entries in the lists of filled TLB slots: those that MOV CR3 empties, and global ones. */
export const tlbUsed = 0x760;
export const tlbGlobals = 0x76c;
/** u32 host address of the next free record of the decode cache. */
export const decodeNext = 0x764;
/** u32 host address of the end of the decode cache. */
export const decodeEnd = 0x768;
/** u64 ns deadline of the earliest timer of this CPU and, on CPU 0, of the machine. */
export const nextTimer = 0x770;
/** u64 pending debug exceptions for DR6. */
export const pendingDebug = 0x778;
/** i32 instructions that translated code may still execute before somebody must poll: `limit` less those executed. */
export const fuel = 0x7a8;
/** u64 number of executed instructions at which the fuel is used up; at which cpuRun returns. */
export const limit = 0x3f18;
export const budgetEnd = 0x3f20;
/** u64 number of executed instructions when translated code was entered last. */
export const translatedFrom = 0x3f28;
/** i32 RUN_EXIT_ reason for which all regions are being left; below 0: none. */
export const runExit = 0x3f30;
/** u32 key of the translator's jump cache entries that are valid now. */
export const jitKey = 0x7b0;
/** i32 what a new block's headCode starts with: minus the entries before it is translated, or CODE_NEVER. */
export const hotStart = 0x7b4;
/** u32 head of the block that has just become hot. */
export const hotHead = 0x7b8;
/** u32 JIT_: whether and when code is translated. */
export const jitMode = 0x7ac;
export const JIT_OFF = 0;
export const JIT_ON = 1;
/** Translate at first execution. */
export const JIT_FORCE = 2;
/** As JIT_ON, and every translation is compared with the interpreter, which does the work (jit/check.ts). */
export const JIT_CHECK = 3;
/** u32 nested exception bookkeeping: vector + 1 whose delivery is under way, 0 = none. */
export const delivering = 0x780;

/** u64 gpa that the last page walk found (mem/walk.ts). */
export const walkGpa = 0x788;
/** u32 host page entry of the page map for it. */
export const walkEntry = 0x790;
/** u64 linear address, u32 size of a read-modify-write that goes through the scratch area (cpu/access.ts). */
export const modifyAddress = 0x798;
export const modifySize = 0x7a0;

// Exit mailbox: one per CPU, layout/mailbox.ts.
export const mailbox = 0x7c0;

// kvmclock and steal time, owned by platform/kvmclock.ts.
export const kvmclock = 0x800;
/** Local APIC registers and timers, layout/lapic.ts. */
export const lapic = 0x1000;
/** Counters, layout/counters.ts. */
export const counters = 0x2000;
/** Numbers of two more xmm registers, behind the counters: operands of an instruction that is executed on values. */
export const WORK_A = 252;
export const WORK_B = 253;
/** The record of such an instruction. */
export const workRecord = 0x23c0;
/** 256 bytes for accesses that cross pages or reach MMIO. */
export const scratch = 0x3000;
export const SCRATCH_SIZE = 256;
/** i32 in the scratch area, where nothing else lies, for a locked add that is a barrier between workers (cpu/access.ts). */
export const barrier = 0x30f0;
/** Records for instructions that must not be cached: single steps, the end of a segment. */
export const scratchRecords = 0x3100;

/** Bits by the index of a TLB entry: since the jump caches were emptied, one for fetches has given way to another. */
export const fetchEvicted = 0x3400;
/** Bits by GiB of linear addresses, modulo their number: since the last full flush, a part of a large page was entered. */
export const largeRegions = 0x3600;
export const TLB_BITS_SIZE = 512;

/** Looks at the clock: u32 instructions from one to the next, u64 guest ns and instructions at the last one. */
export const pollInterval = 0x3f00;
export const polledAt = 0x3f08;
export const polledInstructions = 0x3f10;

/** u32 host addresses of the TLB entries that hold something, so that a flush visits only those: two lists (mem/tlb.ts). */
export const tlbList = 0x4000;
export const TLB_LIST_MAX = 12288;

/** Large tables: layout/tlb.ts and layout/record.ts give their shapes. */
export const tlbTables = 0x10000;
export const TLB_TABLES_SIZE = 0x90000;
export const jumpCache = 0xa0000;
/** 16384 entries of 16 bytes. */
export const JUMP_CACHE_SIZE = 0x40000;
/** Hash of block heads by host address. */
export const blockHash = 0xe0000;
export const BLOCK_HASH_SIZE = 0x80000;
/** u32 per host page: first decoded block in that page. */
export const pageBlocks = 0x160000;
/** TLB tables that are empty but for SLOW_COPIES: Cpu.tlb names them while Cpu.slow is set. */
export const emptyTlb = 0x560000;
export const EMPTY_TLB_SIZE = 0x20000;
/** Decoded records. */
export const decodeCache = 0x580000;
export const DECODE_CACHE_SIZE = 0x3a80000;
/** The translator's own: layout/jit.ts. */
export const jit = 0x4000000;
export const JIT_SIZE = 0x700000;
/** Bytes of one CPU: 71 MiB, touched only as far as used. */
export const SIZE = 0x4700000;
