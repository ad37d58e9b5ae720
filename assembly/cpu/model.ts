// The default CPU model, and questions about what the model offers. The words live in the CPU's state
// (layout/cpu_system.ts), so that a configuration can put another model there before the CPU starts.
//
// The identity is an AMD family 1Ah part that announces automatic IBRS and the immunities that go with it: it is the one
// on which Linux turns on the fewest mitigations.

import * as F from "../layout/cpu_features";
import * as CpuSystem from "../layout/cpu_system";
import {
  CR4_DE,
  CR4_FSGSBASE,
  CR4_MCE,
  CR4_OSFXSR,
  CR4_OSXMMEXCPT,
  CR4_OSXSAVE,
  CR4_PAE,
  CR4_PCE,
  CR4_PCIDE,
  CR4_PGE,
  CR4_PSE,
  CR4_PVI,
  CR4_SMAP,
  CR4_SMEP,
  CR4_TSD,
  CR4_UMIP,
  CR4_VME,
} from "./bits";

/** Family 1Ah, model 2, stepping 1: base family 15 plus extended family 11. */
const SIGNATURE: u32 = 0x00b00f21;
/** Last leaves of CPUID, basic and extended (from 8000_0000 on). */
const LEVEL: u32 = 0xd;
const EXTENDED_LEVEL: u32 = 0x21;

/** Physical address bits; mem/walk.ts treats those above as reserved. */
export const PHYSICAL_BITS: u32 = 46;

@inline
function wordAddress(cpu: usize, word: u32): usize {
  return cpu + CpuSystem.features + ((<usize>word) << 2);
}

/** A feature word of layout/cpu_features.ts. */
@inline
export function featureWord(cpu: usize, word: u32): u32 {
  return load<u32>(wordAddress(cpu, word));
}

@inline
export function hasFeature(cpu: usize, feature: u32): bool {
  return ((featureWord(cpu, feature >> 5) >> (feature & 31)) & 1) != 0;
}

export function setFeature(cpu: usize, feature: u32, on: bool): void {
  const address = wordAddress(cpu, feature >> 5);
  const bit: u32 = (<u32>1) << (feature & 31);
  store<u32>(address, on ? load<u32>(address) | bit : load<u32>(address) & ~bit);
}

@inline
export function isIntel(cpu: usize): bool {
  return load<u32>(cpu, CpuSystem.vendor) == CpuSystem.VENDOR_INTEL;
}

@inline
function bit(feature: u32): u32 {
  return (<u32>1) << (feature & 31);
}

/** The one list of what works. Extend it with the instruction that it announces. */
export function setDefaultModel(cpu: usize): void {
  store<u32>(cpu, SIGNATURE, CpuSystem.signature);
  store<u32>(cpu, CpuSystem.VENDOR_AMD, CpuSystem.vendor);
  store<u32>(cpu, LEVEL, CpuSystem.level);
  store<u32>(cpu, EXTENDED_LEVEL, CpuSystem.extendedLevel);
  writeBrand(cpu);
  announceBasic(cpu);
  announceExtended(cpu);
}

