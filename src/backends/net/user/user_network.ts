// The user network, as QEMU's `-netdev user`: a network of its own with a gateway that is a name server, a DHCP server
// and the end of every TCP connection of the guest. HTTP goes on through the browser's fetch.

import { formatIpv4, parseIpv4 } from "../../../shared/net/addresses";
import { ETHERNET_HEADER } from "../../../shared/net/ethernet";
import type { Forward, NetworkPlan } from "../../../shared/net/user_plan";
import type { Frame, NetBackend, NicPort } from "../types";
import { askArp, receiveArp } from "./arp";
import { Clock } from "./clock";
import { DHCP_CLIENT, DHCP_SERVER, DhcpServer } from "./dhcp";
import { answerQuery, DNS_SERVER, HOST_NAME } from "./dns";
import { serveDns } from "./dns_tcp";
import { HttpGateway, type HttpHost } from "./http/gateway";
import { isEchoRequest, mayCauseError, PORT_UNREACHABLE, PROHIBITED, sendEchoReply, sendUnreachable } from "./icmp";
import { type Ipv4Packet, Ipv4Receiver, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from "./ipv4";
import { Link, TYPE_ARP, TYPE_IPV4 } from "./link";
import type { Names } from "./names";
import { isBroadcast, isGuestAddress, isMulticast, isOurs } from "./plan";
import { reachOf } from "./reach";
import type { Endpoints } from "./tcp/connection_user";
import { TcpStream } from "./tcp/stream";
import { Tcp, type UserFactory } from "./tcp/tcp";
import { type Datagram, parseDatagram, replyTo, sendDatagram } from "./udp";

export interface UserNetworkOptions extends Omit<HttpHost, "meaningOf"> {
  readonly plan: NetworkPlan;
  readonly forwards: readonly Forward[];
  /** Those of the machine: a guest with two cards asks one network for a name and connects through the other. */
  readonly names: Names;
}

/** Of a guest that has no address yet. */
const UNSPECIFIED = 0;
/** Destinations whose refusal was told to the user; each is told once. */
const MAX_TOLD = 256;

interface Plugged {
  readonly link: Link;
  readonly dhcp: DhcpServer;
  readonly tcp: Tcp;
}

export class UserNetwork implements NetBackend {
  readonly http: HttpGateway;
  readonly #options: UserNetworkOptions;
  readonly #clock = new Clock();
  readonly #names: Names;
  readonly #ipv4 = new Ipv4Receiver();
  readonly #told = new Set<string>();
  #plugged: Plugged | undefined;

  constructor(options: UserNetworkOptions) {
    this.#options = options;
    this.#names = options.names;
    this.http = new HttpGateway({ ...options, meaningOf: (host) => this.#meaningOf(host) });
  }

  plug(nic: NicPort): void {
    const { plan } = this.#options;
    const link = new Link(nic, plan);
    const tcp = new Tcp(link, this.#clock, (ends) => this.#accept(ends));
    this.unplug();
    this.#plugged = { link, tcp, dhcp: new DhcpServer(plan, nic.mtu) };
    nic.onRoom = () => tcp.flush();
  }

  /** Who waits for an answer of the guest is told that none will come. */
  unplug(): void {
    this.#plugged?.tcp.close();
    this.#plugged = undefined;
  }

  send(frame: Frame): void {
    const { bytes, offload } = frame;
    const type = ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
    const rest = bytes.subarray(ETHERNET_HEADER);
    if (type === TYPE_ARP) this.#receiveArp(rest);
    else if (type === TYPE_IPV4) this.#receiveIpv4(rest, bytes.subarray(6, 12), offload !== undefined);
  }

  sent(): void {
    this.#plugged?.tcp.flush();
  }

  setPaused(paused: boolean): void {
    this.#clock.setPaused(paused);
    this.#plugged?.tcp.setPaused(paused);
  }

  close(): void {
    this.unplug();
  }

  /** Whether hostfwd says where this port leads. */
  forwards(port: number): boolean {
    return this.#options.forwards.some(({ hostPort }) => hostPort === port);
  }

  /** Connects to a port of the guest; a port that is forwarded leads where hostfwd says. Undefined: refused. */
  async connect(port: number): Promise<TcpStream | undefined> {
    if (this.#plugged === undefined) return undefined;
    const { tcp, link, dhcp } = this.#plugged;
    const forward = this.#options.forwards.find(({ hostPort }) => hostPort === port);
    const guest = forward?.guest ?? dhcp.guest;
    const made: { stream?: TcpStream } = {};
    if (!link.knows(guest)) askArp(link, guest);
    tcp.connect(guest, forward?.guestPort ?? port, (connection) => (made.stream = new TcpStream(connection)));
    return (await made.stream?.accepted) === true ? made.stream : undefined;
  }

  #receiveArp(bytes: Uint8Array): void {
    if (this.#plugged === undefined) return;
    const { link, tcp } = this.#plugged;
    const sender = receiveArp(link, bytes);
    if (sender !== undefined) tcp.neighbourFound(sender);
  }

  #receiveIpv4(bytes: Uint8Array<ArrayBuffer>, mac: Uint8Array, unchecked: boolean): void {
    const packet = this.#ipv4.take(bytes);
    if (packet === undefined || this.#plugged === undefined) return;
    const { link, tcp } = this.#plugged;
    link.learn(packet.source, mac);
    const { source, destination, protocol } = packet;
    if (!isGuestAddress(link.plan, source) && source !== UNSPECIFIED) {
      // Nobody in this network: there is no way back.
    } else if (protocol === PROTOCOL_UDP) {
      const datagram = parseDatagram(packet, unchecked);
      if (datagram !== undefined) this.#receiveDatagram(datagram, packet);
    } else if (isMulticast(destination) || isBroadcast(this.#options.plan, destination)) {
      // Nobody here has joined a group.
    } else if (protocol === PROTOCOL_TCP) {
      tcp.receive(packet, unchecked);
    } else if (isOurs(link.plan, destination) && protocol === PROTOCOL_ICMP) {
      if (isEchoRequest(packet)) sendEchoReply(link, packet);
    } else {
      this.#unreachable(packet, PROHIBITED);
    }
  }

  #receiveDatagram(datagram: Datagram, packet: Ipv4Packet): void {
    if (this.#plugged === undefined) return;
    const { link, dhcp } = this.#plugged;
    const { plan } = link;
    const { destination, destinationPort, payload } = datagram;
    const toUs = isOurs(plan, destination);
    if (destinationPort === DHCP_SERVER && (toUs || isBroadcast(plan, destination))) {
      const reply = dhcp.answer(payload);
      if (reply === undefined) return;
      const ends = {
        source: plan.host,
        sourcePort: DHCP_SERVER,
        destination: reply.address,
        destinationPort: DHCP_CLIENT,
      };
      sendDatagram(link, { ...ends, payload: reply.payload }, reply.mac);
    } else if (destinationPort === DNS_SERVER && toUs) {
      const answer = answerQuery(payload, plan, this.#names);
      if (answer !== undefined) sendDatagram(link, replyTo(datagram, answer));
    } else if (toUs) {
      this.#unreachable(packet, PORT_UNREACHABLE);
    } else if (!isMulticast(destination) && !isBroadcast(plan, destination)) {
      this.#tell(`${this.#nameOf(destination)}, UDP port ${destinationPort}: a page can make HTTP requests only`);
      this.#unreachable(packet, PROHIBITED);
    }
  }

  #unreachable(packet: Ipv4Packet, code: number): void {
    if (this.#plugged !== undefined && mayCauseError(packet)) sendUnreachable(this.#plugged.link, packet, code);
  }

  #accept(ends: Endpoints): UserFactory | undefined {
    const { plan } = this.#options;
    if (ends.hostPort === DNS_SERVER && isOurs(plan, ends.host)) {
      return (connection) => {
        const stream = new TcpStream(connection);
        void serveDns(stream, (query) => answerQuery(query, plan, this.#names));
        return stream;
      };
    }
    const reach = reachOf(ends.host, ends.hostPort, plan, this.#names);
    if ("refused" in reach) {
      this.#tell(reach.refused);
      return undefined;
    }
    return (connection) => {
      const stream = new TcpStream(connection);
      void this.http.serve(stream, reach);
      return stream;
    };
  }

  /** What stands in a URL of the guest, as the browser knows it: the gateway is this computer, our addresses are names. */
  #meaningOf(host: string): string {
    const address = parseIpv4(host);
    if (host === HOST_NAME || address === this.#options.plan.host) return "localhost";
    return (address === undefined ? undefined : this.#names.nameOf(address)) ?? host;
  }

  #nameOf(address: number): string {
    return this.#names.nameOf(address) ?? formatIpv4(address);
  }

  /** Says once why something was refused. */
  #tell(why: string): void {
    if (this.#told.has(why) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(why);
    this.#options.notice("refused", `network: refused: ${why}.`);
  }
}
