// INS and OUTS: one element at a time, each with its permission check.

import { busPortRead, busPortWrite } from "../../bus";
import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { checkIoPermission, watchPort } from "../io_permission";
import { checkWrite, readHost, storeLinear } from "../access";
import { regGet } from "../operand";
import { counter, setCounter } from "./branch";
import { again, destinationAddress, indexOf, patienceOf, setIndex, sourceAddress, step } from "./string";

const PATIENCE: u64 = 512;

export function ins<T>(cpu: usize, rec: usize): bool {
  const form = (<u32>load<u8>(rec, Record.misc)) & Record.MISC_FORM;
  const repeated = load<i32>(rec, Record.imm) != 0;
  const port = <u32>regGet<u16>(cpu, Cpu.rdx);
  if (!checkIoPermission(cpu, port, sizeof<T>())) return false;
  let patience = patienceOf(cpu, PATIENCE);
  while (true) {
    if (repeated && counter(cpu, form) == 0) return true;
    if (patience-- == 0) return again(cpu, rec);
    // The port is read only when the value can be stored: reading may have an effect.
    const la = destinationAddress(cpu, form, sizeof<T>(), true);
    if (!checkWrite(cpu, la, sizeof<T>())) return false;
    watchPort(cpu, port, sizeof<T>());
    storeLinear<T>(cpu, la, <T>busPortRead(cpu, port, sizeof<T>()));
    setIndex(cpu, Cpu.rdi, form, indexOf(cpu, Cpu.rdi, form) + step<T>(cpu));
    if (!repeated) return true;
    setCounter(cpu, form, counter(cpu, form) - 1);
  }
}

export function outs<T>(cpu: usize, rec: usize): bool {
  const form = (<u32>load<u8>(rec, Record.misc)) & Record.MISC_FORM;
  const repeated = load<i32>(rec, Record.imm) != 0;
  const port = <u32>regGet<u16>(cpu, Cpu.rdx);
  if (!checkIoPermission(cpu, port, sizeof<T>())) return false;
  let patience = patienceOf(cpu, PATIENCE);
  while (true) {
    if (repeated && counter(cpu, form) == 0) return true;
    if (patience-- == 0) return again(cpu, rec);
    const host = readHost(cpu, sourceAddress(cpu, rec, form, sizeof<T>()), sizeof<T>());
    if (host == 0) return false;
    watchPort(cpu, port, sizeof<T>());
    busPortWrite(cpu, port, sizeof<T>(), <u32>load<T>(host));
    setIndex(cpu, Cpu.rsi, form, indexOf(cpu, Cpu.rsi, form) + step<T>(cpu));
    if (!repeated) return true;
    setCounter(cpu, form, counter(cpu, form) - 1);
  }
}
