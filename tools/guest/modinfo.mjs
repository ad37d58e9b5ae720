// Reads the .modinfo section of a kernel module (an ELF64 object): the
// "key=value" strings in which a module names what it needs and what it drives.

const SECTION_HEADER_OFFSET = 0x28;
const SECTION_HEADER_SIZE = 0x3a;
const SECTION_COUNT = 0x3c;
const SECTION_NAMES_INDEX = 0x3e;
const ELF_HEADER_END = 0x40;

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
  if (elf.length < ELF_HEADER_END || view.getUint32(0, false) !== 0x7f454c46 || elf[4] !== 2) {
    throw new Error("not a 64-bit ELF file");
  }
  const table = Number(view.getBigUint64(SECTION_HEADER_OFFSET, true));
  const size = view.getUint16(SECTION_HEADER_SIZE, true);
  const header = (/** @type {number} */ index) => ({
    name: view.getUint32(table + index * size, true),
    offset: Number(view.getBigUint64(table + index * size + 0x18, true)),
    length: Number(view.getBigUint64(table + index * size + 0x20, true)),
  });
  const names = header(view.getUint16(SECTION_NAMES_INDEX, true));
  for (let index = 1; index < view.getUint16(SECTION_COUNT, true); index++) {
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
