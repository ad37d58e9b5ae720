// MMX, and the instructions on mm registers that SSE to SSSE3 added. docs/isa.md explains the rows.

/** @typedef {import("../rows.mjs").Row} Row */
/** @typedef {import("../rows.mjs").Options} Options */

const hex = (/** @type {number} */ n) => n.toString(16).toUpperCase().padStart(2, "0");

/** @returns {Options} */
const mmx = (feature = "mmx") => ({ unit: "mmx", feature });

/** Operations on two mm registers, NP 0F xx. @returns {Row[]} */
function integers(
  /** @type {string} */ file,
  /** @type {Options} */ options,
  /** @type {Record<string, number>} */ list,
  source = "Qq",
) {
  return Object.entries(list).map(([name, opcode]) => [
    `NP 0F ${hex(opcode)} /r`,
    `${name} Pq,${source}`,
    `${file}.${name.toLowerCase()}`,
    options,
  ]);
}

/** SSSE3, NP 0F 38 xx. @returns {Row[]} */
function extended(/** @type {string} */ file, /** @type {Record<string, number>} */ list) {
  return Object.entries(list).map(([name, opcode]) => [
    `NP 0F 38 ${hex(opcode)} /r`,
    `${name} Pq,Qq`,
    `${file}.${name.toLowerCase()}`,
    mmx("ssse3"),
  ]);
}

/** A shift by register and by immediate. @returns {Row[]} */
function shift(
  /** @type {string} */ name,
  /** @type {number} */ opcode,
  /** @type {number} */ group,
  /** @type {number} */ ext,
) {
  const handler = `mmx_shift.${name.toLowerCase()}`;
  return [
    [`NP 0F ${hex(opcode)} /r`, `${name} Pq,Qq`, handler, mmx()],
    [`NP 0F ${hex(group)} /${ext} reg`, `${name} Nq,Ib`, `${handler}Immediate`, mmx()],
  ];
}

/** @type {Row[]} */
export const rows = [
  ["NP 0F 77", "EMMS", "mmx_moves.emms", mmx()],
  ["NP 0F 6E /r", "MOVD Pq,Ey", "mmx_moves.fromGeneral", mmx()],
  ["NP 0F 7E /r", "MOVD Ey,Pq", "mmx_moves.toGeneral", mmx()],
  ["NP 0F 6F /r", "MOVQ Pq,Qq", "mmx_moves.movqLoad", mmx()],
  ["NP 0F 7F /r", "MOVQ Qq,Pq", "mmx_moves.movqStore", mmx()],
  ["NP 0F E7 /r mem", "MOVNTQ Mq,Pq", "mmx_moves.movqStore", mmx("sse")],
  ["NP 0F F7 /r reg", "MASKMOVQ Pq,Nq", "mmx_moves.maskmovq", { ...mmx("sse"), implicit: true }],
  ["F3 0F D6 /r reg", "MOVQ2DQ Vx,Nq", "mmx_moves.movq2dq", mmx("sse2")],
  ["F2 0F D6 /r reg", "MOVDQ2Q Pq,Ux", "mmx_moves.movdq2q", mmx("sse2")],
  ["NP 0F D7 /r reg", "PMOVMSKB Gd,Nq", "mmx_moves.pmovmskb", mmx("sse")],
  ["NP 0F C4 /r reg", "PINSRW Pq,Ed,Ib", "mmx_moves.pinsrw", mmx("sse")],
  ["NP 0F C4 /r mem", "PINSRW Pq,Mw,Ib", "mmx_moves.pinsrw", mmx("sse")],
  ["NP 0F C5 /r reg", "PEXTRW Gd,Nq,Ib", "mmx_moves.pextrw", mmx("sse")],
  ["NP 0F 70 /r", "PSHUFW Pq,Qq,Ib", "mmx_moves.pshufw", mmx("sse")],
  ["NP 0F 3A 0F /r", "PALIGNR Pq,Qq,Ib", "mmx_moves.palignr", mmx("ssse3")],
  ...integers("mmx_moves", mmx(), { PUNPCKLBW: 0x60, PUNPCKLWD: 0x61, PUNPCKLDQ: 0x62 }, "Qd"),
  ...integers("mmx_moves", mmx(), {
    PACKSSWB: 0x63,
    PACKUSWB: 0x67,
    PUNPCKHBW: 0x68,
    PUNPCKHWD: 0x69,
    PUNPCKHDQ: 0x6a,
    PACKSSDW: 0x6b,
  }),
  ...integers("mmx", mmx(), {
    PCMPGTB: 0x64,
    PCMPGTW: 0x65,
    PCMPGTD: 0x66,
    PCMPEQB: 0x74,
    PCMPEQW: 0x75,
    PCMPEQD: 0x76,
    PMULLW: 0xd5,
    PSUBUSB: 0xd8,
    PSUBUSW: 0xd9,
    PAND: 0xdb,
    PADDUSB: 0xdc,
    PADDUSW: 0xdd,
    PANDN: 0xdf,
    PMULHW: 0xe5,
    PSUBSB: 0xe8,
    PSUBSW: 0xe9,
    POR: 0xeb,
    PADDSB: 0xec,
    PADDSW: 0xed,
    PXOR: 0xef,
    PMADDWD: 0xf5,
    PSUBB: 0xf8,
    PSUBW: 0xf9,
    PSUBD: 0xfa,
    PADDB: 0xfc,
    PADDW: 0xfd,
    PADDD: 0xfe,
  }),
  ...integers("mmx", mmx("sse"), {
    PMINUB: 0xda,
    PMAXUB: 0xde,
    PAVGB: 0xe0,
    PAVGW: 0xe3,
    PMULHUW: 0xe4,
    PMINSW: 0xea,
    PMAXSW: 0xee,
    PSADBW: 0xf6,
  }),
  ...integers("mmx", mmx("sse2"), { PADDQ: 0xd4, PMULUDQ: 0xf4, PSUBQ: 0xfb }),
  ...shift("PSRLW", 0xd1, 0x71, 2),
  ...shift("PSRAW", 0xe1, 0x71, 4),
  ...shift("PSLLW", 0xf1, 0x71, 6),
  ...shift("PSRLD", 0xd2, 0x72, 2),
  ...shift("PSRAD", 0xe2, 0x72, 4),
  ...shift("PSLLD", 0xf2, 0x72, 6),
  ...shift("PSRLQ", 0xd3, 0x73, 2),
  ...shift("PSLLQ", 0xf3, 0x73, 6),
  ...extended("mmx_moves", { PSHUFB: 0x00 }),
  ...extended("mmx", {
    PHADDW: 0x01,
    PHADDD: 0x02,
    PHADDSW: 0x03,
    PMADDUBSW: 0x04,
    PHSUBW: 0x05,
    PHSUBD: 0x06,
    PHSUBSW: 0x07,
    PSIGNB: 0x08,
    PSIGNW: 0x09,
    PSIGND: 0x0a,
    PMULHRSW: 0x0b,
    PABSB: 0x1c,
    PABSW: 0x1d,
    PABSD: 0x1e,
  }),
];
