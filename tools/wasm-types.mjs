// Reads the export section of a wasm module and writes it as a TypeScript interface, so that the type checker knows
// what the module really exports. Value types: i32, f32, f64 are numbers; i64 is a bigint.

const jsTypes = new Map([
  [0x7f, "number"],
  [0x7e, "bigint"],
  [0x7d, "number"],
  [0x7c, "number"],
]);

/** A cursor over the binary format (WebAssembly core specification, section 5). */
class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  u32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  name() {
    const length = this.u32();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }
  limits() {
    const flags = this.byte();
    this.u32();
    if (flags & 1) this.u32();
  }
}

/** @param {Uint8Array} bytes @returns {Map<number, Reader>} */
function sections(bytes) {
  const reader = new Reader(bytes, 8);
  const found = new Map();
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const length = reader.u32();
    if (id !== 0) found.set(id, new Reader(bytes, reader.at));
    reader.at += length;
  }
  return found;
}

/** @template T @param {Reader | undefined} reader @param {(reader: Reader) => T} item @returns {T[]} */
function vector(reader, item) {
  const length = reader ? reader.u32() : 0;
  return Array.from({ length }, () => item(/** @type {Reader} */ (reader)));
}

/** @param {Reader} reader */
function functionType(reader) {
  if (reader.byte() !== 0x60) throw new Error("not a function type");
  const params = vector(reader, (r) => r.byte());
  const results = vector(reader, (r) => r.byte());
  return { params, results };
}

/** The type index of an imported function, else undefined. @param {Reader} reader */
function importedFunction(reader) {
  reader.name();
  reader.name();
  const kind = reader.byte();
  if (kind === 0) return reader.u32();
  if (kind === 1) reader.byte();
  if (kind === 1 || kind === 2) reader.limits();
  if (kind === 3) reader.at += 2;
  return undefined;
}

/** @param {{ params: number[], results: number[] }} type */
function signature(type) {
  const params = type.params.map((param, i) => `p${i}: ${jsTypes.get(param) ?? "unknown"}`);
  const [result] = type.results;
  return `(${params.join(", ")}) => ${result === undefined ? "void" : (jsTypes.get(result) ?? "unknown")}`;
}

/** @param {Uint8Array} bytes @param {string} name of the interface */
export function exportTypes(bytes, name) {
  const found = sections(bytes);
  const types = vector(found.get(1), functionType);
  const imported = vector(found.get(2), importedFunction).filter((index) => index !== undefined);
  const functions = [...imported, ...vector(found.get(3), (r) => r.u32())];
  const exported = vector(found.get(7), (r) => ({ name: r.name(), kind: r.byte(), index: r.u32() }));
  const lines = exported.map((entry) => {
    if (entry.kind === 0) return `  readonly ${entry.name}: ${signature(types[functions[entry.index]])};`;
    if (entry.kind === 1) return `  readonly ${entry.name}: WebAssembly.Table;`;
    if (entry.kind === 2) return `  readonly ${entry.name}: WebAssembly.Memory;`;
    return `  readonly ${entry.name}: { value: number | bigint };`;
  });
  return `// Written by tools/build-wasm.mjs from the compiled module.\nexport interface ${name} {\n${lines.join("\n")}\n}\n`;
}
