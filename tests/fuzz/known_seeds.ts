// Seeds of programs that have shown a difference between interpreter and translator once.

export const knownSeeds: readonly string[] = ["2026-11-23-0"];
