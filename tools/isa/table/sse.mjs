// SSE to SSE4.2, AES-NI, PCLMULQDQ and SHA. docs/isa.md explains the rows.

/** @typedef {import("../rows.mjs").Row} Row */
/** @typedef {import("../rows.mjs").Options} Options */

/** @returns {Options} */
const sse = (/** @type {string} */ feature) => ({ unit: "sse", feature });
const one = sse("sse");
const two = sse("sse2");
const three = sse("sse3");
const four = sse("sse4_1");
const free = /** @returns {Options} */ (/** @type {string} */ feature) => ({ unit: "none", feature });
/** Instructions with an mm operand change the x87 state too. @returns {Options} */
const mixed = (/** @type {string} */ feature) => ({ unit: "mmx", feature });

const hex = (/** @type {number} */ n) => n.toString(16).toUpperCase().padStart(2, "0");

/** The four forms of a floating-point operation. @returns {Row[]} */
function arithmetic(
  /** @type {number} */ opcode,
  /** @type {string} */ name,
  /** @type {string} */ file,
  immediate = "",
) {
  const at = `0F ${hex(opcode)} /r`;
  const row = (
    /** @type {string} */ form,
    /** @type {string} */ prefix,
    /** @type {string} */ size,
    /** @type {Options} */ o,
  ) =>
    /** @type {Row} */ ([
      `${prefix} ${at}`,
      `${name}${form} Vx,${size}${immediate}`,
      `${file}.${(name + form).toLowerCase()}`,
      o,
    ]);
  return [
    row("PS", "NP", "Wx", one),
    row("PD", "66", "Wx", two),
    row("SS", "F3", "Wd", one),
    row("SD", "F2", "Wq", two),
  ];
}

/** Integer operations on two xmm registers, 66 0F xx. @returns {Row[]} */
function integers(/** @type {string} */ file, /** @type {Record<string, number>} */ list) {
  return Object.entries(list).map(([name, opcode]) => [
    `66 0F ${hex(opcode)} /r`,
    `${name} Vx,Wx`,
    `${file}.${name.toLowerCase()}`,
    two,
  ]);
}

/** Operations on two xmm registers, 66 0F 38 xx. @returns {Row[]} */
function extended(
  /** @type {string} */ file,
  /** @type {Options} */ options,
  /** @type {Record<string, number>} */ list,
  source = "Wx",
) {
  return Object.entries(list).map(([name, opcode]) => [
    `66 0F 38 ${hex(opcode)} /r`,
    `${name} Vx,${source}`,
    `${file}.${name.toLowerCase()}`,
    options,
  ]);
}

/** Operations with an immediate, 66 0F 3A xx. @returns {Row[]} */
function immediates(
  /** @type {string} */ file,
  /** @type {Options} */ options,
  /** @type {Record<string, number>} */ list,
) {
  return Object.entries(list).map(([name, opcode]) => [
    `66 0F 3A ${hex(opcode)} /r`,
    `${name} Vx,Wx,Ib`,
    `${file}.${name.toLowerCase()}`,
    options,
  ]);
}

/** A shift by register and by immediate. @returns {Row[]} */
function shift(
  /** @type {string} */ name,
  /** @type {number} */ opcode,
  /** @type {number} */ group,
  /** @type {number} */ ext,
) {
  const handler = `sse_shift.${name.toLowerCase()}`;
  return [
    [`66 0F ${hex(opcode)} /r`, `${name} Vx,Wx`, handler, two],
    [`66 0F ${hex(group)} /${ext} reg`, `${name} Ux,Ib`, `${handler}Immediate`, two],
  ];
}

