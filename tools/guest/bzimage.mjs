// Finds the compressed kernel inside a Linux x86 bzImage.
// Pure byte reading, used by kernel.mjs. Layout: Linux
// Documentation/x86/boot.rst ("The Real-Mode Kernel Header").

const SETUP_SECTS = 0x1f1;
const HEADER_MAGIC = 0x202;
const VERSION = 0x206;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const HEADER_END = 0x250;
const SECTOR = 512;

/** First version of the boot protocol that says where the payload is. */
const PAYLOAD_VERSION = 0x0208;

const COMPRESSIONS = [
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { name: "gzip", magic: [0x1f, 0x8b] },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: "lz4", magic: [0x02, 0x21, 0x4c, 0x18] },
];

/**
 * @param {Uint8Array} image
 * @returns {{ compression: string, payload: Uint8Array, unpackedSize: number }}
 *   `payload` is the compressed stream alone; `unpackedSize` is what the
 *   kernel's build appended after it, as the decompressor in the image uses it.
 */
export function readBzImage(image) {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < HEADER_END || ascii(image, HEADER_MAGIC, 4) !== "HdrS") {
    throw new Error("not a Linux bzImage: the header magic HdrS is missing");
  }
  const version = view.getUint16(VERSION, true);
  if (version < PAYLOAD_VERSION) {
    const text = `${version >> 8}.${version & 0xff}`;
    throw new Error(`boot protocol ${text} has no payload offset (2.08 and later have)`);
  }
  // 0 stands for 4: the value of kernels older than the field.
  const setupSectors = image[SETUP_SECTS] || 4;
  const start = (setupSectors + 1) * SECTOR + view.getUint32(PAYLOAD_OFFSET, true);
  const end = start + view.getUint32(PAYLOAD_LENGTH, true);
  if (end > image.length || end - start < 8) {
    throw new Error("bzImage is cut short: its payload ends after the file");
  }
  const compression = nameCompression(image.subarray(start, end));
  return {
    compression,
    // gzip ends in the size by itself; for all others the kernel's build adds it.
    payload: image.subarray(start, compression === "gzip" ? end : end - 4),
    unpackedSize: view.getUint32(end - 4, true),
  };
}

/** @param {Uint8Array} payload */
function nameCompression(payload) {
  const found = COMPRESSIONS.find(({ magic }) => magic.every((byte, index) => payload[index] === byte));
  if (found === undefined) {
    const bytes = Buffer.from(payload.subarray(0, 4)).toString("hex");
    throw new Error(`bzImage has a payload of unknown compression (${bytes}…)`);
  }
  return found.name;
}

/** @param {Uint8Array} bytes @param {number} start @param {number} length */
function ascii(bytes, start, length) {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}
