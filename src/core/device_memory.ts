// Memory of devices that the guest sees as plain memory: BARs and windows. It lies outside of the page pool; where the
// guest has a BAR, the page map leads there, so that a CPU reads and writes it without an exit.

import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import * as PageMap from "../../assembly/layout/page_map";
import type { GuestMemory } from "./guest_memory";
import type { MemoryPlan } from "./memory_plan";

export type MappedAccess = "read-write" | "read-only";

const HIGH_RAM_PAGE = 0x100000;

export class DeviceMemory {
  readonly #guest: GuestMemory;
  readonly #plan: MemoryPlan;
  #next: number;

  constructor(guest: GuestMemory, plan: MemoryPlan) {
    this.#guest = guest;
    this.#plan = plan;
    this.#next = plan.deviceMemory;
  }

  /** Host address of so many zero bytes, for good; undefined when the plan has not foreseen them. */
  take(bytes: number): number | undefined {
    const size = Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;
    if (this.#next + size > this.#plan.deviceMemory + this.#plan.deviceBytes) return undefined;
    const host = this.#next;
    this.#next += size;
    return host;
  }

  /** Shows the memory to the guest at a gpa. Where the guest has RAM, or beyond the page map, nothing changes. */
  map(gpa: number, host: number, bytes: number, access: MappedAccess): void {
    const flags = PageMap.PRESENT | PageMap.DEVICE | (access === "read-only" ? PageMap.READ_ONLY : 0);
    this.#eachEntry(gpa, bytes, (index, offset) => {
      Atomics.store(this.#guest.words, index, (host + offset) | flags);
    });
    this.#flush();
  }

  /** Takes it away again. Pages that have been given to another device meanwhile stay. */
  unmap(gpa: number, host: number, bytes: number): void {
    this.#eachEntry(gpa, bytes, (index, offset) => {
      const page = (Atomics.load(this.#guest.words, index) & -PAGE_SIZE) >>> 0;
      if (page === host + offset) Atomics.store(this.#guest.words, index, 0);
    });
    this.#flush();
  }

  #eachEntry(gpa: number, bytes: number, visit: (index: number, offset: number) => void): void {
    const { pageMap, pageMapEntries } = this.#plan;
    for (let offset = 0; offset < bytes; offset += PAGE_SIZE) {
      const page = (gpa + offset) / PAGE_SIZE;
      if (page < pageMapEntries && !this.#isRam(page)) visit(pageMap / 4 + page, offset);
    }
  }

  #isRam(page: number): boolean {
    const { lowRamEnd, highRamEnd } = this.#plan;
    // The window at A0000 is never RAM (assembly/mem/page_map.ts).
    if (page >= 0xa0 && page < 0xc0) return false;
    return page < lowRamEnd || (page >= HIGH_RAM_PAGE && page < highRamEnd);
  }

  /** Every CPU forgets its translations before it goes on behind the present block. */
  #flush(): void {
    const { words } = this.#guest;
    Atomics.add(words, (this.#plan.machine + Machine.tlbFlush) / 4, 1);
    for (let i = 0; i < this.#plan.cpuCount; i++) {
      const cpu = this.#plan.cpus + i * Cpu.SIZE;
      Atomics.store(words, (cpu + Cpu.exitRequest) / 4, Cpu.REQUESTED);
    }
  }
}
