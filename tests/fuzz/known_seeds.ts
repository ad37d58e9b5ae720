// Seeds of programs that have shown a difference between interpreter and translator once, and now show none.

export const knownSeeds: readonly string[] = ["2026-11-24-94"];
