// TSC and KVM's paravirtual time of one CPU. Offsets from Cpu.kvmclock.

/** i64 crossing: TSC minus guest ns. */
export const tscOffset = 0;
/** i64 IA32_TSC_ADJUST. */
export const tscAdjust = 8;
/** u64 MSR_KVM_SYSTEM_TIME_NEW as written: bit 0 enable, the rest the address of the time page. */
export const systemTime = 16;
/** u64 MSR_KVM_STEAL_TIME as written: bit 0 enable. */
export const stealTime = 24;
/** u64 ns that the host took from this CPU; whoever can measure it adds to it. */
export const stolen = 32;
/** 32 bytes in which a structure is put together before it is copied to the guest. */
export const image = 64;

// struct pvclock_vcpu_time_info (Documentation/virt/kvm/x86/msr.rst of Linux).
export const timeVersion = 0;
export const timeTscTimestamp = 8;
export const timeSystemTime = 16;
export const timeMul = 24;
export const timeShift = 28;
export const timeFlags = 29;
export const TIME_SIZE = 32;
export const FLAG_TSC_STABLE = 1;
export const FLAG_GUEST_STOPPED = 2;

// struct kvm_steal_time, 64 bytes.
export const stealSteal = 0;
export const stealVersion = 8;
export const STEAL_SIZE = 64;