/** @type {Row[]} */
const moves = [
  ["NP 0F 10 /r", "MOVUPS Vx,Wx", "sse_moves.loadUnaligned", one],
  ["66 0F 10 /r", "MOVUPD Vx,Wx", "sse_moves.loadUnaligned", two],
  ["F3 0F 10 /r mem", "MOVSS Vx,Md", "sse_moves.load32", one],
  ["F3 0F 10 /r reg", "MOVSS Vx,Ux", "sse_moves.move32", one],
  ["F2 0F 10 /r mem", "MOVSD Vx,Mq", "sse_moves.load64", two],
  ["F2 0F 10 /r reg", "MOVSD Vx,Ux", "sse_moves.move64", two],
  ["NP 0F 11 /r", "MOVUPS Wx,Vx", "sse_moves.storeUnaligned", one],
  ["66 0F 11 /r", "MOVUPD Wx,Vx", "sse_moves.storeUnaligned", two],
  ["F3 0F 11 /r mem", "MOVSS Md,Vx", "sse_moves.store32", one],
  ["F3 0F 11 /r reg", "MOVSS Ux,Vx", "sse_moves.move32Back", one],
  ["F2 0F 11 /r mem", "MOVSD Mq,Vx", "sse_moves.store64", two],
  ["F2 0F 11 /r reg", "MOVSD Ux,Vx", "sse_moves.move64Back", two],
  ["NP 0F 12 /r mem", "MOVLPS Vx,Mq", "sse_moves.loadLow", one],
  ["NP 0F 12 /r reg", "MOVHLPS Vx,Ux", "sse_moves.movhlps", one],
  ["66 0F 12 /r mem", "MOVLPD Vx,Mq", "sse_moves.loadLow", two],
  ["F3 0F 12 /r", "MOVSLDUP Vx,Wx", "sse_moves.movsldup", three],
  ["F2 0F 12 /r", "MOVDDUP Vx,Wq", "sse_moves.movddup", three],
  ["NP 0F 13 /r mem", "MOVLPS Mq,Vx", "sse_moves.store64", one],
  ["66 0F 13 /r mem", "MOVLPD Mq,Vx", "sse_moves.store64", two],
  ["NP 0F 16 /r mem", "MOVHPS Vx,Mq", "sse_moves.loadHigh", one],
  ["NP 0F 16 /r reg", "MOVLHPS Vx,Ux", "sse_moves.loadHigh", one],
  ["66 0F 16 /r mem", "MOVHPD Vx,Mq", "sse_moves.loadHigh", two],
  ["F3 0F 16 /r", "MOVSHDUP Vx,Wx", "sse_moves.movshdup", three],
  ["NP 0F 17 /r mem", "MOVHPS Mq,Vx", "sse_moves.storeHigh", one],
  ["66 0F 17 /r mem", "MOVHPD Mq,Vx", "sse_moves.storeHigh", two],
  ["NP 0F 28 /r", "MOVAPS Vx,Wx", "sse_moves.loadAligned", one],
  ["66 0F 28 /r", "MOVAPD Vx,Wx", "sse_moves.loadAligned", two],
  ["NP 0F 29 /r", "MOVAPS Wx,Vx", "sse_moves.storeAligned", one],
  ["66 0F 29 /r", "MOVAPD Wx,Vx", "sse_moves.storeAligned", two],
  ["NP 0F 2B /r mem", "MOVNTPS Mx,Vx", "sse_moves.storeAligned", one],
  ["66 0F 2B /r mem", "MOVNTPD Mx,Vx", "sse_moves.storeAligned", two],
  ["NP 0F 50 /r reg", "MOVMSKPS Gd,Ux", "sse_moves.movmskps", one],
  ["66 0F 50 /r reg", "MOVMSKPD Gd,Ux", "sse_moves.movmskpd", two],
  ["66 0F 6E /r", "MOVD Vx,Ey", "sse_moves.fromGeneral", two],
  ["66 0F 7E /r", "MOVD Ey,Vx", "sse_moves.toGeneral", two],
  ["66 0F 6F /r", "MOVDQA Vx,Wx", "sse_moves.loadAligned", two],
  ["F3 0F 6F /r", "MOVDQU Vx,Wx", "sse_moves.loadUnaligned", two],
  ["66 0F 7F /r", "MOVDQA Wx,Vx", "sse_moves.storeAligned", two],
  ["F3 0F 7F /r", "MOVDQU Wx,Vx", "sse_moves.storeUnaligned", two],
  ["F3 0F 7E /r", "MOVQ Vx,Wq", "sse_moves.load64", two],
  ["66 0F D6 /r", "MOVQ Wq,Vx", "sse_moves.movqStore", two],
  ["66 0F E7 /r mem", "MOVNTDQ Mx,Vx", "sse_moves.storeAligned", two],
  ["66 0F F7 /r reg", "MASKMOVDQU Vx,Ux", "sse_moves.maskmovdqu", { ...two, implicit: true }],
  ["66 0F D7 /r reg", "PMOVMSKB Gd,Ux", "sse_moves.pmovmskb", two],
  ["66 0F C4 /r reg", "PINSRW Vx,Ed,Ib", "sse_moves.pinsrw", two],
  ["66 0F C4 /r mem", "PINSRW Vx,Mw,Ib", "sse_moves.pinsrw", two],
  ["66 0F C5 /r reg", "PEXTRW Gd,Ux,Ib", "sse_moves.pextrwRegister", two],
  ["F2 0F F0 /r mem", "LDDQU Vx,Mx", "sse_moves.loadUnaligned", three],
  ["66 0F 38 2A /r mem", "MOVNTDQA Vx,Mx", "sse_moves.loadAligned", four],
  ["66 0F 3A 14 /r reg", "PEXTRB Ed,Vx,Ib", "sse_moves.pextrb", four],
  ["66 0F 3A 14 /r mem", "PEXTRB Mb,Vx,Ib", "sse_moves.pextrb", four],
  ["66 0F 3A 15 /r reg", "PEXTRW Ed,Vx,Ib", "sse_moves.pextrw", four],
  ["66 0F 3A 15 /r mem", "PEXTRW Mw,Vx,Ib", "sse_moves.pextrw", four],
  ["66 0F 3A 16 /r", "PEXTRD Ey,Vx,Ib", "sse_moves.pextr", four],
  ["66 0F 3A 17 /r", "EXTRACTPS Ed,Vx,Ib", "sse_moves.extractps", four],
  ["66 0F 3A 20 /r reg", "PINSRB Vx,Ed,Ib", "sse_moves.pinsrb", four],
  ["66 0F 3A 20 /r mem", "PINSRB Vx,Mb,Ib", "sse_moves.pinsrb", four],
  ["66 0F 3A 22 /r", "PINSRD Vx,Ey,Ib", "sse_moves.pinsr", four],
];

