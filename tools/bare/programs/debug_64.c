// Single steps and breakpoints in 64-bit mode.
#include "../lib/bare.h"

static const void *from;
static int steps;

static void put_place(word place) {
  word offset = place - (word)from;
  print(" ");
  if (offset < 0x1000) print("+");
  print_hex(offset < 0x1000 ? offset : place);
}

static word dr6(void) {
  word v;
  __asm__ volatile("mov %%dr6, %0" : "=r"(v));
  return v;
}
static void set_dr6(word v) { __asm__ volatile("mov %0, %%dr6" ::"r"(v)); }
static void set_dr7(word v) { __asm__ volatile("mov %0, %%dr7" ::"r"(v)); }
static word dr7(void) {
  word v;
  __asm__ volatile("mov %%dr7, %0" : "=r"(v));
  return v;
}
static void set_breakpoint(int n, const void *at) {
  switch (n) {
    case 0: __asm__ volatile("mov %0, %%dr0" ::"r"(at)); break;
    case 1: __asm__ volatile("mov %0, %%dr1" ::"r"(at)); break;
    case 2: __asm__ volatile("mov %0, %%dr2" ::"r"(at)); break;
    default: __asm__ volatile("mov %0, %%dr3" ::"r"(at));
  }
}

/** Prints where each #DB came, with DR6 and RF of the frame; a fault sets RF and goes on. */
static bool note_debug(struct frame *f) {
  if (f->vector != 1) return false;
  put_place(f->ip);
  print("/");
  print_hex(dr6());
  if (f->flags & FLAG_RF) print("r");
  if (f->cs & 3) print("u");
  // The instruction runs now.
  f->flags |= FLAG_RF;
  set_dr6(0xffff0ff0);
  // Out of the snippet, steps end.
  if (++steps > 40 || (word)(f->ip - (word)from) > 0x200) f->flags &= ~(word)FLAG_TF;
  return true;
}

static void run(const char *name, const char *code, word a, word b, bool user) {
  from = code;
  steps = 0;
  set_dr6(0xffff0ff0);
  print(name);
  print(":");
  if (user) attempt_user(code, a, b);
  else attempt(code, a, b);
  if (trap.frame.vector != NONE && trap.frame.vector != DONE) {
    print(" v=");
    print_hex(trap.frame.vector);
    put_place(trap.frame.ip);
    print(" fl=");
    print_hex(trap.frame.flags & ~(word)FLAG_RF);
  }
  print(" .\n");
}

#define STEP "pushfq\n orl $0x100, (%rsp)\n popfq\n"
#define END "pushfq\n andl $~0x100, (%rsp)\n popfq\n ret"

static uint8_t data[64] __attribute__((aligned(64)));

CODE(step_nops, STEP "nop\n nop\n mov %eax, %ecx\n" END)
CODE(step_mov_ss, "mov $0x10, %ecx\n" STEP "mov %ecx, %ss\n nop\n nop\n" END)
CODE(step_mov_ss_ds, "mov $0x10, %ecx\n" STEP "mov %ecx, %ds\n nop\n" END)
CODE(step_sti, STEP "sti\n nop\n cli\n" END)
CODE(step_pushf, STEP "pushfq\n pop %rcx\n" END)
CODE(step_jump, STEP "jmp 1f\n nop\n1: jz 2f\n jnz 2f\n2: nop\n" END)
CODE(step_call, STEP "call 1f\n" END "\n1: nop\n ret")
CODE(step_movs, "mov $3, %ecx\n mov %rdi, %rsi\n" STEP "rep movsb\n nop\n" END)
CODE(step_movs_none, "xor %ecx, %ecx\n" STEP "rep movsb\n nop\n" END)
CODE(step_int3, STEP "int3\n nop\n" END)
CODE(step_icebp, STEP "nop\n .byte 0xf1\n nop\n" END)
CODE(step_fault, STEP "nop\n ud2\n nop\n" END)
CODE(step_popf_clears, STEP "nop\n push $2\n popfq\n nop\n ret")
CODE(step_cpuid, STEP "push %rbx\n xor %eax, %eax\n cpuid\n pop %rbx\n" END)
CODE(step_iret, "mov %rsp, %rax\n push $0x10\n push %rax\n push $0x102\n push $8\n lea 1f(%rip), %rax\n push %rax\n iretq\n1: nop\n nop\n" END)
CODE(step_syscall, STEP "nop\n syscall\n nop\n" END)
CODE(step_loop, "mov $3, %ecx\n" STEP "1: loop 1b\n" END)
CODE(step_lock, STEP "lock incl (%rdi)\n nop\n" END)
CODE(step_cross, STEP "in $0x21, %al\n nop\n" END)
CODE(system_call_entry, "nop\n nop\n push %r11\n popfq\n jmp *%rcx")

