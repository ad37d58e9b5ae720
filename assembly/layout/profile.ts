// What tools see of a CPU's work: samples of where it executes, and the WebAssembly that was compiled. Offsets from the
// translator's memory (layout/jit.ts), in space that it leaves free. Nobody but tools reads this.

/** f64 ms that the engine has spent on compiling modules. */
export const compileTime = 0x7fe0;
/** u32 samples taken so far, on and on. */
export const sampleCount = 0x7ff0;
/** u64 x SAMPLES: Cpu.rip at the polls that the count of instructions caused, the latest SAMPLES of them. */
export const samples = 0x8000;
export const SAMPLES = 2048;

/** u32 modules kept so far, on and on; the index holds the latest KEPT_MODULES of them. */
export const keptCount = 0x7ff4;
/** u32 offset in the ring of kept bytes at which the next module goes. */
export const keptNext = 0x7ff8;
/** Of each kept module: u32 first table slot, u32 functions, u32 offset from the translator's memory, u32 length. */
export const keptIndex = 0x500000;
export const KEPT_MODULES = 4096;
export const KEPT_ENTRY_SIZE = 16;
export const keptSlot = 0;
export const keptFunctions = 4;
export const keptAt = 8;
export const keptLength = 12;
/** The modules' bytes, each in one piece. */
export const keptBytes = 0x600000;
export const KEPT_BYTES_SIZE = 0x800000;
