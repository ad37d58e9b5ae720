// Offsets and bits of PCI configuration space (PCI Local Bus Specification 3.0, 6.1 and 6.8).

export const CONFIG_SIZE = 256;

export const VENDOR_ID = 0x00;
export const DEVICE_ID = 0x02;
export const COMMAND = 0x04;
export const COMMAND_IO = 1;
export const COMMAND_MEMORY = 2;
export const COMMAND_MASTER = 4;
export const COMMAND_INTX_DISABLE = 0x400;
export const STATUS = 0x06;
export const STATUS_INTERRUPT = 8;
export const STATUS_CAPABILITIES = 0x10;
export const REVISION_ID = 0x08;
export const CLASS_CODE = 0x09;
export const HEADER_TYPE = 0x0e;
export const HEADER_MULTIFUNCTION = 0x80;
export const BAR0 = 0x10;
export const SUBSYSTEM_VENDOR_ID = 0x2c;
export const SUBSYSTEM_ID = 0x2e;
export const CAPABILITIES = 0x34;
export const INTERRUPT_LINE = 0x3c;
export const INTERRUPT_PIN = 0x3d;

export const BAR_IO = 1;
export const BAR_64 = 4;
export const BAR_PREFETCH = 8;

export const CAP_VENDOR = 0x09;
export const CAP_MSIX = 0x11;

export const QEMU_SUBSYSTEM_VENDOR = 0x1af4;
export const QEMU_SUBSYSTEM = 0x1100;