function announceBasic(cpu: usize): void {
  const base =
    bit(F.FPU) | bit(F.VME) | bit(F.DE) | bit(F.PSE) | bit(F.TSC) | bit(F.MSR) | bit(F.PAE) | bit(F.MCE) | bit(F.CX8);
  const more =
    bit(F.APIC) | bit(F.SEP) | bit(F.MTRR) | bit(F.PGE) | bit(F.MCA) | bit(F.CMOV) | bit(F.PAT) | bit(F.PSE36);
  const vector = bit(F.CLFLUSH) | bit(F.MMX) | bit(F.FXSR) | bit(F.SSE) | bit(F.SSE2);
  store<u32>(wordAddress(cpu, F.WORD_1_EDX), base | more | vector);
  const sse =
    bit(F.SSE3) | bit(F.SSSE3) | bit(F.SSE4_1) | bit(F.SSE4_2) | bit(F.POPCNT) | bit(F.PCLMULQDQ) | bit(F.AES);
  const system = bit(F.CX16) | bit(F.PCID) | bit(F.X2APIC) | bit(F.TSC_DEADLINE) | bit(F.XSAVE) | bit(F.HYPERVISOR);
  store<u32>(wordAddress(cpu, F.WORD_1_ECX), sse | system | bit(F.MOVBE) | bit(F.RDRAND));
  const pages = bit(F.FSGSBASE) | bit(F.TSC_ADJUST) | bit(F.SMEP) | bit(F.SMAP) | bit(F.INVPCID);
  const other = bit(F.ERMS) | bit(F.RDSEED) | bit(F.CLFLUSHOPT) | bit(F.CLWB) | bit(F.SHA_NI);
  store<u32>(wordAddress(cpu, F.WORD_7_EBX), pages | other);
  store<u32>(wordAddress(cpu, F.WORD_7_ECX), bit(F.UMIP) | bit(F.RDPID));
  store<u32>(wordAddress(cpu, F.WORD_7_EDX), 0);
  store<u32>(wordAddress(cpu, F.WORD_D1_EAX), bit(F.XSAVEOPT) | bit(F.XSAVEC) | bit(F.XGETBV1) | bit(F.XSAVES));
  store<u32>(wordAddress(cpu, F.WORD_6_EAX), bit(F.ARAT));
}

function announceExtended(cpu: usize): void {
  const long = bit(F.SYSCALL) | bit(F.NX) | bit(F.MMXEXT) | bit(F.PDPE1GB) | bit(F.RDTSCP) | bit(F.LM);
  store<u32>(wordAddress(cpu, F.WORD_81_EDX), long);
  store<u32>(wordAddress(cpu, F.WORD_81_ECX), bit(F.LAHF_LM) | bit(F.ABM) | bit(F.PREFETCHW));
  store<u32>(wordAddress(cpu, F.WORD_88_EBX), bit(F.XSAVEERPTR) | bit(F.WBNOINVD) | bit(F.SSB_NO));
  const immune = bit(F.LFENCE_ALWAYS_SERIALIZING) | bit(F.NULL_SEL_CLR_BASE) | bit(F.AUTO_IBRS);
  // Without SRSO_NO newer kernels return from every function by way of a thunk, whose RETs do not lead back to their calls.
  store<u32>(wordAddress(cpu, F.WORD_8021_EAX), immune | bit(F.SRSO_NO));
  const clock = bit(F.KVMCLOCK) | bit(F.KVMCLOCK2) | bit(F.KVMCLOCK_STABLE);
  store<u32>(wordAddress(cpu, F.WORD_KVM), clock | bit(F.KVM_NOPIODELAY));
}

/** The text "Tabvisor virtual CPU", padded with zeros. */
function writeBrand(cpu: usize): void {
  const brand = cpu + CpuSystem.brand;
  memory.fill(brand, 0, 48);
  store<u64>(brand, 0x726f736976626154);
  store<u64>(brand, 0x6c61757472697620, 8);
  store<u64>(brand, 0x0000000055504320, 16);
}

/** CR4 bits that may be set: those whose feature is announced. */
export function cr4Allowed(cpu: usize): u64 {
  let mask = CR4_TSD | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSXMMEXCPT;
  if (hasFeature(cpu, F.DE)) mask |= CR4_DE;
  if (hasFeature(cpu, F.VME)) mask |= CR4_VME | CR4_PVI;
  if (hasFeature(cpu, F.FXSR)) mask |= CR4_OSFXSR;
  if (hasFeature(cpu, F.UMIP)) mask |= CR4_UMIP;
  if (hasFeature(cpu, F.FSGSBASE)) mask |= CR4_FSGSBASE;
  if (hasFeature(cpu, F.PCID)) mask |= CR4_PCIDE;
  if (hasFeature(cpu, F.XSAVE)) mask |= CR4_OSXSAVE;
  if (hasFeature(cpu, F.SMEP)) mask |= CR4_SMEP;
  if (hasFeature(cpu, F.SMAP)) mask |= CR4_SMAP;
  return mask;
}

/** XCR0 bits that may be set: x87, SSE, and AVX where announced. */
export function xcr0Allowed(cpu: usize): u64 {
  if (!hasFeature(cpu, F.XSAVE)) return 0;
  return hasFeature(cpu, F.AVX) ? 7 : 3;
}
