// The pool of host pages that all machines of one memory share. Any worker may call.

import * as MemoryMap from "../layout/memory_map";
import * as Pool from "../layout/pool";

/** Takes a spin lock that is held for a few instructions only. */
export function acquire(word: usize): void {
  while (atomic.cmpxchg<i32>(word, 0, 1) != 0) {}
}

export function release(word: usize): void {
  atomic.store<i32>(word, 0);
}

/** Host address of a zeroed page, or 0 when the pool is empty. */
export function allocatePage(): usize {
  const pool: usize = MemoryMap.POOL;
  acquire(pool + Pool.lock);
  let page = load<u32>(pool, Pool.next);
  let used = false;
  if (page < load<u32>(pool, Pool.end)) {
    store<u32>(pool, page + 1, Pool.next);
  } else {
    page = load<u32>(pool, Pool.free);
    used = true;
    if (page != 0) {
      store<u32>(pool, load<u32>(MemoryMap.POOL_LINKS + ((<usize>page) << 2)), Pool.free);
      store<u32>(pool, load<u32>(pool, Pool.freeCount) - 1, Pool.freeCount);
    }
  }
  release(pool + Pool.lock);
  const host = (<usize>page) << MemoryMap.PAGE_SHIFT;
  if (used && page != 0) memory.fill(host, 0, MemoryMap.PAGE_SIZE);
  return host;
}

/** Gives a page back. The caller has made sure that no TLB, block or device still refers to it. */
export function freePage(host: usize): void {
  const pool: usize = MemoryMap.POOL;
  const page = <u32>(host >> MemoryMap.PAGE_SHIFT);
  acquire(pool + Pool.lock);
  store<u32>(MemoryMap.POOL_LINKS + ((<usize>page) << 2), load<u32>(pool, Pool.free));
  store<u32>(pool, page, Pool.free);
  store<u32>(pool, load<u32>(pool, Pool.freeCount) + 1, Pool.freeCount);
  release(pool + Pool.lock);
}
