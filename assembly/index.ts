// Every export of the module to JavaScript, one thin line each. Test-only exports live in testing.ts.

/** The end of the module's own constants; everything at or above it is free for live state. */
export function constantsEnd(): usize {
  return __heap_base;
}

export * from "./exports";
export * from "./virtio/exports";
export * from "./pixels/exports";
