// What tools see of a CPU's work: samples of where it executes, and how long compiling took. Offsets from the translator's
// memory (layout/jit.ts), in space that it leaves free. Nobody but tools reads this.

/** f64 ms that the engine has spent on compiling modules. */
export const compileTime = 0x7fe0;
/** u32 samples taken so far, on and on. */
export const sampleCount = 0x7ff0;
/** u64 x SAMPLES: Cpu.rip at the polls that the count of instructions caused, the latest SAMPLES of them. */
export const samples = 0x8000;
export const SAMPLES = 2048;
