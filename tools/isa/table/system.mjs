// System instructions: control transfer between segments and privileges, descriptor tables, control registers, MSRs,
// ports, flags, processor state.

/** @typedef {import("../rows.mjs").Row} Row */

const end = { end: true };
const sized = { sized: true };
const sizedEnd = { sized: true, end: true };

/** @returns {Row[]} PUSH and POP of a segment register; CS (0F is the escape byte) cannot be popped */
function stackForms(
  /** @type {string} */ name,
  /** @type {number} */ kind,
  /** @type {string} */ push,
  /** @type {string} */ pop,
) {
  const high = kind >= 4;
  const options = { kind, sized: true, ...(high ? { d64: true } : { no64: true }) };
  /** @type {Row[]} */
  const rows = [[push, `PUSH ${name}`, "segment.push", options]];
  // SS, DS and ES decide whether code is flat, and with it how what follows is decoded.
  if (pop) rows.push([pop, `POP ${name}`, "segment.pop", high ? options : { ...options, end: true }]);
  return rows;
}

/** @type {Row[]} */
export const rows = [
  // Far transfers.
  ["EA", "JMP Ap", "far.jump", { ...sizedEnd, no64: true }],
  ["9A", "CALL Ap", "far.call", { ...sizedEnd, no64: true }],
  ["FF /5 mem", "JMP Mp", "far.jumpMem", sizedEnd],
  ["FF /3 mem", "CALL Mp", "far.callMem", sizedEnd],
  ["CB", "RETF", "far.ret", sizedEnd],
  ["CA", "RETF Iw", "far.retImm", sizedEnd],
  ["CF", "IRET", "far.iret", sizedEnd],
  ["CC", "INT3", "far.int3", end],
  ["CD", "INT Ib", "far.interrupt", end],
  ["CE", "INTO", "far.into", { ...end, no64: true }],
  ["F1", "INT1", "far.int1", end],
  ["0F 05", "SYSCALL", "far.syscall", end],
  ["0F 07", "SYSRET", "far.sysret", sizedEnd],
  ["0F 34", "SYSENTER", "far.sysenter", { ...end, feature: "sep" }],
  ["0F 35", "SYSEXIT", "far.sysexit", { ...sizedEnd, feature: "sep" }],

  // Descriptor tables.
  ["0F 00 /0", "SLDT Ev", "system.sldt"],
  ["0F 00 /1", "STR Ev", "system.str"],
  ["0F 00 /2", "LLDT Ew", "system.lldt"],
  ["0F 00 /3", "LTR Ew", "system.ltr"],
  ["0F 00 /4", "VERR Ew", "segment.verr"],
  ["0F 00 /5", "VERW Ew", "segment.verw"],
  ["0F 01 /0 mem", "SGDT M", "system.sgdt"],
  ["0F 01 /1 mem", "SIDT M", "system.sidt"],
  ["0F 01 /2 mem", "LGDT M", "system.lgdt", sized],
  ["0F 01 /3 mem", "LIDT M", "system.lidt", sized],
  ["0F 01 /4", "SMSW Ev", "system.smsw"],
  ["0F 01 /6", "LMSW Ew", "system.lmsw", end],
  ["0F 01 /7 mem", "INVLPG Mb", "system.invlpg", end],
  ["0F 01 C1", "VMCALL", "system.hypercall"],
  ["0F 01 C8", "MONITOR", "system.monitor", { feature: "monitor" }],
  ["0F 01 C9", "MWAIT", "system.mwait", { feature: "monitor" }],
  ["NP 0F 01 CA", "CLAC", "system.clac", { ...end, feature: "smap" }],
  ["NP 0F 01 CB", "STAC", "system.stac", { ...end, feature: "smap" }],
  ["NP 0F 01 D0", "XGETBV", "xsave.xgetbv", { feature: "xsave" }],
  ["NP 0F 01 D1", "XSETBV", "xsave.xsetbv", { ...end, feature: "xsave" }],
  ["0F 01 D9", "VMMCALL", "system.hypercall"],
  ["0F 01 F8", "SWAPGS", "system.swapgs", { only64: true }],
  ["0F 01 F9", "RDTSCP", "system.rdtscp", { feature: "rdtscp" }],

  // Segment registers.
  ["8C /r", "MOV Ev,Sw", "segment.moveFrom"],
  ["8E /r", "MOV Sw,Ew", "segment.moveTo", end],
  ...stackForms("ES", 0, "06", "07"),
  ...stackForms("CS", 1, "0E", ""),
  ...stackForms("SS", 2, "16", "17"),
  ...stackForms("DS", 3, "1E", "1F"),
  ...stackForms("FS", 4, "0F A0", "0F A1"),
  ...stackForms("GS", 5, "0F A8", "0F A9"),
  ["C4 /r mem", "LES Gv,Mp", "segment.les", { ...sizedEnd, no64: true }],
  ["C5 /r mem", "LDS Gv,Mp", "segment.lds", { ...sizedEnd, no64: true }],
  ["0F B2 /r mem", "LSS Gv,Mp", "segment.lss", sizedEnd],
  ["0F B4 /r mem", "LFS Gv,Mp", "segment.lfs", sized],
  ["0F B5 /r mem", "LGS Gv,Mp", "segment.lgs", sized],
  ["0F 02 /r", "LAR Gv,Ew", "segment.lar"],
  ["0F 03 /r", "LSL Gv,Ew", "segment.lsl"],
  ["63 /r", "ARPL Ew,Gw", "segment.arpl", { no64: true }],
  ["F3 0F AE /0 reg", "RDFSBASE Ry", "segment.rdfsbase", { only64: true, feature: "fsgsbase" }],
  ["F3 0F AE /1 reg", "RDGSBASE Ry", "segment.rdgsbase", { only64: true, feature: "fsgsbase" }],
  ["F3 0F AE /2 reg", "WRFSBASE Ry", "segment.wrfsbase", { only64: true, feature: "fsgsbase" }],
  ["F3 0F AE /3 reg", "WRGSBASE Ry", "segment.wrgsbase", { only64: true, feature: "fsgsbase" }],

  // Control and debug registers. modrm.mod is ignored: the decoder takes any for the register form.
  ["0F 20 /r reg", "MOV Rd,Cd", "system.movFromCr"],
  ["0F 22 /r reg", "MOV Cd,Rd", "system.movToCr", end],
  ["0F 21 /r reg", "MOV Rd,Dd", "system.movFromDr"],
  ["0F 23 /r reg", "MOV Dd,Rd", "system.movToDr", end],
  ["0F 06", "CLTS", "system.clts"],
  ["0F 08", "INVD", "system.cacheControl"],
  ["0F 09", "WBINVD", "system.cacheControl"],
  ["66 0F 38 82 /r mem", "INVPCID Gd,M", "system.invpcid", { ...end, feature: "invpcid" }],

  // Model-specific registers, clocks, identification.
  ["0F 30", "WRMSR", "system.wrmsr", end],
  ["0F 32", "RDMSR", "system.rdmsr"],
  ["0F 31", "RDTSC", "system.rdtsc"],
  ["0F 33", "RDPMC", "system.rdpmc"],
  ["0F A2", "CPUID", "system.identify"],
  ["F3 0F C7 /7 reg", "RDPID Rd", "system.rdpid", { feature: "rdpid" }],

  // Interrupt flag, flags, waiting.
  ["FA", "CLI", "system.cli"],
  ["FB", "STI", "system.sti", end],
  ["F4", "HLT", "system.hlt", end],
  ["9C", "PUSHF", "privileged_flags.pushf", { ...sized, d64: true }],
  ["9D", "POPF", "privileged_flags.popf", { ...sizedEnd, d64: true }],
  ["F3 90", "PAUSE", "system.nop"],

  // Ports.
  ["E4", "IN AL,Ib", "io.inByteImm"],
  ["E5", "IN rAX,Ib", "io.inImm"],
  ["EC", "IN AL,DX", "io.inByte"],
  ["ED", "IN rAX,DX", "io.inDx"],
  ["E6", "OUT Ib,AL", "io.outByteImm"],
  ["E7", "OUT Ib,rAX", "io.outImm"],
  ["EE", "OUT DX,AL", "io.outByte"],
  ["EF", "OUT DX,rAX", "io.outDx"],

  // Processor state.
  ["NP 0F AE /0 mem", "FXSAVE My", "fpu_state.fxsave", { feature: "fxsr" }],
  ["NP 0F AE /1 mem", "FXRSTOR My", "fpu_state.fxrstor", { feature: "fxsr" }],
  ["NP 0F AE /4 mem", "XSAVE My", "xsave.xsave", { feature: "xsave" }],
  ["NP 0F AE /5 mem", "XRSTOR My", "xsave.xrstor", { feature: "xsave" }],
  ["NP 0F AE /6 mem", "XSAVEOPT My", "xsave.xsaveopt", { feature: "xsaveopt" }],
  ["NP 0F C7 /4 mem", "XSAVEC My", "xsave.xsavec", { feature: "xsavec" }],
  ["NP 0F C7 /5 mem", "XSAVES My", "xsave.xsaves", { feature: "xsaves" }],
  ["NP 0F C7 /3 mem", "XRSTORS My", "xsave.xrstors", { feature: "xsaves" }],

  // Random bits.
  ["NP 0F C7 /6 reg", "RDRAND Rv", "random.rdrand", { feature: "rdrand" }],
  ["66 0F C7 /6 reg", "RDRAND Rv", "random.rdrand", { feature: "rdrand" }],
  ["NP 0F C7 /7 reg", "RDSEED Rv", "random.rdseed", { feature: "rdseed" }],
  ["66 0F C7 /7 reg", "RDSEED Rv", "random.rdseed", { feature: "rdseed" }],

  // Hints, and what is undefined by definition.
  ["0F 18 /r", "NOP E", "system.nop"],
  ...["19", "1A", "1B", "1C", "1D", "1E", "1F"].map(
    (op) => /** @type {Row} */ ([`0F ${op} /r`, "NOP E", "system.nop"]),
  ),
  ["0F 0B", "UD2", "system.ud"],
  ["0F B9 /r", "UD1 Gd,Ed", "system.ud"],
  ["0F FF /r", "UD0 Gd,Ed", "system.ud"],
  ["0F AA", "RSM", "system.ud"],
];