/** @type {Row[]} */
const control = [
  ["NP 0F C3 /r mem", "MOVNTI My,Gy", "sse_moves.movnti", free("sse2")],
  ["NP 0F AE /2 mem", "LDMXCSR Md", "sse_control.ldmxcsr", one],
  ["NP 0F AE /3 mem", "STMXCSR Md", "sse_control.stmxcsr", one],
  ["NP 0F AE /5 reg", "LFENCE", "sse_control.fence", free("sse2")],
  ["NP 0F AE /6 reg", "MFENCE", "sse_control.fence", free("sse2")],
  ["NP 0F AE /7 reg", "SFENCE", "sse_control.fence", free("sse")],
  ["NP 0F AE /7 mem", "CLFLUSH Mb", "sse_control.cacheLine", free("clflush")],
  ["66 0F AE /7 mem", "CLFLUSHOPT Mb", "sse_control.cacheLine", free("clflushopt")],
  ["66 0F AE /6 mem", "CLWB Mb", "sse_control.cacheLine", free("clwb")],
  ["0F 18 /0 mem", "PREFETCHNTA Mb", "sse_control.prefetch", free("sse")],
  ["0F 18 /1 mem", "PREFETCHT0 Mb", "sse_control.prefetch", free("sse")],
  ["0F 18 /2 mem", "PREFETCHT1 Mb", "sse_control.prefetch", free("sse")],
  ["0F 18 /3 mem", "PREFETCHT2 Mb", "sse_control.prefetch", free("sse")],
  ["0F 0D /r mem", "PREFETCHW Mb", "sse_control.prefetch", free("prefetchw")],
];

