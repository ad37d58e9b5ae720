// What the module imports from JavaScript (docs/internals.md).

// @ts-ignore: decorator
@external("host", "now")
declare function now(): f64;

// @ts-ignore: decorator
@external("host", "nowOffset")
declare const nowOffset: f64;

/** Monotonic milliseconds, the same clock in every worker. */
// @ts-ignore: decorator
@inline
export function hostNow(): f64 {
  return now() + nowOffset;
}

/** Milliseconds since 1970, UTC. */
// @ts-ignore: decorator
@external("host", "realtime")
export declare function hostRealtime(): f64;

/** 32 random bits. */
// @ts-ignore: decorator
@external("host", "random")
export declare function hostRandom(): i32;

/** An exit: the request is in the CPU's mailbox (layout/mailbox.ts); returns when it is answered. */
// @ts-ignore: decorator
@external("host", "mailbox")
export declare function hostMailbox(cpu: i32): void;

/**
 * Compiles the wasm module of `length` bytes at `address` and links it with the function table, which its element
 * segment fills. Returns 0 if the engine refuses.
 */
// @ts-ignore: decorator
@external("host", "compile")
export declare function hostCompile(address: i32, length: i32): i32;
