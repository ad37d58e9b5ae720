// i8042 with a PS/2 keyboard and an IntelliMouse. Offsets from Machine.i8042; fields are u8.
//
// Machine.i8042In carries u16 entries from the host. Keyboard: bytes of scan code set 2. Auxiliary port (bit 8): groups
// of four, always the IntelliMouse packet: flags (buttons 0-2, sign bits 4-5), dx, dy (up is positive), dz in bits 0-3
// as two's complement with buttons 4 and 5 in bits 4-5. The mouse sends as much of it as its mode says.

/** Controller configuration byte. */
export const config = 0;
/** Controller command that waits for its data byte, 0 = none. */
export const command = 1;
/** Output buffer, and where its byte came from: SOURCE_. */
export const outByte = 2;
export const outSource = 3;
/** The last write was to port 64. */
export const lastCommand = 4;
/** Output port (A20 in bit 1). */
export const outputPort = 5;

export const kbdScanning = 8;
export const kbdSet = 9;
/** Keyboard command that waits for its parameter. */
export const kbdCommand = 10;
export const kbdLeds = 11;
export const kbdTypematic = 12;
export const kbdLast = 13;
/** 1 = an F0 prefix has been seen: by the keyboard (set 1), by the controller (translation). */
export const kbdBreak = 14;
export const xlateBreak = 15;

export const auxReporting = 16;
/** 0 stream, 1 remote. */
export const auxRemote = 17;
export const auxWrap = 18;
export const auxCommand = 19;
export const auxResolution = 20;
export const auxRate = 21;
export const auxScaling = 22;
/** 0 plain, 3 wheel, 4 wheel and five buttons. */
export const auxId = 23;
/** The two sample rates before the last. */
export const auxRate1 = 24;
export const auxRate2 = 25;
export const auxLast = 26;
/** Bytes of a host packet gathered so far, and the packet. */
export const auxGathered = 27;
export const auxPacket = 28;
export const auxButtons = 32;

// Queues: u8 first, u8 fill, then QUEUE_SIZE bytes.
export const controllerQueue = 64;
export const kbdQueue = 192;
export const auxQueue = 320;
export const queueFirst = 0;
export const queueFill = 1;
export const queueData = 2;
export const QUEUE_SIZE = 64;
export const SIZE = 448;

export const SOURCE_NONE = 0;
export const SOURCE_KEYBOARD = 1;
export const SOURCE_AUX = 2;
export const SOURCE_CONTROLLER = 3;
