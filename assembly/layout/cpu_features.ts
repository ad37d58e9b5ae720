// CPUID feature bits: word * 32 + bit. The names are QEMU's, in capitals. Words follow each other at CpuSystem.features.

/** CPUID.1:EDX */
export const WORD_1_EDX = 0;
/** CPUID.1:ECX */
export const WORD_1_ECX = 1;
/** CPUID.7.0:EBX */
export const WORD_7_EBX = 2;
/** CPUID.7.0:ECX */
export const WORD_7_ECX = 3;
/** CPUID.7.0:EDX */
export const WORD_7_EDX = 4;
/** CPUID.8000_0001:EDX without the bits that AMD repeats from leaf 1 */
export const WORD_81_EDX = 5;
/** CPUID.8000_0001:ECX */
export const WORD_81_ECX = 6;
/** CPUID.D.1:EAX */
export const WORD_D1_EAX = 7;
/** CPUID.8000_0008:EBX */
export const WORD_88_EBX = 8;
/** CPUID.8000_0021:EAX */
export const WORD_8021_EAX = 9;
/** CPUID.6:EAX */
export const WORD_6_EAX = 10;
/** CPUID.4000_0001:EAX */
export const WORD_KVM = 11;
export const WORDS = 12;

export const FPU = 0;
export const VME = 1;
export const DE = 2;
export const PSE = 3;
export const TSC = 4;
export const MSR = 5;
export const PAE = 6;
export const MCE = 7;
export const CX8 = 8;
export const APIC = 9;
export const SEP = 11;
export const MTRR = 12;
export const PGE = 13;
export const MCA = 14;
export const CMOV = 15;
export const PAT = 16;
export const PSE36 = 17;
export const CLFLUSH = 19;
export const MMX = 23;
export const FXSR = 24;
export const SSE = 25;
export const SSE2 = 26;
export const HT = 28;

export const SSE3 = 32;
export const PCLMULQDQ = 33;
export const MONITOR = 35;
export const SSSE3 = 41;
export const FMA = 44;
export const CX16 = 45;
export const PCID = 49;
export const SSE4_1 = 51;
export const SSE4_2 = 52;
export const X2APIC = 53;
export const MOVBE = 54;
export const POPCNT = 55;
export const TSC_DEADLINE = 56;
export const AES = 57;
export const XSAVE = 58;
export const AVX = 60;
export const F16C = 61;
export const RDRAND = 62;
export const HYPERVISOR = 63;

export const FSGSBASE = 64;
export const TSC_ADJUST = 65;
export const BMI1 = 67;
export const AVX2 = 69;
export const SMEP = 71;
export const BMI2 = 72;
export const ERMS = 73;
export const INVPCID = 74;
export const RDSEED = 82;
export const ADX = 83;
export const SMAP = 84;
export const CLFLUSHOPT = 87;
export const CLWB = 88;
export const SHA_NI = 93;

export const UMIP = 98;
export const RDPID = 118;

export const FSRM = 132;

export const SYSCALL = 171;
export const NX = 180;
export const MMXEXT = 182;
export const FXSR_OPT = 185;
export const PDPE1GB = 186;
export const RDTSCP = 187;
export const LM = 189;

export const LAHF_LM = 192;
export const CMP_LEGACY = 193;
export const CR8LEGACY = 196;
export const ABM = 197;
export const SSE4A = 198;
export const MISALIGNSSE = 199;
export const PREFETCHW = 200;

export const XSAVEOPT = 224;
export const XSAVEC = 225;
export const XGETBV1 = 226;
export const XSAVES = 227;

export const XSAVEERPTR = 258;
export const WBNOINVD = 265;
export const SSB_NO = 282;

export const LFENCE_ALWAYS_SERIALIZING = 290;
export const NULL_SEL_CLR_BASE = 294;
export const AUTO_IBRS = 296;
export const SRSO_NO = 317;

export const ARAT = 322;

export const KVMCLOCK = 352;
export const KVM_NOPIODELAY = 353;
export const KVMCLOCK2 = 355;
export const KVM_STEAL_TIME = 357;
export const KVM_PV_EOI = 358;
export const KVMCLOCK_STABLE = 376;
