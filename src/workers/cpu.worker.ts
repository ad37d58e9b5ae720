// A virtual CPU. Gets one message, joins the machine's memory, and from then on meets the others in shared memory only.

import { cryptoRandom } from "../backends/random/crypto";
import { randomWords } from "../backends/random/words";
import { instantiate } from "../core/wasm";
import { guestClock } from "./clock";
import { CpuLoop } from "./cpu_loop";
import { reportError } from "./error_report";
import type { CpuEvent, CpuStart } from "./protocol";

function post(event: CpuEvent): void {
  globalThis.postMessage(event);
}

async function live({ module, memory, machine, cpus, index, epoch }: CpuStart): Promise<void> {
  const cpu = cpus[index];
  if (cpu === undefined) throw new Error(`the machine has no CPU ${index}`);
  const loop = new CpuLoop(memory.buffer, machine, cpu);
  const exports = await instantiate(module, memory, {
    ...guestClock(epoch),
    realtime: () => Date.now(),
    random: randomWords(cryptoRandom),
    mailbox: loop.mailbox,
  });
  post({ type: "ready" });
  loop.run(exports);
  post({ type: "stopped" });
}

globalThis.addEventListener(
  "message",
  ({ data }: MessageEvent<CpuStart>) => {
    live(data).catch((error: unknown) => post({ type: "crashed", error: reportError(error) }));
  },
  { once: true },
);