/** @type {Row[]} */
const floats = [
  ...arithmetic(0x51, "SQRT", "sse_arith"),
  ...arithmetic(0x58, "ADD", "sse_arith"),
  ...arithmetic(0x59, "MUL", "sse_arith"),
  ...arithmetic(0x5c, "SUB", "sse_arith"),
  ...arithmetic(0x5d, "MIN", "sse_arith"),
  ...arithmetic(0x5e, "DIV", "sse_arith"),
  ...arithmetic(0x5f, "MAX", "sse_arith"),
  ...arithmetic(0xc2, "CMP", "sse_compare", ",Ib"),
  ["NP 0F 2E /r", "UCOMISS Vx,Wd", "sse_compare.ucomiss", one],
  ["66 0F 2E /r", "UCOMISD Vx,Wq", "sse_compare.ucomisd", two],
  ["NP 0F 2F /r", "COMISS Vx,Wd", "sse_compare.comiss", one],
  ["66 0F 2F /r", "COMISD Vx,Wq", "sse_compare.comisd", two],
  ["NP 0F 52 /r", "RSQRTPS Vx,Wx", "sse_estimate.rsqrtps", one],
  ["F3 0F 52 /r", "RSQRTSS Vx,Wd", "sse_estimate.rsqrtss", one],
  ["NP 0F 53 /r", "RCPPS Vx,Wx", "sse_estimate.rcpps", one],
  ["F3 0F 53 /r", "RCPSS Vx,Wd", "sse_estimate.rcpss", one],
  ["66 0F 7C /r", "HADDPD Vx,Wx", "sse_horizontal.haddpd", three],
  ["F2 0F 7C /r", "HADDPS Vx,Wx", "sse_horizontal.haddps", three],
  ["66 0F 7D /r", "HSUBPD Vx,Wx", "sse_horizontal.hsubpd", three],
  ["F2 0F 7D /r", "HSUBPS Vx,Wx", "sse_horizontal.hsubps", three],
  ["66 0F D0 /r", "ADDSUBPD Vx,Wx", "sse_horizontal.addsubpd", three],
  ["F2 0F D0 /r", "ADDSUBPS Vx,Wx", "sse_horizontal.addsubps", three],
  ["66 0F 3A 08 /r", "ROUNDPS Vx,Wx,Ib", "sse_round.roundps", four],
  ["66 0F 3A 09 /r", "ROUNDPD Vx,Wx,Ib", "sse_round.roundpd", four],
  ["66 0F 3A 0A /r", "ROUNDSS Vx,Wd,Ib", "sse_round.roundss", four],
  ["66 0F 3A 0B /r", "ROUNDSD Vx,Wq,Ib", "sse_round.roundsd", four],
  ["66 0F 3A 40 /r", "DPPS Vx,Wx,Ib", "sse_horizontal.dpps", four],
  ["66 0F 3A 41 /r", "DPPD Vx,Wx,Ib", "sse_horizontal.dppd", four],
];

