// The smallest guest: kernel and an initramfs with busybox, no disk.

/** @type {import("../image.mjs").Image} */
export const image = {
  name: "tiny",
  title: "Linux and busybox",
  description: "Debian 12's kernel and a busybox shell in memory; no disk.",
  architecture: "amd64",
  kernel: "linux-image-amd64",
  memoryMb: 256,
  append: "console=ttyS0 console=hvc0",
  devices: ["virtio-serial-pci", "virtconsole"],
  initramfs: {
    init: "tiny.sh",
    // What busybox's udhcpc calls with the address that it was given.
    scripts: { "etc/udhcpc/default.script": "udhcpc.sh" },
    // Names without what they depend on; loaded only where the device exists,
    // or, for file systems, when one is mounted.
    modules: [
      "virtio_pci",
      "virtio_blk",
      "virtio_console",
      "virtio_net",
      "virtio_scsi",
      "virtio_balloon",
      "virtio_rng",
      "virtio_input",
      "psmouse",
      "qxl",
      "sd_mod",
      "sr_mod",
      "button",
      "evdev",
      "ext4",
      "crc32c_generic",
      "isofs",
    ],
  },
};
