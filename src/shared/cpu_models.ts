// The named CPU models: who made it, which family, which features, in QEMU's words. What a model has and this machine
// has not is left out, with a notice. "max" is everything that is implemented.

export interface CpuModel {
  readonly vendor: "AuthenticAMD" | "GenuineIntel";
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** The text that CPUID gives as brand, at most 47 characters. */
  readonly brand: string;
  /** Highest basic leaf of CPUID; more if a feature has its bit further up. */
  readonly level: number;
  readonly features: string;
}

/** What every 64-bit model has. */
const BASE =
  "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 sse3 syscall nx lm";
const CONROE = `${BASE} ssse3 lahf-lm`;
const PENRYN = `${CONROE} cx16 sse4-1`;
const NEHALEM = `${PENRYN} sse4-2 popcnt`;
const WESTMERE = `${NEHALEM} aes pclmulqdq arat`;
const SANDY_BRIDGE = `${WESTMERE} avx xsave xsaveopt x2apic tsc-deadline rdtscp`;
const IVY_BRIDGE = `${SANDY_BRIDGE} f16c rdrand fsgsbase smep erms`;
const HASWELL = `${IVY_BRIDGE} fma movbe pcid invpcid bmi1 bmi2 avx2 abm`;
const OPTERON_3 = `${BASE} cx16 lahf-lm abm misalignsse popcnt rdtscp sse4a monitor`;
const EPYC =
  `${BASE} ssse3 cx16 lahf-lm sse4-1 sse4-2 popcnt aes pclmulqdq arat avx f16c rdrand fsgsbase smep fma movbe bmi1 bmi2 ` +
  "avx2 abm adx rdseed smap clflushopt sha-ni xsave xsaveopt xsavec xgetbv1 mmxext fxsr-opt pdpe1gb rdtscp cr8legacy " +
  "sse4a misalignsse prefetchw osvw topoext";

const intel = "GenuineIntel";
const amd = "AuthenticAMD";

export const cpuModels: Readonly<Record<string, CpuModel>> = {
  qemu64: {
    vendor: amd,
    family: 15,
    model: 107,
    stepping: 1,
    brand: "QEMU Virtual CPU version 2.5+",
    level: 13,
    features: `${BASE} cx16 lahf-lm`,
  },
  kvm64: {
    vendor: intel,
    family: 15,
    model: 6,
    stepping: 1,
    brand: "Common KVM processor",
    level: 13,
    features: `${BASE} cx16`,
  },
  core2duo: {
    vendor: intel,
    family: 6,
    model: 15,
    stepping: 11,
    brand: "Intel(R) Core(TM)2 Duo CPU     T7700  @ 2.40GHz",
    level: 10,
    features: `${CONROE} cx16 monitor`,
  },
  Conroe: {
    vendor: intel,
    family: 6,
    model: 15,
    stepping: 3,
    brand: "Intel Celeron_4x0 (Conroe/Merom Class Core 2)",
    level: 10,
    features: CONROE,
  },
  Penryn: {
    vendor: intel,
    family: 6,
    model: 23,
    stepping: 3,
    brand: "Intel Core 2 Duo P9xxx (Penryn Class Core 2)",
    level: 10,
    features: PENRYN,
  },
  Nehalem: {
    vendor: intel,
    family: 6,
    model: 26,
    stepping: 3,
    brand: "Intel Core i7 9xx (Nehalem Class Core i7)",
    level: 11,
    features: NEHALEM,
  },
  Westmere: {
    vendor: intel,
    family: 6,
    model: 44,
    stepping: 1,
    brand: "Westmere E56xx/L56xx/X56xx (Nehalem-C)",
    level: 11,
    features: WESTMERE,
  },
  SandyBridge: {
    vendor: intel,
    family: 6,
    model: 42,
    stepping: 1,
    brand: "Intel Xeon E312xx (Sandy Bridge)",
    level: 13,
    features: SANDY_BRIDGE,
  },
  IvyBridge: {
    vendor: intel,
    family: 6,
    model: 58,
    stepping: 9,
    brand: "Intel Xeon E3-12xx v2 (Ivy Bridge)",
    level: 13,
    features: IVY_BRIDGE,
  },
  "Haswell-noTSX": {
    vendor: intel,
    family: 6,
    model: 60,
    stepping: 1,
    brand: "Intel Core Processor (Haswell, no TSX)",
    level: 13,
    features: HASWELL,
  },
  Opteron_G1: {
    vendor: amd,
    family: 15,
    model: 6,
    stepping: 1,
    brand: "AMD Opteron 240 (Gen 1 Class Opteron)",
    level: 5,
    features: BASE,
  },
  Opteron_G2: {
    vendor: amd,
    family: 15,
    model: 6,
    stepping: 1,
    brand: "AMD Opteron 22xx (Gen 2 Class Opteron)",
    level: 5,
    features: `${BASE} cx16 lahf-lm`,
  },
  Opteron_G3: {
    vendor: amd,
    family: 16,
    model: 2,
    stepping: 3,
    brand: "AMD Opteron 23xx (Gen 3 Class Opteron)",
    level: 5,
    features: OPTERON_3,
  },
  EPYC: {
    vendor: amd,
    family: 23,
    model: 1,
    stepping: 2,
    brand: "AMD EPYC Processor",
    level: 13,
    features: EPYC,
  },
};