/** @type {Row[]} */
const conversions = [
  ["NP 0F 2A /r mem", "CVTPI2PS Vx,Mq", "sse_convert_mmx.cvtpi2psMemory", one],
  ["NP 0F 2A /r reg", "CVTPI2PS Vx,Nq", "sse_convert_mmx.cvtpi2ps", mixed("sse")],
  ["66 0F 2A /r mem", "CVTPI2PD Vx,Mq", "sse_convert.cvtdq2pd", two],
  ["66 0F 2A /r reg", "CVTPI2PD Vx,Nq", "sse_convert_mmx.cvtpi2pd", mixed("sse2")],
  ["NP 0F 2C /r", "CVTTPS2PI Pq,Wq", "sse_convert_mmx.cvttps2pi", mixed("sse")],
  ["66 0F 2C /r", "CVTTPD2PI Pq,Wx", "sse_convert_mmx.cvttpd2pi", mixed("sse2")],
  ["NP 0F 2D /r", "CVTPS2PI Pq,Wq", "sse_convert_mmx.cvtps2pi", mixed("sse")],
  ["66 0F 2D /r", "CVTPD2PI Pq,Wx", "sse_convert_mmx.cvtpd2pi", mixed("sse2")],
  ["F3 0F 2A /r", "CVTSI2SS Vx,Ey", "sse_convert.cvtsi2ss", one],
  ["F2 0F 2A /r", "CVTSI2SD Vx,Ey", "sse_convert.cvtsi2sd", two],
  ["F3 0F 2C /r", "CVTTSS2SI Gy,Wd", "sse_convert.cvttss2si", one],
  ["F2 0F 2C /r", "CVTTSD2SI Gy,Wq", "sse_convert.cvttsd2si", two],
  ["F3 0F 2D /r", "CVTSS2SI Gy,Wd", "sse_convert.cvtss2si", one],
  ["F2 0F 2D /r", "CVTSD2SI Gy,Wq", "sse_convert.cvtsd2si", two],
  ["NP 0F 5A /r", "CVTPS2PD Vx,Wq", "sse_convert.cvtps2pd", two],
  ["66 0F 5A /r", "CVTPD2PS Vx,Wx", "sse_convert.cvtpd2ps", two],
  ["F3 0F 5A /r", "CVTSS2SD Vx,Wd", "sse_convert.cvtss2sd", two],
  ["F2 0F 5A /r", "CVTSD2SS Vx,Wq", "sse_convert.cvtsd2ss", two],
  ["NP 0F 5B /r", "CVTDQ2PS Vx,Wx", "sse_convert.cvtdq2ps", two],
  ["66 0F 5B /r", "CVTPS2DQ Vx,Wx", "sse_convert.cvtps2dq", two],
  ["F3 0F 5B /r", "CVTTPS2DQ Vx,Wx", "sse_convert.cvttps2dq", two],
  ["66 0F E6 /r", "CVTTPD2DQ Vx,Wx", "sse_convert.cvttpd2dq", two],
  ["F3 0F E6 /r", "CVTDQ2PD Vx,Wq", "sse_convert.cvtdq2pd", two],
  ["F2 0F E6 /r", "CVTPD2DQ Vx,Wx", "sse_convert.cvtpd2dq", two],
];

/** @type {Row[]} */
const integer = [
  ...integers("sse_integer", {
    PCMPGTB: 0x64,
    PCMPGTW: 0x65,
    PCMPGTD: 0x66,
    PCMPEQB: 0x74,
    PCMPEQW: 0x75,
    PCMPEQD: 0x76,
    PADDQ: 0xd4,
    PMULLW: 0xd5,
    PSUBUSB: 0xd8,
    PSUBUSW: 0xd9,
    PMINUB: 0xda,
    PAND: 0xdb,
    PADDUSB: 0xdc,
    PADDUSW: 0xdd,
    PMAXUB: 0xde,
    PANDN: 0xdf,
    PAVGB: 0xe0,
    PAVGW: 0xe3,
    PMULHUW: 0xe4,
    PMULHW: 0xe5,
    PSUBSB: 0xe8,
    PSUBSW: 0xe9,
    PMINSW: 0xea,
    POR: 0xeb,
    PADDSB: 0xec,
    PADDSW: 0xed,
    PMAXSW: 0xee,
    PXOR: 0xef,
    PMULUDQ: 0xf4,
    PMADDWD: 0xf5,
    PSADBW: 0xf6,
    PSUBB: 0xf8,
    PSUBW: 0xf9,
    PSUBD: 0xfa,
    PSUBQ: 0xfb,
    PADDB: 0xfc,
    PADDW: 0xfd,
    PADDD: 0xfe,
  }),
  ...[
    ["AND", 0x54, "pand"],
    ["ANDN", 0x55, "pandn"],
    ["OR", 0x56, "por"],
    ["XOR", 0x57, "pxor"],
  ].flatMap(
    ([name, opcode, fn]) =>
      /** @type {Row[]} */ ([
        [`NP 0F ${hex(Number(opcode))} /r`, `${name}PS Vx,Wx`, `sse_integer.${fn}`, one],
        [`66 0F ${hex(Number(opcode))} /r`, `${name}PD Vx,Wx`, `sse_integer.${fn}`, two],
      ]),
  ),
  ...extended("sse_integer", sse("ssse3"), { PMULHRSW: 0x0b, PABSB: 0x1c, PABSW: 0x1d, PABSD: 0x1e }),
  ...extended("sse_integer", four, {
    PMULDQ: 0x28,
    PCMPEQQ: 0x29,
    PMINSB: 0x38,
    PMINSD: 0x39,
    PMINUW: 0x3a,
    PMINUD: 0x3b,
    PMAXSB: 0x3c,
    PMAXSD: 0x3d,
    PMAXUW: 0x3e,
    PMAXUD: 0x3f,
    PMULLD: 0x40,
  }),
  ...extended("sse_integer", sse("sse4_2"), { PCMPGTQ: 0x37 }),
  ...extended("sse_ssse3", sse("ssse3"), {
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
  }),
  ...extended("sse_integer41", four, { PTEST: 0x17, PHMINPOSUW: 0x41 }),
  ...immediates("sse_integer41", four, { MPSADBW: 0x42 }),
];

