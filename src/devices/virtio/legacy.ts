// The legacy interface of virtio 0.9.5 in I/O BAR 0, for drivers that know no other (VIRTIO 1.2, 4.1.4.8).
// Rings lie at a page number with 4096-byte alignment; there is no refusal of features and no NEEDS_RESET.

import type { AccessSize } from "../../core/crossing";
import type { RegisterHandler } from "../pci/router";
import { readConfig, writeConfig } from "./config_space";
import { NO_VECTOR, STATUS_FEATURES_OK, STATUS_NEEDS_RESET } from "./features";
import type { VirtioTransport } from "./transport";

const HOST_FEATURES = 0;
const GUEST_FEATURES = 4;
const QUEUE_PFN = 8;
const QUEUE_SIZE = 12;
const QUEUE_SELECT = 14;
export const LEGACY_QUEUE_NOTIFY = 16;
const STATUS = 18;
const ISR = 19;
const CONFIG_VECTOR = 20;
const QUEUE_VECTOR = 22;
const CONFIG_WITHOUT_MSIX = 20;
const CONFIG_WITH_MSIX = 24;

/** Size of the BAR for a device whose configuration space has so many bytes. */
export function legacyBarSize(configLength: number): number {
  return 2 ** Math.ceil(Math.log2(CONFIG_WITH_MSIX + Math.max(configLength, 4)));
}

export class LegacyRegisters implements RegisterHandler {
  readonly #transport: VirtioTransport;
  readonly #msixEnabled: () => boolean;

  constructor(transport: VirtioTransport, msixEnabled: () => boolean) {
    this.#transport = transport;
    this.#msixEnabled = msixEnabled;
  }

  /** The device's configuration moves when MSI-X is switched on. */
  get #configOffset(): number {
    return this.#msixEnabled() ? CONFIG_WITH_MSIX : CONFIG_WITHOUT_MSIX;
  }

  read(offset: number, size: AccessSize): number {
    const config = this.#configOffset;
    if (offset >= config) return readConfig(this.#transport.device, offset - config, size);
    const t = this.#transport;
    switch (offset) {
      case HOST_FEATURES:
        return t.legacyOffered;
      case GUEST_FEATURES:
        return Number(t.driverFeatures & 0xffffffffn);
      case QUEUE_PFN:
        return t.selected?.pfn ?? 0;
      case QUEUE_SIZE:
        return t.selected?.queue.maxSize ?? 0;
      case QUEUE_SELECT:
        return t.queueSelect;
      case STATUS:
        return t.status & ~(STATUS_FEATURES_OK | STATUS_NEEDS_RESET);
      case ISR:
        return t.readIsr();
      case CONFIG_VECTOR:
        return t.configVector;
      case QUEUE_VECTOR:
        return t.selected?.vector ?? NO_VECTOR;
      default:
        return 0;
    }
  }

  write(offset: number, size: AccessSize, value: number): void {
    const config = this.#configOffset;
    if (offset >= config) {
      writeConfig(this.#transport.device, offset - config, size, value);
      return;
    }
    const t = this.#transport;
    const state = t.selected;
    switch (offset) {
      case GUEST_FEATURES:
        t.setLegacyFeatures(value);
        break;
      case QUEUE_PFN:
        if (state !== undefined) t.setLegacyPage(state, value);
        break;
      case QUEUE_SELECT:
        t.queueSelect = value & 0xffff;
        break;
      case LEGACY_QUEUE_NOTIFY:
        t.kick(value & 0xffff);
        break;
      case STATUS:
        t.writeLegacyStatus(value & 0xff);
        break;
      case CONFIG_VECTOR:
        t.configVector = t.checkedVector(value & 0xffff);
        break;
      case QUEUE_VECTOR:
        if (state !== undefined) state.vector = t.checkedVector(value & 0xffff);
        break;
      default:
        break;
    }
  }
}
