// Where the two emulators that the results of tools/bare were recorded in do not agree, or both are wrong: what a
// processor does, and why. A judgement names results by program and name; the first that fits counts.
import type { Result } from "./recorded";

export interface Judgement {
  readonly program: RegExp;
  readonly name: RegExp;
  /**
   * "first": Bochs is right; "second": QEMU; "either" of them; the results that are right; or what makes the right one of
   * Bochs's, for rows of many results.
   */
  readonly right: "first" | "second" | "either" | readonly string[] | ((first: string) => string);
  readonly why: string;
}

/** QEMU pushes flags without RF for faults (SDM vol. 3, 17.3.1.1): no difference that needs a judgement. */
function withoutResume(result: string): string {
  const cleared = (flags: string) => (parseInt(flags, 16) & ~0x10000).toString(16);
  return result.replace(/ fl=([0-9a-f]+)/, (_all, flags: string) => ` fl=${cleared(flags)}`);
}

export function isDispute({ first, second }: Result): boolean {
  return first !== "" && second !== "" && withoutResume(first) !== withoutResume(second);
}

const PAGING = /^paging_/;
const ALL = /^/;

export const judgements: readonly Judgement[] = [
  {
    program: PAGING,
    name: /locked add( user)? leaves$/,
    right: ["0", "3", "13", "113", "1000", "1100", "1110", "1111", "1113"],
    why: "as for the next; an access that reads and writes may set A and not D before it faults",
  },
  {
    program: PAGING,
    name: / leaves$/,
    right: "either",
    why: "whether a walk that ends in a fault has set the accessed bits of the entries above is the processor's choice (SDM vol. 3, 4.8)",
  },
  {
    program: ALL,
    name: /locked add|^bit test far below/,
    right: "first",
    why: "an instruction that reads and writes faults as a write (SDM vol. 3, 4.7); QEMU reads first",
  },
  {
    program: PAGING,
    name: /bit (1[23]|2[019]|46|5[12]|6[23])|PS (read|write|locked add|fetch)|^NX without NXE/,
    right: "first",
    why: "a reserved bit is a fault of an entry that is present: bit 0 is set with bit 3 (SDM vol. 3, 4.7); QEMU leaves it clear",
  },
  {
    program: PAGING,
    name: /^read non-canonical, across/,
    right: "either",
    why: "the manuals do not order #GP of the second half and #PF of the first",
  },
  {
    program: PAGING,
    name: /^(push|pop) non-canonical/,
    right: "first",
    why: "#SS for a stack reference (SDM vol. 1, 3.3.7.1); QEMU raises #GP",
  },
  {
    program: ALL,
    name: /non-canonical (rip|address)$|^call non-canonical|^IRETQ .*non-canonical/,
    right: "first",
    why: "the branch faults, at its own address (SDM vol. 2, CALL, IRET; vol. 3, 6.14); QEMU's fetch faults",
  },
  {
    program: ALL,
    name: /INT1/,
    right: "first",
    why: "F1 is INT1 (SDM vol. 2, INT n); to QEMU it is undefined",
  },
  {
    program: /^exceptions_64/,
    name: /^#XM/,
    right: "first",
    why: "SSE exceptions that are not masked are delivered (SDM vol. 1, 11.5); QEMU has none",
  },
  {
    program: /^exceptions_64/,
    name: /^(RD|WR)MSR/,
    right: "first",
    why: "#GP for an unknown MSR and for values that it cannot hold (SDM vol. 2, RDMSR, WRMSR); QEMU does not check",
  },
  {
    program: /^(exceptions|gates)_64/,
    name: /^INT (through|14)|^INT 42 through|^(task|16-bit) gate|no handler/,
    right: "first",
    why: "the error code names the vector, shifted by 3 (SDM vol. 3, 6.13); QEMU shifts by 4",
  },
  {
    program: /^exceptions_64/,
    name: /^(SS = 3|LTR = 0)$/,
    right: "first",
    why: "#GP(0) (SDM vol. 2, MOV: RPL is not CPL; LTR: null); QEMU does not check",
  },
  {
    program: /^gates_64/,
    name: /non-canonical IST/,
    right: "second",
    why: "the new SS is null: #SS(0) (SDM vol. 2, INT n); Bochs names the old one",
  },
  {
    program: /^alignment_64/,
    name: /reserved MXCSR|^LDMXCSR|^XSAVE with TS/,
    right: "first",
    why: "#GP for reserved bits of MXCSR, #NM for TS (SDM vol. 2, FXRSTOR, LDMXCSR, XRSTOR, XSAVE); QEMU does not check",
  },
  {
    program: /^alignment_64/,
    name: /^AC read absent/,
    right: "either",
    why: "within a class the order of faults is the processor's (SDM vol. 3, table 6-2)",
  },
  {
    program: /^alignment_64/,
    name: /^AC MOVUPS/,
    right: ["ok", "v=11 e=0 ip=+0 cs=1b fl=50002"],
    why: "whether #AC is raised is the processor's choice (SDM vol. 2, MOVUPS)",
  },
  {
    program: /^alignment_64/,
    name: /^AC /,
    right: "first",
    why: "QEMU has no alignment check",
  },
  {
    program: /^alignment_64/,
    name: /^(MOVAPS|FXSAVE|CMPXCHG16B|FXRSTOR)/,
    right: "first",
    why: "#GP for operands that must be aligned (SDM vol. 2)",
  },
  {
    program: /^returns_64/,
    name: /^IRETD to (the same privilege, SS = 0|32-bit code)/,
    right: "second",
    why: "in 64-bit mode IRET pops SS and RSP always (SDM vol. 3, 6.14.3); Bochs only if it is IRETQ",
  },
  {
    program: /^returns_64/,
    name: /with RF and AC$/,
    right: "first",
    why: "the INT behind it clears RF (SDM vol. 3, 17.3.1.1); QEMU keeps it",
  },
  {
    program: ALL,
    name: /^the end/,
    right: "first",
    why: "QEMU stops on the way, in a triple fault or by an assertion of its own",
  },
  {
    program: /^debug_64/,
    name: /^DR7 of ones/,
    right: ["ffff07ff"],
    why: "bits 11, 12, 14 and 15 are reserved without RTM (SDM vol. 3, 17.2.4), GD was not written",
  },
  {
    program: /^debug_64/,
    name: /^DR6 of ones/,
    right: "first",
    why: "bit 12 is always 0 (SDM vol. 3, 17.2.3)",
  },
  {
    program: /^debug_64/,
    name: /GD/,
    right: "first",
    why: "MOV of a debug register with GD is #DB, which clears GD (SDM vol. 3, 17.2.4); QEMU has no GD",
  },
  {
    program: /^debug_64/,
    name: /^step STI/,
    right: "first",
    why: "STI does not hold debug traps off (SDM vol. 3, 6.8.3)",
  },
  {
    program: /^debug_64/,
    name: /^step REP MOVS$/,
    right: ["+11/ffff4ff0r +11/ffff4ff0r +13/ffff4ff0 +14/ffff4ff0 +15/ffff4ff0 +1c/ffff4ff0 +1d/ffff4ff0 ."],
    why: "a trap between two iterations pushes RF set (SDM vol. 3, 17.3.1.1)",
  },
  {
    program: /^debug_64/,
    name: /^REP MOVS$/,
    right: ["+9/ffff0ff1r ."],
    why: "the same",
  },
  {
    program: /^debug_64/,
    name: /^REP MOVS, both ends$/,
    right: ["+9/ffff0ff2r +9/ffff0ff1r ."],
    why: "the same",
  },
  {
    program: /^debug_64/,
    name: /^step SYSCALL, TF masked/,
    right: "second",
    why: "SYSCALL clears TF by its mask before the trap would come (SDM vol. 2, SYSCALL; vol. 3, 17.3.1.4)",
  },
  {
    program: /^debug_64/,
    name: /^one of them enabled/,
    right: ["+1/ffff0ff1 .", "+1/ffff0ff3 ."],
    why: "DR6 may or may not show breakpoints that are not enabled (SDM vol. 3, 17.2.3)",
  },
  {
    program: /^debug_64/,
    name: /^breakpoint on a step/,
    right: [
      "+a/ffff4ff0 +b/ffff4ff0 +d/ffff4ff0 +e/ffff4ff0 +15/ffff4ff0 +16/ffff4ff0 .",
      "+a/ffff4ff0 +b/ffff4ff0 +d/ffff4ff4 +e/ffff4ff0 +15/ffff4ff0 +16/ffff4ff0 .",
    ],
    why: "the breakpoint at the next instruction is not due yet; the trap's handler sets RF, so that it is skipped",
  },
  {
    program: /^debug_64/,
    name: /^breakpoint with a length/,
    right: ["."],
    why: "LEN other than 0 is undefined for instructions (SDM vol. 3, 17.2.4): none is taken",
  },
  {
    program: /^debug_64/,
    name: /^(breakpoint behind MOV SS|two bytes, misaligned|MOV SS from there|port)$/,
    right: "first",
    why: "MOV SS holds debug exceptions off, ranges are aligned to their length, I/O breakpoints are traps without RF (SDM vol. 3, 6.8.3, 17.2.5, 17.3.1); QEMU differs",
  },
  {
    program: /^interrupts_64/,
    name: /^(STI, MOV SS|MOV SS, STI) interrupts/,
    right: "either",
    why: "of two shadows in a row only the first is sure (SDM vol. 2, MOV, STI)",
  },
  {
    program: /^interrupts_64/,
    name: /^CR8 holds it off/,
    right: "second",
    why: "an interrupt below the task priority is not offered; Bochs has offered it before and takes the spurious vector",
  },
  {
    program: /^interrupts_64/,
    name: /^(sent while IF is set|NMI( within NMI)?) interrupts/,
    right: "either",
    why: "the APIC takes its time: some instructions more or less",
  },
  {
    program: /^segments_32/,
    name: /limit|GiB|4096|four across|four at the end|^expand-down|^read-only|^code, write|^null|stack/,
    right: "first",
    why: "limits and types of segments are checked at each access (SDM vol. 3, 5.3, 5.5); QEMU checks when they are loaded",
  },
  {
    program: /^segments_32/,
    name: /^call through gate to conforming, user/,
    right: "first",
    why: "a gate to conforming code leaves the privilege as it is (SDM vol. 3, 5.8.4); QEMU changes the stack",
  },
  {
    program: /^paging_32/,
    name: /^read around 4 GiB/,
    right: ["v=e e=0 ip=+0 cs=8 fl=10002 cr2=fffffffe", "v=d e=0 ip=+0 cs=8 fl=10002"],
    why: "with a limit of 4 GiB whether such an access violates it is the processor's choice (SDM vol. 3, 5.3)",
  },
  {
    program: /^paging_32/,
    name: /^CR4.PCIDE outside|PDPTE/,
    right: "first",
    why: "#GP (SDM vol. 2, MOV to control registers); QEMU does not check, and looks at PDPTEs at each access",
  },
  {
    program: /^tasks_32/,
    name: /^new task's CS RPL 3/,
    right: ["v=3 error 8 link 68 eip 0 second 8b first 8b"],
    why: "#TS of CS comes before that of SS (SDM vol. 3, table 7-1)",
  },
  {
    program: /^tasks_32/,
    name: /^new task's|^T bit|^#UD saved/,
    right: "first",
    why: "the new task's EIP and, of a fault, RF are saved, and T is a debug trap (SDM vol. 3, 7.3, 17.3.1); QEMU has neither",
  },
  {
    program: /^descriptors_/,
    name: /^IRET with SS/,
    right: (first) => first.replace(/(?<=00600)b\b/g, "c").replace(/(?<=00600)b(?=\*)/g, "c"),
    why:
      "a stack segment that is not present is #SS (SDM vol. 2, operation of IRET; AMD APM vol. 3), as an AMD processor does; the" +
      " SDM's list of IRET's exceptions says #NP, and so do both",
  },
  {
    program: /^descriptors_/,
    name: /^(RETF with SS|stack of the TSS)/,
    right: "first",
    why: "#SS as well; QEMU raises #NP and #TS",
  },
  {
    program: /^descriptors_/,
    name: /^(LAR|LSL|LTR|far|jump|gate for INT|INT to|(RETF|IRET) with CS)/,
    right: "first",
    why:
      "16-bit TSSs do not exist in IA-32e mode, L and D exclude each other, gates lead to 64-bit code only, absence counts" +
      " through gates too, and code segments become accessed (SDM vol. 2, LSL, LTR; vol. 3, 3.4.5, 5.8): QEMU does not look." +
      " LAR's bits 16 to 19 are undefined, Bochs shows those of the limit",
  },
  {
    program: /^registers_64/,
    name: /^TSC_AUX/,
    right: (first) => first.replace("1*20", "1300000d*20"),
    why: "the upper half is reserved, #GP (SDM vol. 4, table 2-2); Bochs ignores it, as AMD's processors do",
  },
  {
    program: /^registers_64/,
    name: /^XSAVE (of x87 )?leaves$/,
    right: ["0", "2"],
    why: "whether a state that is initial counts as in use is the processor's choice (SDM vol. 1, 13.6)",
  },
  {
    program: /^registers_64/,
    name: /^/,
    right: "first",
    why: "QEMU does not check CR4 and CR3, and does not get further",
  },
  {
    program: /^debug_32/,
    name: /^step strings/,
    right: (first) => first.replace("+15/4000", "+15/4000r").replace("+1c/4000 +1c/4000", "+1c/4000 +1c/4000r"),
    why: "a trap between two iterations pushes RF set (SDM vol. 3, 17.3.1.1)",
  },
  {
    program: /^debug_32/,
    name: /strings$/,
    right: (first) => first.replace(/^\+(7|11)\/1|\+1e\/1(?= )/g, "$&r"),
    why: "the same",
  },
  {
    program: /^debug_32/,
    name: /^/,
    right: "first",
    why: "DR6 names all breakpoints that were hit, ranges may be hit from below, I/O breakpoints are traps without RF, MOV SS holds breakpoints off (SDM vol. 3, 6.8.3, 17.2); QEMU differs",
  },
  {
    program: /^calls_32/,
    name: /^/,
    right: "first",
    why: "QEMU knows no limits, neither of the stacks nor of the code, and SYSENTER of no null segment (SDM vol. 2, CALL, SYSENTER)",
  },
  {
    program: /^limits_32/,
    name: /^/,
    right: "first",
    why: "limits of segments are checked at each access (SDM vol. 3, 5.3); QEMU knows none, and is led astray in the end",
  },
  {
    program: /^virtual_32/,
    name: /^/,
    right: "first",
    why: "QEMU has no VME, no PVI, and no limits in virtual-8086 mode; where it does not get there, Bochs is alone",
  },
  {
    program: /^modes_32/,
    name: /^VME|^V86 limit|^PG with LME|^real mode limits/,
    right: "first",
    why: "QEMU has no VME, no limits in virtual-8086 and real mode, and does not check CR0.PG",
  },
  {
    program: /^code_64/,
    name: /^across /,
    right: "second",
    why: "Bochs keeps an instruction across two pages when the second is exchanged",
  },
];

/** The results that are right; none if there is a dispute that nobody has judged. */
export function rightResults(program: string, result: Result): readonly string[] {
  const judgement = judgements.find((j) => j.program.test(program) && j.name.test(result.name));
  const { first, second } = result;
  const known = [first, second].filter((text) => text !== "");
  if (judgement === undefined) return isDispute(result) ? [] : known.slice(0, 1);
  switch (judgement.right) {
    case "first":
      return known.slice(0, 1);
    case "second":
      return known.slice(-1);
    case "either":
      return known;
    default:
      return typeof judgement.right === "function" ? [judgement.right(first)] : judgement.right;
  }
}

/** Whether a result is right. What QEMU says it says without RF. */
export function isRight(program: string, result: Result, value: string): boolean {
  const right = rightResults(program, result);
  if (right.includes(value)) return true;
  return right.includes(result.second) && withoutResume(result.second) === withoutResume(value);
}
