// Addresses in text and as numbers: IPv4 as an unsigned 32-bit number, MAC as six bytes.

export interface Ipv4Network {
  /** First address. */
  readonly base: number;
  /** Bits of the prefix. */
  readonly prefix: number;
}

/** "10.0.2.2" → the number; undefined for anything else. */
export function parseIpv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** "10.0.2.0/24" → the network; undefined for anything else. */
export function parseNetwork(text: string): Ipv4Network | undefined {
  const [address = "", bits = "", ...rest] = text.split("/");
  const base = parseIpv4(address);
  const prefix = Number(bits);
  if (base === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bits) || prefix > 32) return undefined;
  return { base: (base & maskOf(prefix)) >>> 0, prefix };
}

export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0;
}

export function contains(network: Ipv4Network, address: number): boolean {
  return (address & maskOf(network.prefix)) >>> 0 === network.base;
}

export function broadcastOf(network: Ipv4Network): number {
  return (network.base | ~maskOf(network.prefix)) >>> 0;
}

/** "52:54:00:12:34:56" → six bytes; undefined for anything else, and for group addresses. */
export function parseMac(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  const bytes = Uint8Array.from(text.split(/[:-]/), (part) => Number.parseInt(part, 16));
  return ((bytes[0] ?? 0) & 1) === 0 ? bytes : undefined;
}
