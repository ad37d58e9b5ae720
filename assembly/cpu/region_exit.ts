/**
 * What a translated region returns: the address that a RET went to; or, with everything in the CPU's memory, LEFT + EXIT_
 * (jit/locals.ts), which is no canonical address.
 */
export const LEFT: i64 = i64.MIN_VALUE;
