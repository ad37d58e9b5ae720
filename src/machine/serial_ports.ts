// The ports of virtio-serial with their host ends: consoles hvc0, hvc1, …, and ports that the host opens by name.

import { ConsoleInput } from "../backends/console/console_input";
import { NamedPort } from "../backends/console/named_port";
import type { VirtioSerial } from "../devices/virtio/serial/device";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import { portName, type VirtconsoleConfig, type VirtserialportConfig } from "../shared/device_options";

type PortConfig = VirtconsoleConfig | VirtserialportConfig;

export interface PortEvents {
  output(console: string, bytes: Uint8Array<ArrayBuffer>): void;
  /** A console has come or gone. */
  consolesChanged(names: readonly string[]): void;
  /** The guest has opened or closed a port (QMP's VSERPORT_CHANGE). */
  guestOpened(id: string, open: boolean): void;
}

export class SerialPorts {
  readonly named = new Map<string, NamedPort>();
  /** Set when the device is plugged. */
  bus: VirtioSerial | undefined;
  readonly #events: PortEvents;
  readonly #consoles = new Map<string, { readonly input: ConsoleInput; readonly number: number }>();
  /** How each port leaves. */
  readonly #present = new Map<PortConfig, () => void>();
  readonly #names = new WeakMap<PortConfig, string>();

  constructor(events: PortEvents) {
    this.#events = events;
  }

  get consoles(): string[] {
    return [...this.#consoles.keys()];
  }

  /** Adds a port to the device. */
  add(config: PortConfig): ConfigIssue | undefined {
    const { bus } = this;
    if (bus === undefined) return configIssue(`device ${config.driver}`, "needs a virtio-serial-pci device");
    return config.driver === "virtconsole" ? this.#addConsole(config, bus) : this.#addNamed(config, bus);
  }

  remove(config: PortConfig): void {
    this.#present.get(config)?.();
    this.#present.delete(config);
  }

  /** What a person knows a port by. */
  nameOf(config: PortConfig): string {
    return this.#names.get(config) ?? "";
  }

  /** Resolves when there is room for more. What is typed at a console that is not there goes nowhere. */
  input(console: string, bytes: Uint8Array): Promise<void> {
    return this.#consoles.get(console)?.input.write(bytes) ?? Promise.resolve();
  }

  resize(console: string, columns: number, rows: number): void {
    const found = this.#consoles.get(console);
    if (found !== undefined) this.bus?.resize(columns, rows, found.number);
  }

  /** Writers are let go, readers hear of the end. */
  close(): void {
    for (const { input } of this.#consoles.values()) input.close();
    for (const port of this.named.values()) port.remove();
  }

  #addConsole(config: VirtconsoleConfig, bus: VirtioSerial): ConfigIssue | undefined {
    const name = this.#freeName();
    const input = new ConsoleInput();
    const id = config.id ?? config.name;
    const backend = {
      input,
      output: (bytes: Uint8Array<ArrayBuffer>) => this.#events.output(name, bytes),
      guestOpened: (open: boolean) => {
        if (id !== undefined) this.#events.guestOpened(id, open);
      },
    };
    const number = bus.addPort(backend, { ...nameOf(config), console: true });
    if (number === undefined) return full(config);
    this.#consoles.set(name, { input, number });
    this.#names.set(config, name);
    const remove = (): void => {
      bus.removePort(number);
      input.close();
      this.#consoles.delete(name);
      this.#events.consolesChanged(this.consoles);
    };
    this.#present.set(config, remove);
    this.#events.consolesChanged(this.consoles);
    return undefined;
  }

  /** The lowest number that is free, as Linux gives it to a new console. */
  #freeName(): string {
    let number = 0;
    while (this.#consoles.has(`hvc${number}`)) number++;
    return `hvc${number}`;
  }

  #addNamed(config: VirtserialportConfig, bus: VirtioSerial): ConfigIssue | undefined {
    const hostName = portName(config) ?? "";
    if (this.named.has(hostName)) return configIssue("device virtserialport", `"${hostName}" is given twice`);
    const port = new NamedPort();
    const number = bus.addPort(port, nameOf(config));
    if (number === undefined) return full(config);
    port.onHostOpen = (open) => bus.setHostOpen(number, open);
    port.onGuestOpen = (open) => this.#events.guestOpened(config.id ?? hostName, open);
    this.named.set(hostName, port);
    this.#names.set(config, hostName);
    const remove = (): void => {
      this.named.delete(hostName);
      bus.removePort(number);
      port.remove();
    };
    this.#present.set(config, remove);
    return undefined;
  }
}

function nameOf(config: PortConfig): { name?: string } {
  return config.name === undefined ? {} : { name: config.name };
}

function full(config: PortConfig): ConfigIssue {
  return configIssue(`device ${config.driver}`, "the virtio-serial-pci device has no port left", ["max_ports=31"]);
}
