// What the network cards are plugged into: opens the configured back ends, and is what the page asks about them.

import { Capture } from "../backends/net/capture/capture";
import { Tap } from "../backends/net/capture/tap";
import { SwitchPort } from "../backends/net/switch/switch_port";
import type { TcpStream } from "../backends/net/user/tcp/stream";
import { Names } from "../backends/net/user/names";
import { UserNetwork } from "../backends/net/user/user_network";
import type { ResolvedNetdev } from "../shared/resolve_config";

export interface NetworkHost {
  /** Names the tab to machines in other tabs. */
  readonly page: string;
  /** `location.origin` of the page. */
  readonly origin: string;
  /** Something that a person should know; `kind` has nothing of the guest in it. */
  readonly notice: (kind: string, text: string) => void;
}

export interface OpenNetdev {
  readonly id: string;
  /** What the card is plugged into. */
  readonly tap: Tap;
  readonly user?: UserNetwork;
  readonly socket?: SwitchPort;
  /** Name of the switch, if it is one. */
  readonly switchName?: string;
}

export class Networks {
  readonly all: readonly OpenNetdev[];

  constructor(netdevs: readonly ResolvedNetdev[], host: NetworkHost) {
    const names = new Names();
    this.all = netdevs.map((netdev) => open(netdev, host, names));
  }

  find(id: string): OpenNetdev | undefined {
    return this.all.find((netdev) => netdev.id === id);
  }

  /**
   * Connects to a server in the guest: by the network whose hostfwd has the port, else by the first one. Undefined:
   * refused, or there is no user network.
   */
  async connect(port: number): Promise<TcpStream | undefined> {
    const users = this.all.flatMap(({ user }) => user ?? []);
    return (users.find((user) => user.forwards(port)) ?? users[0])?.connect(port);
  }

  /** Records what passes; without an id at the first card. */
  capture(id: string | undefined): Capture | undefined {
    const netdev = id === undefined ? this.all[0] : this.find(id);
    return netdev === undefined ? undefined : new Capture(netdev.tap, netdev.id);
  }

  setPaused(paused: boolean): void {
    for (const { tap } of this.all) tap.setPaused(paused);
  }

  /** The guest has gone: nobody waits for it any longer. */
  unplug(): void {
    for (const { tap } of this.all) tap.unplug();
  }

  close(): void {
    for (const { tap } of this.all) tap.close();
  }

  counters(): Record<string, number> {
    const sums = { "HTTP requests": 0, "HTTP failures": 0, "HTTP bytes in": 0, "HTTP bytes out": 0 };
    for (const { user } of this.all) {
      if (user === undefined) continue;
      sums["HTTP requests"] += user.http.counters.requests;
      sums["HTTP failures"] += user.http.counters.failed;
      sums["HTTP bytes in"] += user.http.counters.bytesIn;
      sums["HTTP bytes out"] += user.http.counters.bytesOut;
    }
    return sums;
  }
}

function open(netdev: ResolvedNetdev, host: NetworkHost, names: Names): OpenNetdev {
  const { id } = netdev;
  if (netdev.type === "socket") {
    const socket = new SwitchPort(netdev.name, host.page);
    return { id, socket, switchName: netdev.name, tap: new Tap(socket) };
  }
  const { plan, forwards } = netdev;
  const user = new UserNetwork({
    plan,
    forwards,
    names,
    page: { origin: host.origin },
    notice: host.notice,
  });
  return { id, user, tap: new Tap(user) };
}
