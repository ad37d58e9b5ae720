// CPUID leaves, from the model in the CPU's state (cpu/model.ts).

import * as Cpu from "../layout/cpu";
import * as F from "../layout/cpu_features";
import * as CpuSystem from "../layout/cpu_system";
import * as Machine from "../layout/machine";
import { featureWord, hasFeature, isIntel, PHYSICAL_BITS } from "./model";
import { osxsave } from "./mode";
import { machineOf } from "./state";

/** Bits of leaf 1 EDX that AMD repeats in 8000_0001 EDX. */
const REPEATED: u32 = 0x0183f3ff;
const NO_LEAF: u32 = 0x7fffffff;
const APIC_GLOBAL_ENABLE: u64 = 0x800;

function answer(cpu: usize, eax: u32, ebx: u32, ecx: u32, edx: u32): void {
  store<u64>(cpu, <u64>eax, Cpu.rax);
  store<u64>(cpu, <u64>ebx, Cpu.rbx);
  store<u64>(cpu, <u64>ecx, Cpu.rcx);
  store<u64>(cpu, <u64>edx, Cpu.rdx);
}

@inline
function cpuCount(cpu: usize): u32 {
  return max<u32>(load<u32>(machineOf(cpu), Machine.cpuCount), 1);
}

@inline
function apicId(cpu: usize): u32 {
  return load<u32>(cpu, Cpu.index);
}

/** Bits that hold a number below `count`. */
@inline
function bitsFor(count: u32): u32 {
  return count <= 1 ? 0 : 32 - clz<u32>(count - 1);
}

export function cpuid(cpu: usize): void {
  const leaf = load<u32>(cpu, Cpu.rax);
  if (leaf >= 0x80000000) extended(cpu, leaf);
  else if (leaf >= 0x40000000 && leaf < 0x40010000 && hasFeature(cpu, F.HYPERVISOR)) hypervisor(cpu, leaf);
  else basic(cpu, leaf);
}

function vendor(cpu: usize, eax: u32): void {
  // "GenuineIntel", "AuthenticAMD".
  if (isIntel(cpu)) answer(cpu, eax, 0x756e6547, 0x6c65746e, 0x49656e69);
  else answer(cpu, eax, 0x68747541, 0x444d4163, 0x69746e65);
}

function basic(cpu: usize, leaf: u32): void {
  const last = load<u32>(cpu, CpuSystem.level);
  // Beyond the last leaf AMD answers zeros; Intel repeats the last leaf, but nobody depends on that.
  switch (leaf > last ? NO_LEAF : leaf) {
    case 0:
      vendor(cpu, last);
      break;
    case 1:
      leaf1(cpu);
      break;
    case 4:
      leaf4(cpu, load<u32>(cpu, Cpu.rcx));
      break;
    case 6:
      answer(cpu, featureWord(cpu, F.WORD_6_EAX), 0, 0, 0);
      break;
    case 7:
      leaf7(cpu, load<u32>(cpu, Cpu.rcx));
      break;
    case 11:
      leafB(cpu, load<u32>(cpu, Cpu.rcx));
      break;
    case 13:
      leafD(cpu, load<u32>(cpu, Cpu.rcx));
      break;
    default:
      answer(cpu, 0, 0, 0, 0);
      break;
  }
}

/** CPUID.1:EDX; the APIC bit goes when the APIC is switched off globally (SDM vol. 3, 11.4.3). */
function basicFeatures(cpu: usize): u32 {
  const on = (load<u64>(cpu, Cpu.apicBase) & APIC_GLOBAL_ENABLE) != 0;
  return featureWord(cpu, F.WORD_1_EDX) & (on ? 0xffffffff : ~((<u32>1) << (F.APIC & 31)));
}

function leaf1(cpu: usize): void {
  const count = cpuCount(cpu);
  const ebx = (apicId(cpu) << 24) | (min<u32>(count, 255) << 16) | (8 << 8);
  let ecx = featureWord(cpu, F.WORD_1_ECX);
  if (osxsave(cpu)) ecx |= 1 << 27;
  let edx = basicFeatures(cpu);
  if (count > 1) edx |= 1 << (F.HT & 31);
  answer(cpu, load<u32>(cpu, CpuSystem.signature), ebx, ecx, edx);
}

/** Deterministic cache parameters; an AMD identity has them in 8000_001D only, if at all. */
function leaf4(cpu: usize, sub: u32): void {
  if (!isIntel(cpu)) {
    answer(cpu, 0, 0, 0, 0);
    return;
  }
  const cores = (cpuCount(cpu) - 1) << 26;
  // 32 KiB data, 32 KiB code, 512 KiB unified, lines of 64 bytes, 8 ways.
  if (sub == 0) answer(cpu, cores | 0x121, 0x01c0003f, 63, 0);
  else if (sub == 1) answer(cpu, cores | 0x122, 0x01c0003f, 63, 0);
  else if (sub == 2) answer(cpu, cores | 0x143, 0x01c0003f, 1023, 0);
  else answer(cpu, 0, 0, 0, 0);
}