/** @type {Row[]} */
const shuffles = [
  ...integers("sse_shuffle", {
    PUNPCKLBW: 0x60,
    PUNPCKLWD: 0x61,
    PUNPCKLDQ: 0x62,
    PACKSSWB: 0x63,
    PACKUSWB: 0x67,
    PUNPCKHBW: 0x68,
    PUNPCKHWD: 0x69,
    PUNPCKHDQ: 0x6a,
    PACKSSDW: 0x6b,
    PUNPCKLQDQ: 0x6c,
    PUNPCKHQDQ: 0x6d,
  }),
  ["NP 0F 14 /r", "UNPCKLPS Vx,Wx", "sse_shuffle.punpckldq", one],
  ["66 0F 14 /r", "UNPCKLPD Vx,Wx", "sse_shuffle.punpcklqdq", two],
  ["NP 0F 15 /r", "UNPCKHPS Vx,Wx", "sse_shuffle.punpckhdq", one],
  ["66 0F 15 /r", "UNPCKHPD Vx,Wx", "sse_shuffle.punpckhqdq", two],
  ["66 0F 70 /r", "PSHUFD Vx,Wx,Ib", "sse_shuffle.pshufd", two],
  ["F3 0F 70 /r", "PSHUFHW Vx,Wx,Ib", "sse_shuffle.pshufhw", two],
  ["F2 0F 70 /r", "PSHUFLW Vx,Wx,Ib", "sse_shuffle.pshuflw", two],
  ["NP 0F C6 /r", "SHUFPS Vx,Wx,Ib", "sse_shuffle.shufps", one],
  ["66 0F C6 /r", "SHUFPD Vx,Wx,Ib", "sse_shuffle.shufpd", two],
  ["66 0F 73 /3 reg", "PSRLDQ Ux,Ib", "sse_shuffle.psrldq", two],
  ["66 0F 73 /7 reg", "PSLLDQ Ux,Ib", "sse_shuffle.pslldq", two],
  ...shift("PSRLW", 0xd1, 0x71, 2),
  ...shift("PSRAW", 0xe1, 0x71, 4),
  ...shift("PSLLW", 0xf1, 0x71, 6),
  ...shift("PSRLD", 0xd2, 0x72, 2),
  ...shift("PSRAD", 0xe2, 0x72, 4),
  ...shift("PSLLD", 0xf2, 0x72, 6),
  ...shift("PSRLQ", 0xd3, 0x73, 2),
  ...shift("PSLLQ", 0xf3, 0x73, 6),
  ...extended("sse_shuffle", sse("ssse3"), { PSHUFB: 0x00 }),
  ...immediates("sse_shuffle", sse("ssse3"), { PALIGNR: 0x0f }),
  ...extended("sse_shuffle", four, { PACKUSDW: 0x2b, PBLENDVB: 0x10, BLENDVPS: 0x14, BLENDVPD: 0x15 }),
  ...extended(
    "sse_shuffle",
    four,
    { PMOVSXBW: 0x20, PMOVSXWD: 0x23, PMOVSXDQ: 0x25, PMOVZXBW: 0x30, PMOVZXWD: 0x33, PMOVZXDQ: 0x35 },
    "Wq",
  ),
  ...extended("sse_shuffle", four, { PMOVSXBD: 0x21, PMOVSXWQ: 0x24, PMOVZXBD: 0x31, PMOVZXWQ: 0x34 }, "Wd"),
  ...extended("sse_shuffle", four, { PMOVSXBQ: 0x22, PMOVZXBQ: 0x32 }, "Ww"),
  ...immediates("sse_shuffle", four, { BLENDPS: 0x0c, BLENDPD: 0x0d, PBLENDW: 0x0e }),
  ["66 0F 3A 21 /r", "INSERTPS Vx,Wd,Ib", "sse_shuffle.insertps", four],
];