/** What paravirtualization adds to every model. */
export const hypervisorFeatures = "hypervisor kvmclock kvmclock2 kvmclock-stable kvm-nopiodelay";

/** Features that QEMU knows: removing one that is missing anyway is no mistake. */
export const knownFeatures: ReadonlySet<string> = new Set(
  (
    "3dnow 3dnowext abm acpi adx aes apic arat arch-capabilities auto-ibrs avic avx avx-vnni avx2 avx512bitalg avx512bw " +
    "avx512cd avx512dq avx512er avx512f avx512ifma avx512pf avx512vbmi avx512vbmi2 avx512vl avx512vnni bmi1 bmi2 clflush " +
    "clflushopt clwb clzero cmov cmp-legacy cr8legacy cx16 cx8 de ds ds-cpl dtes64 erms est extapic f16c fma fma4 fpu " +
    "fsgsbase fsrm fxsr fxsr-opt gfni hle ht hypervisor ibpb ibrs ibs invpcid invtsc kvm-asyncpf kvm-nopiodelay kvm-pv-eoi " +
    "kvm-pv-ipi kvm-pv-tlb-flush kvm-pv-unhalt kvm-steal-time kvmclock kvmclock-stable kvmclock2 la57 lahf-lm " +
    "lfence-always-serializing lm lwp mca mce md-clear misalignsse mmx mmxext monitor movbe movdir64b movdiri mpx msr mtrr " +
    "npt nrip-save null-sel-clr-base nx osvw pae pat pbe pcid pclmulqdq pdcm pdpe1gb perfctr-core perfctr-nb pge pku pks pn " +
    "popcnt prefetchw pse pse36 rdpid rdrand rdseed rdtscp rtm sep serialize sha-ni skinit smap smep smx spec-ctrl srso-no " +
    "ss ssb-no ssbd sse sse2 sse3 sse4-1 sse4-2 sse4a ssse3 stibp svm syscall tbm tm tm2 topoext tsc tsc-adjust tsc-deadline " +
    "umip vaes virt-ssbd vme vmx vpclmulqdq wbnoinvd x2apic xgetbv1 xop xsave xsavec xsaveerptr xsaveopt xsaves xtpr"
  ).split(" "),
);

/** Other names of the same. */
export const featureAliases: Readonly<Record<string, string>> = {
  "3dnowprefetch": "prefetchw",
  ffxsr: "fxsr-opt",
  i64: "lm",
  "kvmclock-stable-bit": "kvmclock-stable",
  lzcnt: "abm",
  pclmuldq: "pclmulqdq",
  pni: "sse3",
  xd: "nx",
};
