// The characters of code page 437 in 8 x 16 dots, made at power-on: letters from strokes, accents put upon them, line
// graphics and blocks from their geometry.

const HEIGHT = 16;
const STRIDE = 32;
/** Strokes have their origin here, and are two dots wide. */
const ORIGIN_X = 0;
const ORIGIN_Y = 2;
const PEN = 2;

/**
 * Polylines of points (x, y), a hexadecimal digit each: x from 0 to 5, y from 0 at the top of capitals to 9 on the base
 * line, c for descenders. A point alone is a dot.
 */
const strokes: Readonly<Record<string, string>> = {
  "!": "2025 28",
  '"': "1012 4042",
  "#": "1119 4149 0353 0757",
  $: "5241110214455648390818 2029",
  "%": "0102 5108 5758",
  "&": "49142131 1406085948 1457",
  "'": "2022",
  "(": "402326 2649",
  ")": "103336 3619",
  "*": "0252 0656 0454 2228",
  "+": "2327 0555",
  ",": "28292a1b",
  "-": "0555",
  ".": "2829",
  "/": "5108",
  "0": "10405158490918010110 3126",
  "1": "112029 0949",
  "2": "021141535409 0959",
  "3": "0110405254342434555849190807",
  "4": "4049 400656",
  "5": "5000043445585949190807",
  "6": "411002081949585544140506",
  "7": "00503529",
  "8": "10405153441403010110 140508194958554414",
  "9": "5444141503011040515748392919",
  ":": "2324 2829",
  ";": "2324 282a1b",
  "<": "410549",
  "=": "0353 0757",
  ">": "015509",
  "?": "0110405253242526 2829",
  "@": "5545243637485351401001081959",
  A: "0902204052 5259 0555",
  B: "0040515344045558490900 0404",
  C: "5140100108194958",
  D: "003051583909 0009",
  E: "50000959 0444",
  F: "500009 0444",
  G: "5140100108194958555535",
  H: "0009 5059 0454",
  I: "1040 2029 1949",
  J: "2050 4048391908",
  K: "0009 500459",
  L: "000959",
  M: "0900253050 5059 2526",
  N: "0900595950",
  O: "10405158491908011010",
  P: "09004051534404",
  Q: "1040515849190801 10103759",
  R: "0900405153440435 3459",
  S: "5140100103144455584919 0808",
  T: "0050 2029",
  U: "000819495850",
  V: "000629365650 5056",
  W: "000819264958505026",
  X: "000126 5126 260809 265859",
  Y: "00022450 5052 2429",
  Z: "00500809 0959",
  "[": "40202949",
  "\\": "0158",
  "]": "10303919",
  "^": "032053",
  _: "0a5a",
  "`": "1021",
  a: "134354590919080616 0656",
  b: "0009495854430304",
  c: "5443130408194958",
  d: "5059190804135353",
  e: "065654431304081959",
  f: "51402019 0343",
  g: "535b4c1c 53140708195959",
  h: "0009 04134354 5459",
  i: "132329 0949 2020",
  j: "33434b3c1c0b 4040",
  k: "0009 530659 0616",
  l: "102029 0949",
  m: "0903435459 2329",
  n: "0903134354 5459",
  o: "13435458491908041313",
  p: "0c03435458490909",
  q: "5c53130408195959",
  r: "0309 05134353",
  s: "544313041656584919 0808",
  t: "20283949 0343",
  u: "030819595953",
  v: "03062936 5653",
  w: "030819264958532326",
  x: "0353 03045809 5358 0359 0953",
  y: "030718585853 535b4c0c",
  z: "03530959",
  "{": "40202324052628 2949 0515",
  "|": "202b",
  "}": "10303334553638 3919 5545",
  "~": "02112242 4251",
};

/** Characters from 80 to A8 as letter and mark; a mark alone is a character by itself. */
const accented =
  "C, u: e' a^ a: a` ao c, e^ e: e` i: i^ i` A: Ao E' a  A  o^ o: o` u^ u` y: O: U: c  L  Y  P  f  a' i' o' u' n~ N~ a_ o_ ?";
const marks: Readonly<Record<string, string>> = {
  ",": "2a2b1c",
  ":": "1010 4040",
  "'": "3120",
  "^": "112031",
  "`": "1021",
  o: "20202121",
  "~": "11203140",
  _: "0b4b",
};

/** Arms of B3 to DA: up, down, left, right; 0 none, 1 single, 2 double. */
const arms =
  "1100 1110 1120 2210 0210 0120 2220 2200 0220 2020 2010 1020 0110 1001 1011 0111 1101 0011 1111 1102 2201 2002 0202 2022 0222 2202 0022 2222 1022 2011 0122 0211 2001 1002 0102 0201 2211 1122 1010 0101";
const FIRST_ARMS = 0xb3;