/** @type {Row[]} */
const special = [
  ...immediates("sse_string", sse("sse4_2"), { PCMPISTRM: 0x62, PCMPISTRI: 0x63 }),
  ["66 W0 0F 3A 60 /r", "PCMPESTRM Vx,Wx,Ib", "sse_string.pcmpestrm", sse("sse4_2")],
  ["66 W0 0F 3A 61 /r", "PCMPESTRI Vx,Wx,Ib", "sse_string.pcmpestri", sse("sse4_2")],
  ["66 REX.W 0F 3A 60 /r", "PCMPESTRM Vx,Wx,Ib", "sse_string.pcmpestrm64", sse("sse4_2")],
  ["66 REX.W 0F 3A 61 /r", "PCMPESTRI Vx,Wx,Ib", "sse_string.pcmpestri64", sse("sse4_2")],
  ["F2 0F 38 F0 /r", "CRC32 Gd,Eb", "sse_crc32.crc32b", free("sse4_2")],
  ["F2 0F 38 F1 /r", "CRC32 Gd,Ev", "sse_crc32.crc32", free("sse4_2")],
  ...extended("sse_aes", sse("aes"), { AESIMC: 0xdb, AESENC: 0xdc, AESENCLAST: 0xdd, AESDEC: 0xde, AESDECLAST: 0xdf }),
  ...immediates("sse_aes", sse("aes"), { AESKEYGENASSIST: 0xdf }),
  ...immediates("sse_clmul", sse("pclmulqdq"), { PCLMULQDQ: 0x44 }),
  ["NP 0F 38 C8 /r", "SHA1NEXTE Vx,Wx", "sse_sha.sha1nexte", sse("sha_ni")],
  ["NP 0F 38 C9 /r", "SHA1MSG1 Vx,Wx", "sse_sha.sha1msg1", sse("sha_ni")],
  ["NP 0F 38 CA /r", "SHA1MSG2 Vx,Wx", "sse_sha.sha1msg2", sse("sha_ni")],
  ["NP 0F 38 CB /r", "SHA256RNDS2 Vx,Wx", "sse_sha.sha256rnds2", sse("sha_ni")],
  ["NP 0F 38 CC /r", "SHA256MSG1 Vx,Wx", "sse_sha.sha256msg1", sse("sha_ni")],
  ["NP 0F 38 CD /r", "SHA256MSG2 Vx,Wx", "sse_sha.sha256msg2", sse("sha_ni")],
  ["NP 0F 3A CC /r", "SHA1RNDS4 Vx,Wx,Ib", "sse_sha.sha1rnds4", sse("sha_ni")],
];

export const rows = [...moves, ...control, ...floats, ...conversions, ...integer, ...shuffles, ...special];
