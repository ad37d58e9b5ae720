// RDRAND and RDSEED: random bits of the host. There are always some.

import { hostRandom } from "../../host";
import { CF, setArithmeticFlags } from "../flags";
import { setRmReg } from "../operand";

function draw<T>(cpu: usize, rec: usize): bool {
  const low = <u64>(<u32>hostRandom());
  const high = sizeof<T>() == 8 ? (<u64>(<u32>hostRandom())) << 32 : 0;
  setRmReg<T>(cpu, rec, <T>(low | high));
  setArithmeticFlags(cpu, CF);
  return true;
}

export function rdrand<T>(cpu: usize, rec: usize): bool {
  return draw<T>(cpu, rec);
}

export function rdseed<T>(cpu: usize, rec: usize): bool {
  return draw<T>(cpu, rec);
}
