// QXL's raster operation descriptors as truth tables (layout/pixels.ts, OP_RASTER).

const INVERS_SRC = 1;
const INVERS_BRUSH = 2;
const INVERS_DEST = 4;
const PUT = 8;
const OR = 16;
const AND = 32;
const XOR = 64;
const BLACKNESS = 128;
const WHITENESS = 256;
const INVERS = 512;
const INVERS_RES = 1024;

/** Of the two inputs of an operation, which one the descriptor calls what. */
export type RopInputs = "source-target" | "brush-target" | "brush-source";

const SOURCE = 0xcc;
const TARGET = 0xaa;
const ONES = 0xff;

/** The table of source and target for a descriptor; PUT wins over OR, and so on, and no operation at all is PUT. */
export function ropTable(descriptor: number, inputs: RopInputs): number {
  const has = (bit: number): boolean => (descriptor & bit) !== 0;
  const source = has(inputs === "source-target" ? INVERS_SRC : INVERS_BRUSH) ? ~SOURCE : SOURCE;
  const target = has(inputs === "brush-source" ? INVERS_SRC : INVERS_DEST) ? ~TARGET : TARGET;
  const result = has(INVERS_RES) ? ONES : 0;
  if (has(PUT)) return (source ^ result) & ONES;
  if (has(OR)) return ((source | target) ^ result) & ONES;
  if (has(AND)) return ((source & target) ^ result) & ONES;
  if (has(XOR)) return (source ^ target ^ result) & ONES;
  if (has(BLACKNESS)) return 0;
  if (has(WHITENESS)) return ONES;
  return has(INVERS) ? ~TARGET & ONES : SOURCE;
}

export const ROP_PUT = SOURCE;
export const ROP_INVERT = 0x55;
