// Names of feature bits and queues, as the specification has them, for whoever looks at a machine.

/** VIRTIO 1.2, section 6; the legacy bits from VIRTIO 0.9.5. */
const transport: Readonly<Record<number, string>> = {
  24: "NOTIFY_ON_EMPTY",
  27: "ANY_LAYOUT",
  28: "INDIRECT_DESC",
  29: "EVENT_IDX",
  32: "VERSION_1",
  33: "ACCESS_PLATFORM",
  34: "RING_PACKED",
  35: "IN_ORDER",
  36: "ORDER_PLATFORM",
  37: "SR_IOV",
  38: "NOTIFICATION_DATA",
  39: "NOTIF_CONFIG_DATA",
  40: "RING_RESET",
};

interface DeviceNames {
  readonly features: Readonly<Record<number, string>>;
  readonly queue: (index: number, count: number) => string;
}

const NET = 1;
const BLK = 2;
const CONSOLE = 3;
const RNG = 4;
const BALLOON = 5;
const SCSI = 8;
const GPU = 16;
const INPUT = 18;

const listed =
  (...names: string[]) =>
  (index: number) =>
    names[index] ?? `queue ${index}`;

/** VIRTIO 1.2, section 5, by virtio id. */
const devices: Readonly<Record<number, DeviceNames>> = {
  [NET]: {
    features: {
      0: "CSUM",
      1: "GUEST_CSUM",
      2: "CTRL_GUEST_OFFLOADS",
      3: "MTU",
      5: "MAC",
      7: "GUEST_TSO4",
      8: "GUEST_TSO6",
      9: "GUEST_ECN",
      10: "GUEST_UFO",
      11: "HOST_TSO4",
      12: "HOST_TSO6",
      13: "HOST_ECN",
      14: "HOST_UFO",
      15: "MRG_RXBUF",
      16: "STATUS",
      17: "CTRL_VQ",
      18: "CTRL_RX",
      19: "CTRL_VLAN",
      20: "CTRL_RX_EXTRA",
      21: "GUEST_ANNOUNCE",
      22: "MQ",
      23: "CTRL_MAC_ADDR",
      53: "NOTF_COAL",
      54: "GUEST_USO4",
      55: "GUEST_USO6",
      56: "HOST_USO",
      57: "HASH_REPORT",
      59: "GUEST_HDRLEN",
      60: "RSS",
      61: "RSC_EXT",
      62: "STANDBY",
      63: "SPEED_DUPLEX",
    },
    queue: (index, count) => {
      if (index % 2 === 0 && index === count - 1) return "control";
      return `${index % 2 === 0 ? "receive" : "transmit"} ${index >> 1}`;
    },
  },
  [BLK]: {
    features: {
      1: "SIZE_MAX",
      2: "SEG_MAX",
      4: "GEOMETRY",
      5: "RO",
      6: "BLK_SIZE",
      9: "FLUSH",
      10: "TOPOLOGY",
      11: "CONFIG_WCE",
      12: "MQ",
      13: "DISCARD",
      14: "WRITE_ZEROES",
      15: "LIFETIME",
      16: "SECURE_ERASE",
      17: "ZONED",
    },
    queue: (index) => `request ${index}`,
  },
  [CONSOLE]: {
    features: { 0: "SIZE", 1: "MULTIPORT", 2: "EMERG_WRITE" },
    queue: (index) => {
      const way = index % 2 === 0 ? "receive" : "transmit";
      if (index === 2 || index === 3) return `control ${way}`;
      return `port ${index < 2 ? 0 : (index >> 1) - 1} ${way}`;
    },
  },
  [RNG]: { features: {}, queue: listed("request") },
  [BALLOON]: {
    features: {
      0: "MUST_TELL_HOST",
      1: "STATS_VQ",
      2: "DEFLATE_ON_OOM",
      3: "FREE_PAGE_HINT",
      4: "PAGE_POISON",
      5: "REPORTING",
    },
    queue: listed("inflate", "deflate", "statistics", "free pages, or reports", "reports"),
  },
  [SCSI]: {
    features: { 0: "INOUT", 1: "HOTPLUG", 2: "CHANGE", 3: "T10_PI" },
    queue: (index) => listed("control", "event")(index).replace(/^queue \d+$/, `request ${index - 2}`),
  },
  [GPU]: { features: { 0: "VIRGL", 1: "EDID" }, queue: listed("control", "cursor") },
  [INPUT]: { features: {}, queue: listed("event", "status") },
};

/** Names of the bits that are set; a bit without a name shows its number. */
export function featureNames(virtioId: number, features: bigint): string[] {
  const own = devices[virtioId]?.features ?? {};
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((features & (1n << BigInt(bit))) !== 0n) names.push(own[bit] ?? transport[bit] ?? `bit ${bit}`);
  }
  return names;
}

export function queueName(virtioId: number, index: number, count: number): string {
  return devices[virtioId]?.queue(index, count) ?? `queue ${index}`;
}
