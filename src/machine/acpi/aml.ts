// AML, the byte code of ACPI's namespace, as far as our DSDT uses it: each function makes the bytes of one term.
// (ACPI 6.4, chapter 20: AML encoding; the section of each term is named where it is made)

export type Aml = readonly number[];

/** 20.2.4: the length of what follows, including its own 1 to 4 bytes. */
function withLength(body: Aml): Aml {
  if (body.length + 1 < 0x40) return [body.length + 1, ...body];
  let size = 2;
  while (body.length + size >= 2 ** (4 + 8 * (size - 1))) size++;
  const total = body.length + size;
  const lead = ((size - 1) << 6) | (total & 0xf);
  const rest = Array.from({ length: size - 1 }, (_, i) => Math.floor(total / 2 ** (4 + 8 * i)) & 0xff);
  return [lead, ...rest, ...body];
}

/** 20.2.2: names of at most four characters with dots between, and a backslash in front if they start at the root. */
function nameString(name: string): Aml {
  const root = name.startsWith("\\");
  const segments = (root ? name.slice(1) : name).split(".").map((segment) => segment.padEnd(4, "_"));
  if (!segments.every((segment) => /^[A-Z_][A-Z0-9_]{3}$/.test(segment))) throw new Error(`"${name}" is no AML name`);
  const prefix = segments.length === 1 ? [] : segments.length === 2 ? [0x2e] : [0x2f, segments.length];
  return [...(root ? [0x5c] : []), ...prefix, ...segments.flatMap(ascii)];
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
}

/** 20.2.3 */
export function integer(value: number): Aml {
  if (value === 0 || value === 1) return [value];
  if (value < 0x100) return [0x0a, value];
  if (value < 0x10000) return [0x0b, ...little(value, 2)];
  return [0x0c, ...little(value, 4)];
}

/** 19.6.39: "PNP0A03" in the compressed form of EISA. */
export function eisaId(id: string): Aml {
  if (!/^[A-Z]{3}[0-9A-F]{4}$/.test(id)) throw new Error(`"${id}" is no EISA id`);
  const letters = [0, 1, 2].map((i) => id.charCodeAt(i) - 0x40);
  const [a = 0, b = 0, c = 0] = letters;
  const vendor = (a << 10) | (b << 5) | c;
  const product = Number.parseInt(id.slice(3), 16);
  return [0x0c, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff];
}

/** 20.2.5.1 */
export function name(path: string, value: Aml): Aml {
  return [0x08, ...nameString(path), ...value];
}

export function scope(path: string, ...terms: readonly Aml[]): Aml {
  return [0x10, ...withLength([...nameString(path), ...terms.flat()])];
}

/** 20.2.5.2 */
export function device(path: string, ...terms: readonly Aml[]): Aml {
  return [0x5b, 0x82, ...withLength([...nameString(path), ...terms.flat()])];
}

/** 20.2.5.4 */
export function packageOf(...elements: readonly Aml[]): Aml {
  if (elements.length > 255) throw new Error("an AML package has at most 255 elements");
  return [0x12, ...withLength([elements.length, ...elements.flat()])];
}

function buffer(bytes: Aml): Aml {
  return [0x11, ...withLength([...integer(bytes.length), ...bytes])];
}

/** 6.4: a buffer of resource descriptors with an end tag, whose checksum of 0 means "not checked". */
export function resources(...descriptors: readonly Aml[]): Aml {
  return buffer([...descriptors.flat(), 0x79, 0]);
}

/** 6.4.2.5: a fixed range of ports, 16-bit decoded. */
export function ioPorts(start: number, length: number): Aml {
  return [0x47, 1, ...little(start, 2), ...little(start, 2), 1, length];
}

/** 6.4.2.1: an edge-triggered, active-high interrupt, as ISA has them. */
export function isaInterrupt(irq: number): Aml {
  return [0x22, ...little(1 << irq, 2)];
}

/** Positions in the general flags of an address space (6.4.3.5): both ends fixed, consumed by the children. */
const WINDOW_FLAGS = 0x0c;

/** 6.4.3.5.3 */
function wordWindow(type: number, typeFlags: number, first: number, last: number): Aml {
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => little(value, 2));
  return [0x88, ...little(fields.length + 3, 2), type, WINDOW_FLAGS, typeFlags, ...fields];
}

export function busWindow(first: number, last: number): Aml {
  return wordWindow(2, 0, first, last);
}

/** Type flags: the whole range, not only what ISA decodes. */
export function portWindow(first: number, last: number): Aml {
  return wordWindow(1, 3, first, last);
}

/** 6.4.3.5.2: memory that can be written. */
export function memoryWindow(first: number, last: number): Aml {
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => little(value, 4));
  return [0x87, ...little(fields.length + 3, 2), 0, WINDOW_FLAGS, 1, ...fields];
}

// Statements and what they work on, as far as methods of ours need them.

/** 20.2.6.1 and 20.2.6.2 */
export const arg0: Aml = [0x68];
export const arg1: Aml = [0x69];
/** 20.2.5.4: the target of a result that nobody keeps. */
const NOWHERE = 0x00;

/** The value of a name, or with arguments a call (20.2.5). */
export function invoke(path: string, ...args: readonly Aml[]): Aml {
  return [...nameString(path), ...args.flat()];
}

/** 20.2.5.2 */
export function method(path: string, argCount: number, ...terms: readonly Aml[]): Aml {
  return [0x14, ...withLength([...nameString(path), argCount, ...terms.flat()])];
}

export function mutex(path: string): Aml {
  return [0x5b, 0x01, ...nameString(path), 0];
}

/** Ports with 32-bit registers, one field after the other (20.2.5.2: access by dwords, no lock, write as zeros). */
export function portRegisters(region: string, port: number, fields: readonly string[]): Aml {
  const named = fields.flatMap((field) => [...nameString(field), 32]);
  return [
    ...[0x5b, 0x80, ...nameString(region), 1, ...integer(port), ...integer(fields.length * 4)],
    ...[0x5b, 0x81, ...withLength([...nameString(region), 0x43, ...named])],
  ];
}

/** 20.2.5.3: statements. The wait of Acquire has no end. */
export function acquire(path: string): Aml {
  return [0x5b, 0x23, ...nameString(path), 0xff, 0xff];
}

export function release(path: string): Aml {
  return [0x5b, 0x27, ...nameString(path)];
}

export function when(predicate: Aml, ...terms: readonly Aml[]): Aml {
  return [0xa0, ...withLength([...predicate, ...terms.flat()])];
}

export function notify(path: string, value: Aml): Aml {
  return [0x86, ...nameString(path), ...value];
}

/** 20.2.5.4: expressions. */
export function store(value: Aml, path: string): Aml {
  return [0x70, ...value, ...nameString(path)];
}

export function and(a: Aml, b: Aml): Aml {
  return [0x7b, ...a, ...b, NOWHERE];
}

export function shiftLeft(value: Aml, count: Aml): Aml {
  return [0x79, ...value, ...count, NOWHERE];
}
