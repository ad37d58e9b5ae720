// Questions about addresses of a user network.

import { broadcastOf, contains } from "../../../shared/net/addresses";
import type { NetworkPlan } from "../../../shared/net/user_plan";

/** MAC addresses of ours are made from IP addresses, as QEMU does. */
export function macOf(address: number): Uint8Array {
  return Uint8Array.of(0x52, 0x55, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
}

/** Whether we are that address. */
export function isOurs(plan: NetworkPlan, address: number): boolean {
  return address === plan.host || address === plan.dns;
}

const LIMITED_BROADCAST = 0xffffffff;

export function isBroadcast(plan: NetworkPlan, address: number): boolean {
  return address === LIMITED_BROADCAST || address === broadcastOf(plan.network);
}

/** Class D: groups; everything above is reserved. */
export function isMulticast(address: number): boolean {
  return address >>> 28 === 14;
}

/** An address that one machine in our network can have. */
export function isGuestAddress(plan: NetworkPlan, address: number): boolean {
  return (
    contains(plan.network, address) &&
    address !== plan.network.base &&
    !isOurs(plan, address) &&
    !isBroadcast(plan, address)
  );
}
