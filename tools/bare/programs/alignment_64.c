// Misaligned accesses in 64-bit mode, and the areas of FXSAVE and XSAVE.
#include "../lib/bare.h"

static uint8_t area[4096] __attribute__((aligned(4096)));

CODE(read_16, "movaps (%rdi), %xmm0\n ret")
CODE(write_16, "movaps %xmm0, (%rdi)\n ret")
CODE(read_misaligned, "mov 1(%rdi), %eax\n ret")
CODE(write_misaligned, "mov %ax, 1(%rdi)\n ret")
CODE(read_word_even, "mov 2(%rdi), %ax\n ret")
CODE(read_qword_at_4, "mov 4(%rdi), %rax\n ret")
CODE(push_misaligned, "mov %rsp, %rbx\n lea 0x101(%rdi), %rsp\n push %rax\n mov %rbx, %rsp\n ret")
CODE(movs_misaligned, "lea 1(%rdi), %rsi\n movsl\n ret")
CODE(fld_misaligned, "fldl 4(%rdi)\n fstp %st\n ret")
CODE(movups_misaligned, "movups 1(%rdi), %xmm0\n ret")
CODE(cmpxchg16b, "cmpxchg16b 8(%rdi)\n ret")
CODE(fxsave_at, "fxsave (%rdi)\n ret")
CODE(fxrstor_at, "fxrstor (%rdi)\n ret")
CODE(ldmxcsr_at, "ldmxcsr (%rdi)\n ret")
CODE(xsave_at, "mov $3, %eax\n xsave (%rdi)\n ret")
CODE(xrstor_at, "mov $3, %eax\n xrstor (%rdi)\n ret")
CODE(xgetbv, "mov %edi, %ecx\n xgetbv\n ret")
CODE(xsetbv, "mov %edi, %ecx\n xsetbv\n ret")

static void set_ts(bool on) { write_cr0(on ? read_cr0() | CR0_TS : read_cr0() & ~(word)CR0_TS); }

static void alignment(void) {
  check("MOVAPS misaligned", read_16, (word)area + 8, 0);
  check("MOVAPS store misaligned", write_16, (word)area + 8, 0);
  check("FXSAVE misaligned", fxsave_at, (word)area + 8, 0);
  check("CMPXCHG16B misaligned", cmpxchg16b, (word)area, 0);
  write_cr0(read_cr0() | CR0_AM);
  entry_cs = CODE3;
  entry_ss = DATA3;
  entry_sp = (word)user_stack_top;
  entry_flags = 2 | FLAG_AC;
  static const struct {
    const char *name, *code;
  } cases[] = {{"AC read", read_misaligned}, {"AC write", write_misaligned}, {"AC even word", read_word_even}, {"AC eight bytes at 4", read_qword_at_4}, {"AC push", push_misaligned}, {"AC MOVS", movs_misaligned}, {"AC FLD at 4", fld_misaligned}, {"AC MOVUPS", movups_misaligned}, {"AC MOVAPS", read_16}, {"AC FXSAVE at 8", fxsave_at}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    attempt_at(cases[i].code, (word)area + (cases[i].code == read_16 || cases[i].code == fxsave_at ? 8 : 0), 0);
    report(cases[i].name, cases[i].code);
  }
  // Not present comes first, and across a page that is not there too.
  attempt_at(read_misaligned, 0x8000000000, 0);
  report("AC read absent", read_misaligned);
  write_cr0(read_cr0() & ~(word)CR0_AM);
  attempt_at(read_misaligned, (word)area, 0);
  report("AC without AM", read_misaligned);
}

static void state_areas(void) {
  for (int i = 0; i < 4096; i++) area[i] = 0;
  check("FXSAVE", fxsave_at, (word)area, 0);
  *(uint32_t *)(area + 24) = 0x10000;
  check("FXRSTOR reserved MXCSR", fxrstor_at, (word)area, 0);
  check("LDMXCSR reserved", ldmxcsr_at, (word)area + 24, 0);
  *(uint32_t *)(area + 24) = 0x1f80;
  check("FXRSTOR", fxrstor_at, (word)area, 0);
  check("FXRSTOR misaligned", fxrstor_at, (word)area + 4, 0);
  if (!(cpuid(1, 0).c & 1 << 26)) return;
  check("XSAVE without OSXSAVE", xsave_at, (word)area, 0);
  check("XGETBV without OSXSAVE", xgetbv, 0, 0);
  write_cr4(read_cr4() | CR4_OSXSAVE);
  check("XGETBV 0", xgetbv, 0, 0);
  check("XGETBV 5", xgetbv, 5, 0);
  check("XSETBV without x87", xsetbv, 0, 2);
  check("XSETBV AVX without SSE", xsetbv, 0, 5);
  check("XSETBV reserved", xsetbv, 0, 0x40000003);
  check("XSETBV 1", xsetbv, 1, 3);
  check_user("XSETBV, user", xsetbv, 0, 3);
  check("XSETBV", xsetbv, 0, 3);
  check("XSAVE", xsave_at, (word)area, 0);
  check("XSAVE misaligned", xsave_at, (word)area + 16, 0);
  check("XRSTOR", xrstor_at, (word)area, 0);
  check("XRSTOR misaligned", xrstor_at, (word)area + 32, 0);
  area[512] = 8;
  check("XRSTOR of a component that is off", xrstor_at, (word)area, 0);
  area[512] = 3;
  area[520 + 7] = 0x80;
  check("XRSTOR compacted", xrstor_at, (word)area, 0);
  area[520 + 7] = 0;
  area[528] = 1;
  check("XRSTOR reserved header", xrstor_at, (word)area, 0);
  area[528] = 0;
  *(uint32_t *)(area + 24) = 0x10000;
  check("XRSTOR reserved MXCSR", xrstor_at, (word)area, 0);
  *(uint32_t *)(area + 24) = 0x1f80;
  set_ts(true);
  check("XSAVE with TS", xsave_at, (word)area, 0);
  set_ts(false);
  write_cr4(read_cr4() & ~(word)CR4_OSXSAVE);
}

void program(void) {
  state_areas();
  alignment();
}