/** The font of all 256 characters, 32 bytes each. */
export function makeFont(): Uint8Array {
  const font = new Uint8Array(256 * STRIDE);
  const glyph = (code: number): Uint8Array => font.subarray(code * STRIDE, code * STRIDE + HEIGHT);
  for (let code = 0x80; code < 0x100; code++) drawStrokes(glyph(code), "0151590901");
  for (const [character, lines] of Object.entries(strokes)) drawStrokes(glyph(character.charCodeAt(0)), lines);
  accented
    .split(" ")
    .filter(Boolean)
    .forEach((pair, i) => drawAccented(glyph(0x80 + i), pair));
  arms.split(" ").forEach((shape, i) => drawArms(glyph(FIRST_ARMS + i), shape));
  drawBlocks(glyph);
  return font;
}

function drawStrokes(glyph: Uint8Array, lines: string): void {
  for (const line of lines.split(" ")) {
    const points = line.match(/../g) ?? [];
    points.forEach((point, i) => drawLine(glyph, point, points[i + 1] ?? point));
  }
}

function drawLine(glyph: Uint8Array, from: string, to: string): void {
  const [x0, y0] = coordinates(from);
  const [x1, y1] = coordinates(to);
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
  for (let i = 0; i <= steps; i++) {
    const x = Math.round(x0 + ((x1 - x0) * i) / steps) + ORIGIN_X;
    const y = Math.round(y0 + ((y1 - y0) * i) / steps) + ORIGIN_Y;
    setDots(glyph, y, x, PEN);
  }
}

function coordinates(point: string): [number, number] {
  return [Number.parseInt(point[0] ?? "0", 16), Number.parseInt(point[1] ?? "0", 16)];
}

function setDots(glyph: Uint8Array, y: number, x: number, count: number): void {
  for (let i = x; i < x + count; i++) {
    if (y >= 0 && y < HEIGHT && i >= 0 && i < 8) glyph[y] = (glyph[y] ?? 0) | (0x80 >> i);
  }
}

/** Marks stand above the letters; a capital's mark shares its upper rows. */
function drawAccented(glyph: Uint8Array, pair: string): void {
  glyph.fill(0);
  drawStrokes(glyph, strokes[pair[0] ?? ""] ?? "");
  const mark = marks[pair[1] ?? ""];
  if (mark !== undefined) drawStrokes(glyph, mark);
}

const CENTER_X = 3;
const CENTER_Y = 7;

function drawArms(glyph: Uint8Array, shape: string): void {
  glyph.fill(0);
  const [up = 0, down = 0, left = 0, right = 0] = shape.split("").map(Number);
  const rows = (kind: number): number[] => (kind === 2 ? [CENTER_Y - 1, CENTER_Y + 1] : kind === 1 ? [CENTER_Y] : []);
  const columns = (kind: number): number[] =>
    kind === 2 ? [CENTER_X - 1, CENTER_X + 2] : kind === 1 ? [CENTER_X] : [];
  // Each arm reaches to the far line of the arms across, so that corners close.
  const across = Math.max(left, right) === 2 ? 1 : 0;
  const along = Math.max(up, down) === 2 ? 2 : 0;
  for (const x of columns(up)) for (let y = 0; y <= CENTER_Y + across; y++) setDots(glyph, y, x, along === 2 ? 1 : PEN);
  for (const x of columns(down)) {
    for (let y = CENTER_Y - across; y < HEIGHT; y++) setDots(glyph, y, x, along === 2 ? 1 : PEN);
  }
  for (const y of rows(left)) setDots(glyph, y, 0, CENTER_X + 1 + along);
  for (const y of rows(right)) setDots(glyph, y, CENTER_X - (along === 2 ? 1 : 0), 8);
}

function drawBlocks(glyph: (code: number) => Uint8Array): void {
  const fill = (code: number, row: (y: number) => number): void => {
    glyph(code).forEach((_, y, rows) => (rows[y] = row(y)));
  };
  fill(0xb0, (y) => (y % 2 === 0 ? 0x44 : 0x11));
  fill(0xb1, (y) => (y % 2 === 0 ? 0xaa : 0x55));
  fill(0xb2, (y) => (y % 2 === 0 ? 0xbb : 0xee));
  fill(0xdb, () => 0xff);
  fill(0xdc, (y) => (y >= 8 ? 0xff : 0));
  fill(0xdd, () => 0xf0);
  fill(0xde, () => 0x0f);
  fill(0xdf, (y) => (y < 8 ? 0xff : 0));
  fill(0xf8, (y) => [0, 0, 0x38, 0x44, 0x44, 0x38][y] ?? 0);
  fill(0xf9, (y) => (y === 7 || y === 8 ? 0x30 : 0));
  fill(0xfa, (y) => (y === 8 ? 0x30 : 0));
  fill(0xfe, (y) => (y >= 5 && y < 12 ? 0x7c : 0));
  fill(0xff, () => 0);
}
