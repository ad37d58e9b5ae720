// FXSAVE and FXRSTOR.

import * as Cpu from "../../layout/cpu";
import * as X from "../../layout/xsave";
import { checkWrite } from "../access";
import { CR0_EM, CR0_TS } from "../bits";
import {
  areaAddress,
  available,
  copyIn,
  copyOut,
  image,
  MXCSR_MASK,
  restoreVectors,
  restoreX87,
  saveMxcsr,
  saveVectors,
  saveX87,
  vectorCount,
} from "../fpu_area";
import { faulted, protection } from "../state";

export function fxsave<T>(cpu: usize, rec: usize): bool {
  if (!available(cpu, CR0_EM | CR0_TS)) return false;
  const la = areaAddress(cpu, rec, X.LEGACY_SIZE, 16, true);
  if (faulted(cpu) || !checkWrite(cpu, la, X.LEGACY_SIZE)) return false;
  memory.fill(image(cpu), 0, X.LEGACY_SIZE);
  saveX87(cpu, sizeof<T>() == 8);
  saveMxcsr(cpu);
  saveVectors(cpu);
  // Nothing is written behind the last register: the rest of the area belongs to software.
  return copyOut(cpu, la, 0, X.xmm + ((<u32>vectorCount(cpu)) << 4));
}

export function fxrstor<T>(cpu: usize, rec: usize): bool {
  if (!available(cpu, CR0_EM | CR0_TS)) return false;
  const la = areaAddress(cpu, rec, X.LEGACY_SIZE, 16, false);
  if (faulted(cpu) || !copyIn(cpu, la, 0, X.LEGACY_SIZE)) return false;
  const mxcsr = load<u32>(image(cpu), X.mxcsr);
  if (mxcsr & ~MXCSR_MASK) return protection(cpu, 0);
  restoreX87(cpu, sizeof<T>() == 8);
  store<u32>(cpu, mxcsr, Cpu.mxcsr);
  restoreVectors(cpu);
  return true;
}
