// Who is who in a user network. The default is QEMU's: 10.0.2.0/24, gateway .2, name server .3, guests from .15 on.

import { configIssue, type ConfigIssue } from "../config_issue";
import { err, ok, type Result } from "../result";
import { broadcastOf, contains, formatIpv4, type Ipv4Network, parseIpv4, parseNetwork } from "./addresses";

export interface NetworkPlan {
  readonly network: Ipv4Network;
  /** The gateway, which also stands for the computer that the browser runs on. */
  readonly host: number;
  readonly dns: number;
  /** First address that DHCP gives away. */
  readonly dhcpStart: number;
  /** Name that DHCP gives to the guest; empty: none. */
  readonly hostname: string;
  readonly domain: string;
  /** Nothing outside of the network can be reached. */
  readonly restrict: boolean;
}

/** A port of the host that leads to one of the guest. */
export interface Forward {
  readonly hostPort: number;
  /** Without it the guest that DHCP has met first. */
  readonly guest?: number;
  readonly guestPort: number;
}

/** Options of `netdev=user`, in QEMU's words. */
export interface UserNetOptions {
  readonly net?: string;
  readonly host?: string;
  readonly dns?: string;
  readonly dhcpstart?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly restrict?: boolean;
  readonly hostfwd?: readonly string[];
}

const DEFAULT_NETWORK = "10.0.2.0/24";
const HOST = 2;
const DNS = 3;
const DHCP_START = 15;
/** The DHCP range must fit. */
const MAX_PREFIX = 27;
const MIN_PREFIX = 8;

export function planOf(options: UserNetOptions): Result<NetworkPlan, ConfigIssue> {
  const network = parseNetwork(options.net ?? DEFAULT_NETWORK);
  if (network === undefined || network.prefix > MAX_PREFIX || network.prefix < MIN_PREFIX) {
    const reason = network === undefined ? "is no network" : `needs a prefix from /${MIN_PREFIX} to /${MAX_PREFIX}`;
    return err(configIssue("netdev user: net", `"${options.net}" ${reason}`, [DEFAULT_NETWORK, "192.168.7.0/24"]));
  }
  const addresses: Record<"host" | "dns" | "dhcpstart", number> = {
    host: network.base + HOST,
    dns: network.base + DNS,
    dhcpstart: network.base + DHCP_START,
  };
  for (const key of ["host", "dns", "dhcpstart"] as const) {
    const text = options[key];
    if (text === undefined) continue;
    const address = parseIpv4(text);
    if (address === undefined || !contains(network, address) || address === broadcastOf(network)) {
      return err(
        configIssue(`netdev user: ${key}`, `"${text}" is no address in the network`, [formatIpv4(addresses[key])]),
      );
    }
    addresses[key] = address;
  }
  const { host, dns, dhcpstart } = addresses;
  if (host === dns) return err(configIssue("netdev user: dns", "is the gateway's address"));
  return ok({
    network,
    host,
    dns,
    dhcpStart: dhcpstart,
    hostname: options.hostname ?? "",
    domain: options.domainname ?? "",
    restrict: options.restrict ?? false,
  });
}

const FORWARD_EXAMPLE = "tcp::8080-:80";

/** "tcp::8080-:80" → the forward. Host addresses mean nothing in a page, but QEMU's commands have them. */
export function parseForward(text: string): Result<Forward, ConfigIssue> {
  const wrong = (reason: string): Result<never, ConfigIssue> =>
    err(configIssue("netdev user: hostfwd", reason, [FORWARD_EXAMPLE]));
  const found = /^(tcp|udp)?:([0-9.]*):(\d+)-([0-9.]*):(\d+)$/.exec(text);
  if (found === null) return wrong(`"${text}" is no forwarded port`);
  const [, protocol = "tcp", , hostPort = "", guestText = "", guestPort = ""] = found;
  if (protocol === "udp") return wrong("a page can be forwarded TCP ports only");
  const guest = guestText === "" ? undefined : parseIpv4(guestText);
  if (guestText !== "" && guest === undefined) return wrong(`"${guestText}" is no address`);
  const ports = [hostPort, guestPort].map(Number);
  if (ports.some((port) => port < 1 || port > 65_535)) return wrong(`"${text}" has a port that does not exist`);
  const [first = 0, second = 0] = ports;
  return ok({ hostPort: first, guestPort: second, ...(guest === undefined ? {} : { guest }) });
}
