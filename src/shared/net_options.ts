// Network back ends and cards: `netdev=` and `nic=`, in QEMU's words.

import { configIssue, type ConfigIssue } from "./config_issue";
import { contains, formatIpv4, parseMac } from "./net/addresses";
import { type NetworkPlan, parseForward, planOf, type UserNetOptions } from "./net/user_plan";
import { checkOptions, formatOptions, type OptionKind, type OptionTable, parseOptions } from "./option_table";
import { escapeCommas, parseItems, type QemuItem } from "./qemu_syntax";
import { err, ok, type Result } from "./result";

/** A network of its own, with a gateway in the page. */
export interface UserNet extends UserNetOptions {
  readonly type: "user";
}

/** A switch that all machines with the same name share, in this tab and in others of the same origin. */
export interface SocketNet {
  readonly type: "socket";
  readonly mcast: string;
}

export type NetdevConfig = (UserNet | SocketNet) & { readonly id: string };

/** Back end and card in one; "none": not even the card that an image has by default. */
export type NicConfig = { readonly type: "none" } | ((UserNet | SocketNet) & NicCard);

interface NicCard {
  readonly model?: "virtio-net-pci" | "virtio";
  readonly mac?: string;
}

const name: OptionKind = { kind: "text", maxLength: 64 };
const address: OptionKind = { kind: "text", maxLength: 20 };

const types: Readonly<Record<"user" | "socket", OptionTable>> = {
  user: {
    net: address,
    host: address,
    dns: address,
    dhcpstart: address,
    hostname: name,
    domainname: name,
    restrict: { kind: "onoff" },
  },
  socket: { mcast: name },
};
const card: OptionTable = { model: { kind: "word", words: ["virtio-net-pci", "virtio"] }, mac: address };

const netdevTypes = Object.keys(types);
const nicTypes = [...netdevTypes, "none"];

type Kind = keyof typeof types;

function kindOf(value: string | undefined): Kind | undefined {
  return value !== undefined && Object.hasOwn(types, value) ? (value as Kind) : undefined;
}

/** "user,id=n0,hostfwd=tcp::8080-:80" → the back end. */
export function parseNetdev(text: string): Result<NetdevConfig, ConfigIssue> {
  const parsed = parse("netdev", text, netdevTypes, { id: { kind: "id" } });
  if (!parsed.ok) return parsed;
  const netdev = parsed.value as unknown as NetdevConfig;
  const issue = checkNetdev(netdev);
  return issue === undefined ? ok(netdev) : err(issue);
}

/** "user,model=virtio-net-pci" or "none" → back end and card. */
export function parseNic(text: string): Result<NicConfig, ConfigIssue> {
  if (text === "none") return ok({ type: "none" });
  const parsed = parse("nic", text, nicTypes, card);
  if (!parsed.ok) return parsed;
  const nic = parsed.value as unknown as NicConfig;
  const issue = checkNic(nic);
  return issue === undefined ? ok(nic) : err(issue);
}

function parse(
  option: string,
  text: string,
  accepted: readonly string[],
  more: OptionTable,
): Result<Record<string, unknown>, ConfigIssue> {
  const [first, ...rest] = parseItems(text);
  const word = first?.key === undefined || first.key === "type" ? first?.value : undefined;
  const kind = kindOf(word);
  if (kind === undefined) return err(configIssue(option, `unknown type "${word ?? text}"`, accepted));
  // The one option that QEMU takes several times.
  const isForward = (item: QemuItem): boolean => kind === "user" && item.key === "hostfwd";
  const hostfwd = rest.filter(isForward).map((item) => item.value);
  const options = parseOptions(
    `${option} ${kind}`,
    rest.filter((item) => !isForward(item)),
    { ...more, ...types[kind] },
  );
  if (!options.ok) return options;
  return ok({ type: kind, ...options.value, ...(hostfwd.length === 0 ? {} : { hostfwd }) });
}

export function checkNetdev(netdev: NetdevConfig): ConfigIssue | undefined {
  const { id } = netdev;
  if (typeof id !== "string" || id === "")
    return configIssue("netdev: id", "is missing", ["a name for device=…,netdev="]);
  return checkBackend("netdev", netdev, { id: { kind: "id" } }, netdevTypes);
}

export function checkNic(nic: NicConfig): ConfigIssue | undefined {
  if (nic.type === "none") return undefined;
  return checkBackend("nic", nic, card, nicTypes) ?? checkMac("nic: mac", nic.mac);
}

export function checkMac(option: string, mac: string | undefined): ConfigIssue | undefined {
  if (mac === undefined || parseMac(mac) !== undefined) return undefined;
  return configIssue(option, `"${mac}" is no address of a card`, ["52:54:00:12:34:56"]);
}

function checkBackend(
  option: string,
  backend: UserNet | SocketNet,
  more: OptionTable,
  accepted: readonly string[],
): ConfigIssue | undefined {
  const kind = kindOf(backend.type);
  if (kind === undefined) return configIssue(option, `unknown type "${String(backend.type)}"`, accepted);
  const named = `${option} ${kind}`;
  const { hostfwd, ...rest } = { hostfwd: undefined, ...backend };
  const issue = checkOptions(named, { ...rest }, { ...more, ...types[kind] }, ["type"]);
  if (issue !== undefined) return issue;
  if (backend.type === "socket") {
    if (typeof backend.mcast === "string" && backend.mcast !== "") return undefined;
    return configIssue(`${named}: mcast`, "is missing", ["a name that other machines give too"]);
  }
  const plan = planOf(backend);
  if (!plan.ok) return plan.error;
  return checkForwards(hostfwd ?? [], plan.value);
}

function checkForwards(forwards: readonly string[], { network }: NetworkPlan): ConfigIssue | undefined {
  const ports = new Set<number>();
  for (const text of forwards) {
    const forward = parseForward(text);
    if (!forward.ok) return forward.error;
    const { hostPort, guest } = forward.value;
    if (guest !== undefined && !contains(network, guest)) {
      const range = `${formatIpv4(network.base)}/${network.prefix}`;
      return configIssue("netdev user: hostfwd", `${formatIpv4(guest)} is not in the network`, [range]);
    }
    if (ports.has(hostPort)) return configIssue("netdev user: hostfwd", `port ${hostPort} is forwarded twice`);
    ports.add(hostPort);
  }
  return undefined;
}

export function formatNetdev(netdev: NetdevConfig): string {
  return format(netdev, { id: { kind: "id" } });
}

export function formatNic(nic: NicConfig): string {
  return nic.type === "none" ? "none" : format(nic, card);
}

function format(backend: UserNet | SocketNet, more: OptionTable): string {
  const forwards = backend.type === "user" ? (backend.hostfwd ?? []) : [];
  const options = formatOptions({ ...backend }, { ...more, ...types[backend.type] });
  return [backend.type, ...options, ...forwards.map((forward) => `hostfwd=${escapeCommas(forward)}`)].join(",");
}
