// Ways between privileges in 64-bit mode: IRET, RETF, SYSCALL, SYSENTER and back. Frames lie at rdi: ss, rsp, flags, cs, rip.
#include "../lib/bare.h"

CODE(iretq_frame, "mov %rsp, %rbp\n pushq (%rdi)\n pushq 8(%rdi)\n pushq 16(%rdi)\n pushq 24(%rdi)\n pushq 32(%rdi)\n iretq")
CODE(iretd_frame, "mov %rsp, %rbp\n sub $20, %rsp\n mov (%rdi), %eax\n mov %eax, 16(%rsp)\n mov 8(%rdi), %eax\n mov %eax, 12(%rsp)\n mov 16(%rdi), %eax\n mov %eax, 8(%rsp)\n mov 24(%rdi), %eax\n mov %eax, 4(%rsp)\n mov 32(%rdi), %eax\n mov %eax, (%rsp)\n iretl")
CODE(restore_and_return, "mov %rbp, %rsp\n ret")
CODE(lret_frame, "mov %rsp, %rbp\n pushq (%rdi)\n pushq 8(%rdi)\n pushq 24(%rdi)\n pushq 32(%rdi)\n lretq")
CODE(with_nt, "pushfq\n orl $0x4000, (%rsp)\n popfq\n mov %rsp, %rbp\n pushq (%rdi)\n pushq 8(%rdi)\n pushq 16(%rdi)\n pushq 24(%rdi)\n pushq 32(%rdi)\n iretq")
CODE(syscall_, "syscall\n ret")
CODE(sysenter_, "sysenter\n ret")
CODE(sysretq_, "mov %rdi, %rcx\n mov %rax, %r11\n mov %rsp, %rbp\n lea user_stack_top-64(%rip), %rsp\n sysretq")
CODE(sysretl_, "mov %rdi, %rcx\n mov %rax, %r11\n mov %rsp, %rbp\n lea user_stack_top-64(%rip), %rsp\n sysretl")
CODE(sysexitq_, "mov %rdi, %rdx\n mov %rax, %rcx\n sysexitq")
CODE(sysexitl_, "mov %rdi, %rdx\n mov %rax, %rcx\n sysexitl")
CODE(call_entry, "mov %rcx, %r14\n mov %r11, %r15\n mov $trap_stack_top-256, %rsp\n int3")

static void returns(void) {
  static uint64_t f[5];
  word sp = (word)user_stack_top - 64;
  static const struct {
    const char *name;
    word ss, flags, cs;
    const void *rip;
  } cases[] = {
    {"to user", DATA3, 2, CODE3, done},
    {"to user with IOPL and IF", DATA3, 0x3202, CODE3, done},
    {"to the same privilege", DATA0, 2, CODE0, restore_and_return},
    {"to the same privilege, SS = 0", 0, 2, CODE0, done},
    {"to user, SS = 0", 0, 2, CODE3, done},
    {"to user, SS of privilege 0", DATA0, 2, CODE3, done},
    {"to user, SS code", CODE3, 2, CODE3, done},
    {"to user, non-canonical", DATA3, 2, CODE3, (void *)0x800000000000},
    {"to null", DATA0, 2, 0, done},
    {"to data", DATA0, 2, DATA0, done},
    {"to code beyond the table", DATA0, 2, 0x1000, done},
    {"to 32-bit user code", DATA3, 2, OTHER_CODE3, done},
    {"to 32-bit code", DATA0, 2, OTHER_CODE0, done},
    {"to 32-bit user code, SS = 0", 3, 2, OTHER_CODE3, done},
    {"to user with VM", DATA3, 0x20002, CODE3, done},
    {"to user with RF and AC", DATA3, 0x50002, CODE3, done},
    {"to user with NT", DATA3, 0x4002, CODE3, done},
    {"to code with a wrong RPL", DATA3, 2, CODE0 | 3, done},
    {"to absent code", DATA3, 2, CODE3, (void *)0x8000000000},
  };
  char text[80];
  static const struct {
    const char *name, *code;
  } ways[] = {{"IRETQ ", iretq_frame}, {"IRETD ", iretd_frame}, {"RETFQ ", lret_frame}, {"IRETQ with NT ", with_nt}};
  for (unsigned w = 0; w < 4; w++) {
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
      // IRETD cannot go there.
      if (w == 1 && (word)cases[i].rip >> 32) continue;
      f[0] = cases[i].ss;
      f[1] = (cases[i].cs & 3) == 0 && w != 2 ? (word)stack_top - 1024 : sp;
      f[2] = cases[i].flags;
      f[3] = cases[i].cs;
      f[4] = (word)cases[i].rip;
      char *to = text;
      for (const char *c = ways[w].name; *c; c++) *to++ = *c;
      for (const char *c = cases[i].name; (*to = *c); c++) to++;
      // RETF to the same privilege pops no stack.
      attempt(ways[w].code, (word)f, 0);
      trap.handler_sp = 0;
      if (trap.frame.vector == DONE) {
        print(text);
        print_field(": cs ", trap.frame.cs & 0xffff);
        print_field(" ss ", trap.frame.ss & 0xffff);
        print_field(" sp ", trap.frame.sp);
        print_field(" fl ", trap.frame.flags);
        print("\n");
      } else {
        report(text, ways[w].code);
      }
    }
  }
}

