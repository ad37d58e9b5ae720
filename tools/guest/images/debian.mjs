// A minimal Debian 12 on an ext4 disk: systemd, a root shell on the virtio console.

/**
 * Timers and services that only cost time in a guest that is thrown away, and
 * modules that systemd loads in advance: the kernel or udev loads them when they
 * are needed (half a billion instructions of each boot, a tenth).
 */
const MASKED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "modprobe@dm_mod.service",
  "modprobe@drm.service",
  "modprobe@fuse.service",
  "modprobe@loop.service",
  "sys-fs-fuse-connections.mount",
  "systemd-networkd-wait-online.service",
  "systemd-pstore.service",
];

const AUTOLOGIN = `[Service]
Environment=TERM=xterm-256color
ExecStart=
ExecStart=-/sbin/agetty --autologin root --keep-baud 115200,57600,38400,9600 - $TERM
`;

/** The journal stays in memory: no writes to the disk for each line of the log. */
const JOURNAL = `[Journal]
Storage=volatile
RuntimeMaxUse=16M
`;

/** For packages that are installed later; the build itself removes the same. */
const NO_DOCUMENTATION = `path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
`;

/** Any fixed value; fstab and the command line name the disk by it, on whatever bus it is. */
const DISK_UUID = "7ab71504-0000-4000-8000-00000000deb1";
/** Every card asks for its address by DHCP. The name server is the one that a user network has. */
const NETWORK = `[Match]
Name=en* eth*

[Network]
DHCP=ipv4
IPv6AcceptRA=no
`;
const NAME_SERVER = "nameserver 10.0.2.3\n";

/**
 * systemd-networkd orders itself before the login, which would wait for it.
 * Here nobody does: it starts when the console has its shell.
 */
const LATE_NETWORK = `unit=/lib/systemd/system/systemd-networkd.service
sed -e '/^Before=/d' -e '/^\\[Unit\\]/a After=serial-getty@hvc0.service' $unit >/etc/systemd/system/\${unit##*/}
systemctl enable systemd-networkd`;

/** @type {import("../image.mjs").Image} */
export const image = {
  name: "debian",
  title: "Debian 12",
  description: "A minimal Debian 12 with systemd on a disk of 1.5 GiB.",
  architecture: "amd64",
  kernel: "linux-image-amd64",
  memoryMb: 512,
  // The TSC and kvmclock are one clock here: a watchdog that compares them could only find that the host was busy.
  append: `root=UUID=${DISK_UUID} rw console=ttyS0 console=hvc0 tsc=reliable`,
  devices: ["virtio-serial-pci", "virtconsole", "virtserialport,name=org.qemu.guest_agent.0", "virtio-balloon-pci"],
  initramfs: {
    init: "disk.sh",
    modules: ["virtio_pci", "virtio_blk", "virtio_console", "virtio_scsi", "sd_mod", "ext4", "crc32c_generic"],
  },
  rootfs: {
    sizeMb: 1536,
    uuid: DISK_UUID,
    hostname: "tabvisor",
    packages: [
      "apt",
      "dbus",
      "e2fsprogs",
      "fio",
      "init",
      "iperf3",
      "iproute2",
      "iputils-ping",
      "kexec-tools",
      "kmod",
      "less",
      "login",
      "nano",
      "netbase",
      "openssl",
      "pciutils",
      "procps",
      "sg3-utils",
      "qemu-guest-agent",
      "systemd-sysv",
      "udev",
      "usr-is-merged",
      "util-linux-extra",
    ],
    // Folders of the kernel's modules: what a virtual machine can have and what
    // works without hardware. All in all Debian's package has 400 MB of them.
    modules: [
      "kernel/arch",
      "kernel/block",
      "kernel/crypto",
      "kernel/drivers/acpi/button.ko",
      "kernel/drivers/ata",
      "kernel/drivers/block",
      "kernel/drivers/cdrom",
      "kernel/drivers/char",
      "kernel/drivers/firmware",
      "kernel/drivers/gpu/drm/tiny/bochs.ko",
      "kernel/drivers/gpu/drm/qxl",
      "kernel/drivers/gpu/drm/virtio",
      "kernel/drivers/input/evdev.ko",
      "kernel/drivers/input/mouse",
      "kernel/drivers/input/serio",
      "kernel/drivers/md",
      "kernel/drivers/net/bonding",
      "kernel/drivers/net/dummy.ko",
      "kernel/drivers/net/ethernet/intel/e1000",
      "kernel/drivers/net/net_failover.ko",
      "kernel/drivers/net/tun.ko",
      "kernel/drivers/net/veth.ko",
      "kernel/drivers/net/virtio_net.ko",
      "kernel/drivers/net/wireguard",
      "kernel/drivers/ptp",
      "kernel/drivers/scsi/scsi_mod.ko",
      "kernel/drivers/scsi/scsi_debug.ko",
      "kernel/drivers/scsi/sd_mod.ko",
      "kernel/drivers/scsi/sg.ko",
      "kernel/drivers/scsi/sr_mod.ko",
      "kernel/drivers/scsi/st.ko",
      "kernel/drivers/scsi/virtio_scsi.ko",
      "kernel/drivers/vhost",
      "kernel/drivers/virtio",
      "kernel/fs",
      "kernel/lib",
      "kernel/mm",
      "kernel/net/802",
      "kernel/net/8021q",
      "kernel/net/9p",
      "kernel/net/bridge",
      "kernel/net/core",
      "kernel/net/ipv4",
      "kernel/net/ipv6",
      "kernel/net/llc",
      "kernel/net/netfilter",
      "kernel/net/packet",
      "kernel/net/sched",
      "kernel/net/vmw_vsock",
    ],
    files: {
      "etc/systemd/system/serial-getty@hvc0.service.d/autologin.conf": AUTOLOGIN,
      "etc/systemd/journald.conf.d/volatile.conf": JOURNAL,
      "etc/dpkg/dpkg.cfg.d/no-documentation": NO_DOCUMENTATION,
      "etc/default/locale": "LANG=C.UTF-8\n",
      "etc/resolv.conf": NAME_SERVER,
      "etc/systemd/network/80-dhcp.network": NETWORK,
      "etc/apt/sources.list": "# No package source is set up: name one here and run apt update.\n",
    },
    programs: { "usr/local/bin/static-check": "static_check.c" },
    masked: MASKED,
    // Run in the new system when all packages are configured. Root has no
    // password: whoever opens the tab owns the machine.
    finish: `passwd --delete root; systemctl set-default multi-user.target; ${LATE_NETWORK}`,
  },
};
