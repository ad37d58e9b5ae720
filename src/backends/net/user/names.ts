// Names and the addresses that stand for them. A page cannot ask the DNS, and does not need to: the browser resolves
// the name when the request is made. Until then every name has an address of its own, from a block that RFC 2544
// (section C.2.2) has set aside, so that no real machine is shadowed.

import { contains } from "../../../shared/net/addresses";

const BLOCK = { base: 0xc6120000, prefix: 15 };
/** Names that are remembered; the ones not asked for longest are forgotten. */
const MAX_NAMES = 16_384;
const FIRST = BLOCK.base + 1;

export class Names {
  readonly #addresses = new Map<string, number>();
  readonly #names = new Map<number, string>();
  #next = FIRST;

  /** The address of a name, in lower case. */
  addressOf(name: string): number {
    const known = this.#addresses.get(name);
    const address = known ?? this.#newAddress();
    // Asked for last, so that it is forgotten last.
    this.#addresses.delete(name);
    this.#addresses.set(name, address);
    this.#names.set(address, name);
    return address;
  }

  nameOf(address: number): string | undefined {
    return this.#names.get(address);
  }

  /** Whether an address is one of ours, known or not. */
  isSynthetic(address: number): boolean {
    return contains(BLOCK, address);
  }

  #newAddress(): number {
    const [oldest] = this.#addresses;
    if (this.#addresses.size < MAX_NAMES || oldest === undefined) return this.#next++;
    const [name, address] = oldest;
    this.#addresses.delete(name);
    this.#names.delete(address);
    return address;
  }
}