CODE(nops, "nop\n nop\n nop\n nop\n ret")
CODE(touch, "mov (%rdi), %eax\n nop\n mov %eax, (%rdi)\n nop\n ret")
CODE(touch_byte, "mov (%rdi), %al\n nop\n mov %al, (%rdi)\n nop\n ret")
CODE(touch_modify, "incl (%rdi)\n nop\n ret")
CODE(touch_movs, "lea 32(%rdi), %rsi\n mov $3, %ecx\n rep movsb\n nop\n ret")
CODE(touch_stack, "push %rax\n pop %rax\n nop\n ret")
CODE(touch_mov_ss, "mov $0x10, %ecx\n mov (%rdi), %ss\n nop\n nop\n ret")
CODE(touch_out, "in $0x21, %al\n nop\n out %al, $0x21\n nop\n ret")
CODE(write_dr6, "mov %rax, %dr6\n ret")
CODE(write_dr7, "mov %rax, %dr7\n ret")
CODE(read_dr7, "mov %dr7, %rax\n ret")
CODE(read_dr4, "mov %db4, %rax\n ret")
CODE(write_dr0, "mov %rax, %dr0\n ret")
CODE(mov_ss_int3, "mov $0x10, %ecx\n mov %ecx, %ss\n int3\n ret")

#define ON(n) (2UL << (n) * 2)
#define KIND(n, rw, length) ((word)(rw) << (16 + (n) * 4) | (word)(length) << (18 + (n) * 4))

static void single_steps(void) {
  write_msr(0xc0000081, (uint64_t)CODE0 << 32);
  write_msr(0xc0000082, (word)system_call_entry);
  run("step", step_nops, 0, 0, false);
  run("step, user", step_nops, 0, 0, true);
  run("step MOV SS", step_mov_ss, 0, 0, false);
  run("step MOV DS", step_mov_ss_ds, 0, 0, false);
  run("step STI", step_sti, 0, 0, false);
  run("step PUSHF", step_pushf, 0, 0, false);
  run("step jumps", step_jump, 0, 0, false);
  run("step CALL", step_call, 0, 0, false);
  run("step REP MOVS", step_movs, (word)data, 0, false);
  run("step REP MOVS of nothing", step_movs_none, (word)data, 0, false);
  run("step INT3", step_int3, 0, 0, false);
  run("step INT1", step_icebp, 0, 0, false);
  run("step UD2", step_fault, 0, 0, false);
  run("step POPF that ends it", step_popf_clears, 0, 0, false);
  run("step CPUID", step_cpuid, 0, 0, false);
  run("step IRET", step_iret, 0, 0, false);
  run("step LOOP", step_loop, 0, 0, false);
  run("step LOCK INC", step_lock, (word)data, 0, false);
  run("step IN", step_cross, 0, 0, false);
  write_msr(0xc0000084, 0x100);
  run("step SYSCALL, TF masked", step_syscall, 0, 0, false);
  write_msr(0xc0000084, 0);
  run("step SYSCALL, TF stays", step_syscall, 0, 0, false);
}

