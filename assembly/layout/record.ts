// A decoded instruction: 16 bytes, made by cpu/decode.ts, executed by cpu/run.ts, read by the translator.
// A block is a 32-byte head followed by its records; it ends with a branch or an END record.

/** u16 operation (cpu/ops.generated.ts). */
export const op = 0;
/** u16 bits 0-11 offset of the instruction in its page, bits 12-15 length in bytes. */
export const where = 2;
/** u8 register operand: a GPR's byte offset in the CPU state; the number of any other register. */
export const reg = 4;
/** u8 base register (byte offset), or the register operand that modrm.rm names when FORM says so. */
export const rm = 5;
/** u8 index register (byte offset). */
export const index = 6;
/** u8 bits 0-1 scale; bits 2-4 segment; bits 5-6 address size or FORM_REGISTER. 0..3 = plain 64-bit address. */
export const misc = 7;
/** i32 displacement; rip-relative ones are made relative to Cpu.codePage. Direct branches: host address of the linked record. */
export const disp = 8;
/** i32 immediate. Direct branches: offset of the target relative to the page. */
export const imm = 12;
export const SIZE = 16;

export const MISC_SCALE = 3;
export const MISC_SEG_SHIFT = 2;
/** Segment + 1 as in Cpu.ES.., 0 = none that matters: in 64-bit mode, and in flat code the default one. */
export const MISC_SEG = 0x1c;
export const MISC_FORM = 0x60;
export const FORM_MEM64 = 0;
export const FORM_MEM32 = 0x20;
export const FORM_MEM16 = 0x40;
export const FORM_REGISTER = 0x60;

// Block head, in front of the first record.
/** u32 host address of the first instruction. */
export const headHost = 0;
/** u32 mode key. */
export const headMode = 4;
/** u32 next block of the same page, 0 = last. */
export const headNextInPage = 8;
/** u16 records of the block with the END record. */
export const headCount = 12;
/** u8 1 = an indirect jump led here. */
export const headJumpedTo = 14;
/** u8 times that its translation was for another state of the x87 than it met. */
export const headMisfits = 15;
/** u32 next block in the same bucket of the hash, 0 = last. */
export const headNextInHash = 16;
/**
 * i32 above 0: slot of the block's translation in the function table. 0: hot, to be translated. Below 0: counts up with
 * every entry; CODE_PENDING and CODE_NEVER are too far down to get there.
 */
export const headCode = 20;
/** u32 the state of the x87 that its translation is for (jit/x87_plan.ts), 0 = it has none yet. */
export const headStack = 24;
/** u32 slot of the translation in the mode JIT_CHECK, where headCode is not above 0; 0 = none. */
export const headChecked = 28;
/** Its region waits for its batch to be compiled. */
export const CODE_PENDING = -1000000000;
/** Cannot be translated, or must not. */
export const CODE_NEVER = -2000000000;
export const HEAD_SIZE = 32;
export const MAX_RECORDS = 96;

// Mode key.
export const MODE_16 = 0;
export const MODE_32 = 1;
export const MODE_64 = 2;
export const MODE_SIZE = 3;
/** Trap after every instruction (TF, breakpoints): blocks of one record, not cached. */
export const MODE_STEP = 4;
/**
 * Only with MODE_32, in protected mode: CS, SS, DS and ES begin at 0 and end at 4 GiB, SS, DS and ES can be written, the
 * stack pointer has 32 bits. Offsets are linear addresses then, and only what reaches over 4 GiB violates a limit.
 */
export const MODE_FLAT = 8;
/** Outside 64-bit mode: the code segment has a base, or ends before 4 GiB, so that an instruction pointer says too little. */
export const MODE_APART = 32;
/** Privilege 3, and Cpu.tlb names the users' TLB: their translations have its address in them. Never with MODE_STEP. */
export const MODE_USER = 16;
/** What decoding depends on. */
export const MODE_DECODE = MODE_SIZE | MODE_FLAT;
/** All that Cpu.mode can be. */
export const MODE_KEY = 63;

// Only in heads.
/** Stands for the block behind it, which straddles pages, in the list of the second page: no records, headHost is where that begins. */
export const MODE_SECOND_PAGE = 64;
/** A block of one instruction, which ends in the next page. The head in front of it stands for it in the list of that page. */
export const MODE_STRADDLING = 128;
/** Some code segment that the block was decoded in ends in its page. */
export const MODE_CUT = 256;
