// The receive filter of a card in QMP's words (qapi/net.json, RxFilterInfo).

import type { FilterState } from "../../devices/virtio/net/filter";
import type { RxFilterInfo, RxState } from "../../shared/qmp";

const addressText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");

const stateOf = (none: boolean, all: boolean): RxState => (none ? "none" : all ? "all" : "normal");

export function rxFilterInfo(name: string, mac: Uint8Array, filter: FilterState): RxFilterInfo {
  const { modes, filtersVlans, vlans, unicast, multicast } = filter;
  return {
    name,
    promiscuous: modes.promiscuous,
    multicast: stateOf(modes.noMulticast, modes.allMulticast),
    unicast: stateOf(modes.noUnicast, modes.allUnicast),
    vlan: stateOf(filtersVlans && vlans.length === 0, !filtersVlans),
    "broadcast-allowed": !modes.noBroadcast,
    "multicast-overflow": multicast === undefined,
    "unicast-overflow": unicast === undefined,
    "main-mac": addressText(mac),
    "vlan-table": vlans,
    "unicast-table": (unicast ?? []).map(addressText),
    "multicast-table": (multicast ?? []).map(addressText),
  };
}
