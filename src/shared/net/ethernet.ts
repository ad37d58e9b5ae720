// Ethernet frames as everything here sees them: without preamble and frame check sequence.

/** Longest frame: a TCP segment of 64 KiB with all headers. */
export const MAX_FRAME = 65536 + 256;
/** Destination, source and type. */
export const ETHERNET_HEADER = 14;