function leaf7(cpu: usize, sub: u32): void {
  if (sub != 0) {
    answer(cpu, 0, 0, 0, 0);
    return;
  }
  const ebx = featureWord(cpu, F.WORD_7_EBX);
  answer(cpu, 0, ebx, featureWord(cpu, F.WORD_7_ECX), featureWord(cpu, F.WORD_7_EDX));
}

/** Topology: one thread per core, all cores in one package. */
function leafB(cpu: usize, sub: u32): void {
  if (sub == 0) answer(cpu, 0, 1, 0x100, apicId(cpu));
  else if (sub == 1) answer(cpu, bitsFor(cpuCount(cpu)), cpuCount(cpu), 0x201, apicId(cpu));
  else answer(cpu, 0, 0, sub & 0xff, apicId(cpu));
}

/** Size of the standard XSAVE area for the components in `mask`. */
export function xsaveSize(mask: u64): u32 {
  return (mask & 4) != 0 ? 832 : 576;
}

function leafD(cpu: usize, sub: u32): void {
  if (!hasFeature(cpu, F.XSAVE)) {
    answer(cpu, 0, 0, 0, 0);
    return;
  }
  const avx = hasFeature(cpu, F.AVX);
  if (sub == 0) answer(cpu, avx ? 7 : 3, xsaveSize(load<u64>(cpu, Cpu.xcr0)), avx ? 832 : 576, 0);
  else if (sub == 1) answer(cpu, featureWord(cpu, F.WORD_D1_EAX), xsaveSize(load<u64>(cpu, Cpu.xcr0)), 0, 0);
  else if (sub == 2 && avx) answer(cpu, 256, 576, 0, 0);
  else answer(cpu, 0, 0, 0, 0);
}

/** The KVM signature and features; the scan for hypervisors goes on at 4000_0100 and finds nothing there. */
function hypervisor(cpu: usize, leaf: u32): void {
  // "KVMKVMKVM" and three zeros.
  if (leaf == 0x40000000) answer(cpu, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x0000004d);
  else if (leaf == 0x40000001) answer(cpu, featureWord(cpu, F.WORD_KVM), 0, 0, 0);
  else answer(cpu, 0, 0, 0, 0);
}

function extended(cpu: usize, leaf: u32): void {
  const last = load<u32>(cpu, CpuSystem.extendedLevel);
  const index = leaf - 0x80000000;
  switch (index > last ? NO_LEAF : index) {
    case 0:
      if (isIntel(cpu)) answer(cpu, 0x80000000 | last, 0, 0, 0);
      else vendor(cpu, 0x80000000 | last);
      break;
    case 1:
      extended1(cpu);
      break;
    case 2:
    case 3:
    case 4:
      brand(cpu, leaf - 0x80000002);
      break;
    case 5:
      // L1: 32 KiB data and code, 8 ways, lines of 64 bytes; the TLBs.
      if (!isIntel(cpu)) answer(cpu, 0xff40ff40, 0xff40ff40, 0x20080140, 0x20080140);
      else answer(cpu, 0, 0, 0, 0);
      break;
    case 6:
      // L2: 512 KiB, 8 ways.
      answer(cpu, 0, 0x42004200, 0x02006140, 0);
      break;
    case 8:
      answer(cpu, PHYSICAL_BITS | (48 << 8), featureWord(cpu, F.WORD_88_EBX), coreCount(cpu), 0);
      break;
    case 0x21:
      answer(cpu, isIntel(cpu) ? 0 : featureWord(cpu, F.WORD_8021_EAX), 0, 0, 0);
      break;
    default:
      answer(cpu, 0, 0, 0, 0);
      break;
  }
}

/** 8000_0008 ECX: cores - 1, and how many bits of the APIC id number them. */
function coreCount(cpu: usize): u32 {
  if (isIntel(cpu)) return 0;
  const count = cpuCount(cpu);
  return ((count - 1) & 0xff) | (bitsFor(count) << 12);
}

function extended1(cpu: usize): void {
  let edx = featureWord(cpu, F.WORD_81_EDX);
  let ecx = featureWord(cpu, F.WORD_81_ECX);
  if (!isIntel(cpu)) {
    edx |= basicFeatures(cpu) & REPEATED;
    if (cpuCount(cpu) > 1) ecx |= 1 << (F.CMP_LEGACY & 31);
  }
  answer(cpu, isIntel(cpu) ? 0 : load<u32>(cpu, CpuSystem.signature), 0, ecx, edx);
}

function brand(cpu: usize, part: u32): void {
  const text = cpu + CpuSystem.brand + ((<usize>part) << 4);
  answer(cpu, load<u32>(text), load<u32>(text, 4), load<u32>(text, 8), load<u32>(text, 12));
}
