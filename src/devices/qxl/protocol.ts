// Numbers of the QXL interface: offsets into its packed, little-endian structs, commands, ports, interrupts
// (spice-protocol: spice/qxl_dev.h, spice/enums.h, spice/ipc_ring.h).

// QXLRam.
export const RAM_MAGIC = 0x41525851;
export const RAM_INT_PENDING = 4;
export const RAM_INT_MASK = 8;
export const RAM_LOG = 12;
export const RAM_LOG_BYTES = 4096;
export const RAM_COMMAND_RING = 4108;
export const RAM_CURSOR_RING = 4640;
export const RAM_RELEASE_RING = 5172;
export const RAM_UPDATE_AREA = 5256;
export const RAM_UPDATE_SURFACE = 5272;
export const RAM_MEMSLOT = 5276;
export const RAM_CREATE_SURFACE = 5292;
export const RAM_MONITORS_CONFIG = 5340;
export const RAM_BYTES = 5348;

// A ring: header, then items.
export const RING_NUM_ITEMS = 0;
export const RING_PROD = 4;
export const RING_NOTIFY_ON_PROD = 8;
export const RING_CONS = 12;
export const RING_NOTIFY_ON_CONS = 16;
export const RING_ITEMS = 20;
export const COMMAND_RING_ITEMS = 32;
export const COMMAND_BYTES = 16;
export const RELEASE_RING_ITEMS = 8;

// QXLCmdType.
export const CMD_NOP = 0;
export const CMD_DRAW = 1;
export const CMD_UPDATE = 2;
export const CMD_CURSOR = 3;
export const CMD_MESSAGE = 4;
export const CMD_SURFACE = 5;

// Ports, offsets from the I/O BAR.
export const IO_NOTIFY_CMD = 0;
export const IO_NOTIFY_CURSOR = 1;
export const IO_UPDATE_AREA = 2;
export const IO_UPDATE_IRQ = 3;
export const IO_NOTIFY_OOM = 4;
export const IO_RESET = 5;
export const IO_SET_MODE = 6;
export const IO_LOG = 7;
export const IO_MEMSLOT_ADD = 8;
export const IO_MEMSLOT_DEL = 9;
export const IO_CREATE_PRIMARY = 12;
export const IO_DESTROY_PRIMARY = 13;
export const IO_DESTROY_SURFACE_WAIT = 14;
export const IO_DESTROY_ALL_SURFACES = 15;
export const IO_UPDATE_AREA_ASYNC = 16;
export const IO_MEMSLOT_ADD_ASYNC = 17;
export const IO_CREATE_PRIMARY_ASYNC = 18;
export const IO_DESTROY_PRIMARY_ASYNC = 19;
export const IO_DESTROY_SURFACE_ASYNC = 20;
export const IO_DESTROY_ALL_SURFACES_ASYNC = 21;
export const IO_FLUSH_SURFACES_ASYNC = 22;
export const IO_FLUSH_RELEASE = 23;
export const IO_MONITORS_CONFIG_ASYNC = 24;

// Bits of int_pending and int_mask.
export const INTERRUPT_DISPLAY = 1;
export const INTERRUPT_CURSOR = 2;
export const INTERRUPT_IO_CMD = 4;
export const INTERRUPT_ERROR = 8;
export const INTERRUPT_CLIENT_MONITORS_CONFIG = 32;

// QXLSurfaceCmd.
export const SURFACE_CMD_BYTES = 41;
export const SURFACE_CREATE = 0;
export const SURFACE_DESTROY = 1;
export const SURFACE_KEEP_DATA = 1;

// QXLDrawable, and the older one of qxl-1 and of compatibility mode.
export const DRAWABLE_BYTES = 191;
export const COMPAT_DRAWABLE_BYTES = 128;

// QXLDataChunk.
export const CHUNK_BYTES = 20;

// QXLMonitorsConfig.
export const MONITORS_MAX = 16;
export const HEAD_BYTES = 28;
