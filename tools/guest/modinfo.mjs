// Reads the .modinfo section of a kernel module (an ELF object): the
// "key=value" strings in which a module names what it needs and what it drives.

// Offsets in an ELF header and in a section header, which only differ by the width of addresses.
const ELF32 = { table: 0x20, size: 0x2e, count: 0x30, names: 0x32, end: 0x34, offset: 0x10, length: 0x14, wide: false };
const ELF64 = { table: 0x28, size: 0x3a, count: 0x3c, names: 0x3e, end: 0x40, offset: 0x18, length: 0x20, wide: true };

/**
 * @typedef {{ depends: string[], aliases: string[], softPre: string[] }} ModuleInfo
 *   `softPre`: modules to load first if they exist (MODULE_SOFTDEP "pre: …").
 */

/** @param {Uint8Array} elf @returns {ModuleInfo} */
export function readModuleInfo(elf) {
  const section = findSection(elf, ".modinfo");
  /** @type {ModuleInfo} */
  const info = { depends: [], aliases: [], softPre: [] };
  for (const text of Buffer.from(section).toString("latin1").split("\0")) {
    const [key, value] = splitOnce(text, "=");
    if (key === "depends") info.depends = value.split(",").filter((name) => name !== "");
    if (key === "alias") info.aliases.push(value);
    if (key === "softdep") info.softPre.push(...readSoftDependency(value));
  }
  return info;
}

/** "pre: a b post: c" → [a, b] @param {string} value */
function readSoftDependency(value) {
  const names = [];
  let isPre = false;
  for (const word of value.split(/\s+/)) {
    if (word.endsWith(":")) isPre = word === "pre:";
    else if (isPre && word !== "") names.push(word);
  }
  return names;
}

/** @param {Uint8Array} elf @param {string} wanted */
function findSection(elf, wanted) {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const layout = elf[4] === 2 ? ELF64 : ELF32;
  if (elf.length < layout.end || view.getUint32(0, false) !== 0x7f454c46) throw new Error("not an ELF file");
  const word = (/** @type {number} */ at) =>
    layout.wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
  const table = word(layout.table);
  const size = view.getUint16(layout.size, true);
  const header = (/** @type {number} */ index) => ({
    name: view.getUint32(table + index * size, true),
    offset: word(table + index * size + layout.offset),
    length: word(table + index * size + layout.length),
  });
  const names = header(view.getUint16(layout.names, true));
  for (let index = 1; index < view.getUint16(layout.count, true); index++) {
    const section = header(index);
    if (cString(elf, names.offset + section.name) === wanted) {
      return elf.subarray(section.offset, section.offset + section.length);
    }
  }
  throw new Error(`the ELF file has no section ${wanted}`);
}

/** @param {Uint8Array} bytes @param {number} start */
function cString(bytes, start) {
  return Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString("latin1");
}

/** @param {string} text @param {string} separator @returns {[string, string]} */
function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
