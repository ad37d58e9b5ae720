// Writes cpio archives in the "newc" format, the one that Linux unpacks as an
// initramfs (Documentation/driver-api/early-userspace/buffer-format.rst).
// The same entries always give the same bytes: sorted, owned by root, one time.

const TRAILER = "TRAILER!!!";
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const SYMLINK = 0o120000;
const CHARACTER_DEVICE = 0o020000;

/**
 * @typedef {{ path: string, mode?: number } & (
 *   | { type: "directory" }
 *   | { type: "file", data: Uint8Array | string }
 *   | { type: "symlink", target: string }
 *   | { type: "character-device", major: number, minor: number }
 * )} CpioEntry  `path` is relative, without a leading slash.
 */

/**
 * Parents that are missing are added as directories.
 * @param {CpioEntry[]} entries
 * @param {number} mtime seconds since 1970
 * @returns {Buffer}
 */
export function writeCpio(entries, mtime) {
  const parts = withParents(entries).map((entry, index) => encodeEntry(entry, index + 1, mtime));
  const last = encodeRecord({
    name: TRAILER,
    inode: 0,
    mode: 0,
    mtime: 0,
    data: Buffer.alloc(0),
  });
  return pad(Buffer.concat([...parts, last]), 512);
}

/** @param {CpioEntry[]} entries @returns {CpioEntry[]} sorted by path, parents first */
function withParents(entries) {
  /** @type {Map<string, CpioEntry>} */
  const byPath = new Map();
  for (const entry of entries) {
    if (entry.path === "" || entry.path.startsWith("/") || entry.path.split("/").includes("..")) {
      throw new Error(`not a relative path inside the archive: "${entry.path}"`);
    }
    if (byPath.has(entry.path)) throw new Error(`two entries for ${entry.path}`);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const parent = path.slice(0, end);
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, type: "directory" });
    }
  }
  // By code unit, not by locale, so that every machine sorts alike.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** @param {CpioEntry} entry @param {number} inode @param {number} mtime */
function encodeEntry(entry, inode, mtime) {
  const common = { name: entry.path, inode, mtime, data: Buffer.alloc(0) };
  switch (entry.type) {
    case "directory":
      return encodeRecord({
        ...common,
        mode: DIRECTORY | (entry.mode ?? 0o755),
        links: 2,
      });
    case "file":
      return encodeRecord({
        ...common,
        mode: REGULAR | (entry.mode ?? 0o644),
        data: Buffer.from(entry.data),
      });
    case "symlink":
      return encodeRecord({
        ...common,
        mode: SYMLINK | 0o777,
        data: Buffer.from(entry.target),
      });
    case "character-device":
      return encodeRecord({
        ...common,
        mode: CHARACTER_DEVICE | (entry.mode ?? 0o600),
        device: [entry.major, entry.minor],
      });
    default:
      throw new Error(`unknown type of entry: ${JSON.stringify(entry)}`);
  }
}

/**
 * @param {{ name: string, inode: number, mode: number, mtime: number, data: Buffer,
 *   links?: number, device?: number[] }} record
 */
function encodeRecord({ name, inode, mode, mtime, data, links = 1, device = [0, 0] }) {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, links, mtime, data.length, 0, 0];
  fields.push(...device, nameBytes.length, 0);
  const header = "070701" + fields.map((value) => value.toString(16).padStart(8, "0")).join("");
  return Buffer.concat([pad(Buffer.concat([Buffer.from(header), nameBytes]), 4), pad(data, 4)]);
}

/** @param {Buffer} bytes @param {number} unit */
function pad(bytes, unit) {
  const rest = bytes.length % unit;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(unit - rest)]);
}