static void code_breakpoints(void) {
  set_breakpoint(0, nops + 1);
  set_dr7(ON(0));
  run("breakpoint", nops, 0, 0, false);
  run("breakpoint, user", nops, 0, 0, true);
  set_breakpoint(1, nops + 1);
  set_dr7(ON(0) | ON(1));
  run("two breakpoints at one place", nops, 0, 0, false);
  set_dr7(ON(0));
  run("one of them enabled", nops, 0, 0, false);
  set_breakpoint(1, nops + 3);
  set_dr7(ON(0) | 4);
  run("one of them local", nops, 0, 0, false);
  set_dr7(ON(0) | KIND(0, 0, 1));
  run("breakpoint with a length", nops, 0, 0, false);
  set_breakpoint(0, step_mov_ss + 15 - 1);
  set_breakpoint(2, step_nops + 13);
  set_dr7(ON(2));
  run("breakpoint on a step", step_nops, 0, 0, false);
  set_breakpoint(0, mov_ss_int3 + 7);
  set_dr7(ON(0));
  run("breakpoint behind MOV SS", mov_ss_int3, 0, 0, false);
  set_dr7(0);
}

static void data_breakpoints(void) {
  set_breakpoint(0, data);
  set_dr7(ON(0) | KIND(0, 1, 3));
  run("write, four bytes", touch, (word)data, 0, false);
  run("write, user", touch, (word)data, 0, true);
  set_dr7(ON(0) | KIND(0, 3, 3));
  run("read or write, four bytes", touch, (word)data, 0, false);
  run("read or write, a byte of four", touch_byte, (word)data + 3, 0, false);
  run("read or write, the next byte", touch_byte, (word)data + 4, 0, false);
  run("read or write, across its end", touch, (word)data + 2, 0, false);
  run("read and write", touch_modify, (word)data, 0, false);
  set_dr7(ON(0) | KIND(0, 3, 0));
  run("one byte, of four read", touch, (word)data - 2, 0, false);
  set_breakpoint(0, data + 1);
  set_dr7(ON(0) | KIND(0, 3, 1));
  run("two bytes, misaligned", touch_byte, (word)data, 0, false);
  set_breakpoint(0, data);
  set_dr7(ON(0) | KIND(0, 3, 2));
  run("eight bytes", touch_byte, (word)data + 7, 0, false);
  set_breakpoint(0, data + 1);
  set_dr7(ON(0) | KIND(0, 1, 0));
  run("REP MOVS", touch_movs, (word)data, 0, false);
  set_breakpoint(1, data + 32);
  set_dr7(ON(0) | KIND(0, 1, 0) | ON(1) | KIND(1, 3, 0));
  run("REP MOVS, both ends", touch_movs, (word)data, 0, false);
  set_breakpoint(0, data);
  set_dr7(0);
  *(uint16_t *)data = DATA0;
  set_dr7(ON(0) | KIND(0, 3, 1));
  run("MOV SS from there", touch_mov_ss, (word)data, 0, false);
  write_cr4(read_cr4() | 8);
  set_breakpoint(0, (void *)0x21);
  set_dr7(ON(0) | KIND(0, 2, 0));
  run("port", touch_out, 0, 0, false);
  write_cr4(read_cr4() & ~8UL);
  set_dr7(0);
}

static void registers(void) {
  // But for GD.
  attempt(write_dr7, 0, 0xffffdfff);
  note("DR7 of ones", dr7());
  set_dr7(0);
  note("DR7 of zero", dr7());
  check("DR7 bit 32", write_dr7, 0, 1UL << 32);
  check("DR6 bit 32", write_dr6, 0, 1UL << 32);
  set_dr6(0);
  note("DR6 of zero", dr6());
  set_dr6(0xf00f);
  note("DR6 of ones", dr6());
  check("DR0 non-canonical", write_dr0, 0, 0x800000000000);
  check_user("DR7, user", read_dr7, 0, 0);
  attempt(read_dr4, 0, 0);
  report("DR4", read_dr4);
  write_cr4(read_cr4() | 8);
  check("DR4 with DE", read_dr4, 0, 0);
  write_cr4(read_cr4() & ~8UL);
  set_dr6(0xffff0ff0);
  set_dr7(0x2000);
  check("DR7 with GD", read_dr7, 0, 0);
  note("GD is cleared", dr7());
}

void program(void) {
  registers();
  hook = note_debug;
  single_steps();
  code_breakpoints();
  data_breakpoints();
  hook = 0;
}