static void note_entry(const char *name, const void *code) {
  report(name, code);
  if (trap.frame.vector != 3) return;
  char text[80], *to = text;
  for (const char *c = name; *c; c++) *to++ = *c;
  for (const char *c = " saves"; (*to = *c); c++) to++;
  print(text);
  print_field(": rip +", trap.frame.r14 - (word)code);
  print_field(" flags ", trap.frame.r15);
  print_field(" ss ", trap.frame.ss & 0xffff);
  print("\n");
}

static void system_calls(void) {
  // STAR: kernel code 8 and stack 10; user: 32-bit code at base, stack at +8, 64-bit code at +16.
  gdt[(FREE >> 3) + 0] = gdt[OTHER_CODE3 >> 3];
  gdt[(FREE >> 3) + 1] = gdt[DATA3 >> 3];
  gdt[(FREE >> 3) + 2] = gdt[CODE3 >> 3];
  write_msr(0xc0000081, (uint64_t)CODE0 << 32 | (uint64_t)FREE << 48);
  write_msr(0xc0000082, (word)call_entry);
  write_msr(0xc0000084, 0x300);
  attempt_user(syscall_, 0, 0);
  note_entry("SYSCALL", syscall_);
  entry_flags = 0x3 | FLAG_AC | FLAG_IF | FLAG_NT;
  attempt_at(syscall_, 0, 0);
  note_entry("SYSCALL with flags", syscall_);
  attempt(syscall_, 0, 0);
  note_entry("SYSCALL, supervisor", syscall_);
  entry_cs = OTHER_CODE3;
  entry_flags = 2;
  attempt_at(syscall_, 0, 0);
  report("SYSCALL, 32-bit code", syscall_);
  check_user("SYSRET, user", sysretq_, (word)done, 2);
  check("SYSRETQ non-canonical", sysretq_, 0x800000000000, 2);
  static const struct {
    const char *name, *code;
    word flags;
  } ways[] = {{"SYSRETQ", sysretq_, 2}, {"SYSRETL", sysretl_, 2}, {"SYSRETQ with all flags", sysretq_, 0xffffffffffbcfeffUL}, {"SYSRETQ with RF", sysretq_, 0x10002}};
  for (int i = 0; i < 4; i++) {
    attempt(ways[i].code, (word)done, ways[i].flags);
    print(ways[i].name);
    print_field(": cs ", trap.frame.cs & 0xffff);
    print_field(" ss ", trap.frame.ss & 0xffff);
    print_field(" fl ", trap.frame.flags);
    print("\n");
  }
  write_msr(EFER, read_msr(EFER) & ~1UL);
  check_user("SYSCALL without SCE", syscall_, 0, 0);
  check("SYSRET without SCE", sysretq_, (word)done, 2);
  write_msr(EFER, read_msr(EFER) | 1);

  write_msr(0x174, 0);
  write_msr(0x175, (word)trap_stack_top - 256);
  write_msr(0x176, (word)call_entry);
  check_user("SYSENTER without CS", sysenter_, 0, 0);
  check("SYSEXIT without CS", sysexitq_, 0, 0);
  // CS, SS of the kernel; 32-bit user CS, SS; 64-bit user CS, SS.
  for (int i = 0; i < 2; i++) gdt[(FREE >> 3) + i] = gdt[(CODE0 >> 3) + i];
  gdt[(FREE >> 3) + 2] = gdt[OTHER_CODE3 >> 3];
  gdt[(FREE >> 3) + 3] = gdt[DATA3 >> 3];
  gdt[(FREE >> 3) + 4] = gdt[CODE3 >> 3];
  gdt[(FREE >> 3) + 5] = gdt[DATA3 >> 3];
  write_msr(0x174, FREE);
  attempt_user(sysenter_, 0, 0);
  report_stack("SYSENTER", sysenter_);
  entry_cs = OTHER_CODE3;
  attempt_at(sysenter_, 0, 0);
  report_stack("SYSENTER, 32-bit code", sysenter_);
  attempt(sysenter_, 0, 0);
  report_stack("SYSENTER, supervisor", sysenter_);
  check_user("SYSEXIT, user", sysexitq_, (word)done, (word)user_stack_top);
  check("SYSEXITQ non-canonical rip", sysexitq_, 0x800000000000, (word)user_stack_top);
  check("SYSEXITQ non-canonical rsp", sysexitq_, (word)done, 0x800000000000);
  for (int i = 0; i < 2; i++) {
    attempt(i ? sysexitl_ : sysexitq_, (word)done, (word)user_stack_top - 64);
    print(i ? "SYSEXITL" : "SYSEXITQ");
    print_field(": cs ", trap.frame.cs & 0xffff);
    print_field(" ss ", trap.frame.ss & 0xffff);
    print_field(" sp ", trap.frame.sp);
    print("\n");
  }
}

void program(void) {
  returns();
  system_calls();
}
