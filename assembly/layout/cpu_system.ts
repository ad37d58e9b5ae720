// Work area and model of the CPU's system side (descriptors, stack frames, task switches, CPUID), offsets from the
// CPU's base address. It fills the free space between the counters and the scratch area.

/** u64 raw descriptor that fetchDescriptor read, u64 its linear address, u64 the upper half of a 16-byte descriptor. */
export const raw = 0x2900;
export const rawAddress = 0x2908;
export const rawUpper = 0x2910;
/** u32 1 = a task switch has passed its point of no return: an exception now belongs to the new task. */
export const committed = 0x2918;

// The stack that a far transfer pushes to or pops from (cpu/frame.ts).
/** u64 stack pointer while the frame is made. */
export const frameSp = 0x2920;
/** u64 0xffff, 0xffffffff or all ones: the width of the stack pointer. */
export const frameMask = 0x2928;
/** u32 error code of #SS if the frame does not fit. */
export const frameError = 0x2930;
/** Segment image (layout as Cpu.seg) of the stack in use: a copy of SS, or the new SS. */
export const frameStack = 0x2940;
/** Segment image of the code segment that a transfer is about to enter. */
export const newCode = 0x2960;
/** u64 rip, u64 flags that IRET popped. */
export const poppedRip = 0x2980;
export const poppedFlags = 0x2988;
/** u64 rsp, u32 ss selector popped. */
export const poppedRsp = 0x2990;
export const poppedSs = 0x2998;

// Model: what CPUID says. Written by cpu/model.ts; a configuration may overwrite it before the CPU starts.
/** u32 x 12 feature words, FEATURE_WORDS of layout/cpu_features.ts. */
export const features = 0x29c0;
/** u32 CPUID.1:EAX; 0 = no model set yet. */
export const signature = 0x29f0;
/** u32 VENDOR_. */
export const vendor = 0x29f4;
export const VENDOR_AMD = 0;
export const VENDOR_INTEL = 1;
/** u32 highest basic leaf, u32 highest extended leaf less 8000_0000. */
export const level = 0x29f8;
export const extendedLevel = 0x29fc;
/** 48 bytes brand string. */
export const brand = 0x2a00;

// Model-specific registers without a field of their own.
/** u64 HWCR (C001_0015), u64 DE_CFG (C001_1029), u64 debug control (1D9). */
export const hwcr = 0x2a40;
export const deCfg = 0x2a48;
export const debugCtl = 0x2a50;

// The event that is being delivered (cpu/exceptions.ts).
/** u32 1 = INT n, INT3 or INTO: the gate's DPL counts, errors are not "external". */
export const eventSoftware = 0x2a60;
/** u32 1 = the exception pushes an error code. */
export const eventHasError = 0x2a64;
export const eventError = 0x2a68;
/** u32 the EFLAGS image to push. */
export const eventFlags = 0x2a6c;

/** 1088 bytes: image of an FXSAVE or XSAVE area, parameters of a call gate, a task state segment. */
export const image = 0x2b00;
export const IMAGE_SIZE = 0x440;
