// Debug exceptions in 32-bit protected mode: single steps through gates, returns and tasks, breakpoints on what several
// instructions in one touch, on ports, and what comes first.
#include "../lib/bare.h"

static const void *from;
static int steps;

static word dr6(void) {
  word v;
  __asm__ volatile("mov %%dr6, %0" : "=r"(v));
  return v;
}
static void set_dr6(word v) { __asm__ volatile("mov %0, %%dr6" ::"r"(v)); }
static void set_dr7(word v) { __asm__ volatile("mov %0, %%dr7" ::"r"(v)); }
static void set_dr0(const void *at) { __asm__ volatile("mov %0, %%dr0" ::"r"(at)); }
static void set_dr1(const void *at) { __asm__ volatile("mov %0, %%dr1" ::"r"(at)); }

static void put_place(word place) {
  word offset = place - (word)from;
  print(" ");
  if (offset < 0x1000) print("+");
  print_hex(offset < 0x1000 ? offset : 0);
}

/** Prints where each #DB came, with the causes in DR6 and RF of the frame; a fault sets RF and goes on. */
static bool note_debug(struct frame *f) {
  if (f->vector != 1) return false;
  put_place(f->ip);
  print("/");
  print_hex(dr6() & 0xe00f);
  if (f->flags & FLAG_RF) print("r");
  if (f->cs & 3) print("u");
  f->flags |= FLAG_RF;
  set_dr6(0xffff0ff0);
  if (++steps > 30) f->flags &= ~(word)FLAG_TF;
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
  }
  print(" .\n");
}

#define CODE1 0x61
#define DATA1 0x69
#define GATE 0x70
#define CODE32 0x08
#define STEP "pushf\n orl $0x100, (%esp)\n popf\n"
#define END "pushf\n andl $~0x100, (%esp)\n popf\n int $0x40\n"

static uint8_t data[256] __attribute__((aligned(64)));

CODE(step_int, STEP "int $0x42\n nop\n" END)
CODE(int_handler, "nop\n iret")
CODE(step_far, STEP "lcall $0x8, $1f\n nop\n" END "\n1: nop\n lret")
CODE(step_gate, STEP "lcall $0x70, $0\n nop\n" END)
CODE(gate_target, "nop\n lret")
CODE(step_segments, "mov %ss, %ecx\n mov %ds, %edx\n" STEP "mov %ecx, %ss\n nop\n mov %edx, %es\n push %ss\n pop %ss\n nop\n nop\n" END)
CODE(step_string, "mov $data_end, %edi\n mov %edi, %esi\n mov $2, %ecx\n" STEP "rep stosb\n mov $2, %ecx\n repe cmpsb\n mov $1, %ecx\n rep lodsb\n" END)
CODE(step_popf, STEP "push $0x102\n popf\n nop\n push $2\n popf\n nop\n int $0x40\n")
CODE(step_iret, "pushf\n orl $0x100, (%esp)\n push %cs\n push $1f\n iret\n1: nop\n nop\n" END)
CODE(step_sysenter, STEP "nop\n sysenter\n nop\n" END)
CODE(sysenter_target, "nop\n pushf\n andl $~0x100, (%esp)\n popf\n int $0x40")
CODE(step_ud, STEP "nop\n ud2\n")
CODE(step_hlt_user, STEP "nop\n hlt\n")
CODE(step_bound, STEP "sub %eax, %eax\n into\n nop\n jecxz 1f\n1: loop 2f\n2: enter $4, $1\n leave\n" END)
CODE(touch_pusha, "mov %edi, %esp\n pusha\n nop\n int $0x40")
CODE(touch_popa, "mov %edi, %esp\n popa\n nop\n int $0x40")
CODE(touch_push_pop, "mov %edi, %esp\n push %eax\n pop %edx\n nop\n int $0x40")
CODE(touch_16, "movups (%edi), %xmm0\n nop\n movups %xmm0, (%edi)\n nop\n int $0x40")
CODE(touch_cmpxchg, "mov $1, %eax\n lock cmpxchg %ecx, (%edi)\n nop\n int $0x40")
CODE(touch_xchg, "xchg %eax, (%edi)\n nop\n btl $1, (%edi)\n nop\n lock btsl $1, (%edi)\n nop\n int $0x40")
CODE(touch_strings, "mov %edi, %esi\n mov $4, %ecx\n rep lodsb\n mov $data_end, %esi\n mov $4, %ecx\n repe cmpsb\n nop\n sub $4, %edi\n mov $4, %ecx\n rep stosb\n nop\n int $0x40")
CODE(touch_fault, "mov (%edi), %eax\n ud2")
CODE(touch_far, "lds (%edi), %eax\n nop\n mov $0x10, %ecx\n mov %ecx, %ds\n int $0x40")
CODE(touch_call, "mov %edi, %esp\n call 1f\n1: nop\n int $0x40")
CODE(ports, "in $0x20, %al\n nop\n in $0x21, %al\n nop\n mov $0x20, %edx\n in %dx, %ax\n nop\n mov $0x1f, %edx\n in %dx, %ax\n nop\n int $0x40")
CODE(port_strings, "mov $data_end, %edi\n mov %edi, %esi\n mov $0x21, %edx\n mov $2, %ecx\n rep insb\n nop\n mov $0x22, %edx\n mov $2, %ecx\n rep insb\n nop\n int $0x40")
CODE(at_fault, "nop\n ud2\n")
CODE(at_prefix, "nop\n .byte 0x3e, 0x3e\n nop\n nop\n int $0x40\n")
CODE(mov_ss_breakpoint, "mov %ss, %ecx\n mov %ecx, %ss\n nop\n nop\n int $0x40")
CODE(load_rf, "pushf\n orl $0x10000, (%esp)\n push %cs\n push $1f\n iret\n1: nop\n nop\n int $0x40")
CODE(popf_rf, "pushf\n orl $0x10000, (%esp)\n popf\n nop\n nop\n int $0x40")
__asm__(".bss\ndata_end: .skip 64\n.text");

static void gate(int selector, const void *to) {
  word at = (word)to;
  gdt[GATE >> 3] = (at & 0xffff) | (uint64_t)selector << 16 | (uint64_t)0xec << 40 | (uint64_t)(at >> 16) << 48;
}

static void single_steps(void) {
  set_gate(0x42, GATE_INTERRUPT | 0x60, CODE0, int_handler, 0);
  run("step INT", step_int, 0, 0, false);
  run("step INT, user", step_int, 0, 0, true);
  set_gate(0x42, GATE_TRAP | 0x60, CODE0, int_handler, 0);
  run("step INT, trap gate, user", step_int, 0, 0, true);
  run("step far CALL", step_far, 0, 0, false);
  gate(CODE0, gate_target);
  run("step call gate", step_gate, 0, 0, false);
  gate(CODE1, gate_target);
  run("step call gate, user", step_gate, 0, 0, true);
  run("step segment registers", step_segments, 0, 0, false);
  run("step strings", step_string, 0, 0, false);
  run("step POPF", step_popf, 0, 0, false);
  run("step POPF, user", step_popf, 0, 0, true);
  run("step after IRET", step_iret, 0, 0, false);
  run("step after IRET, user", step_iret, 0, 0, true);
  run("step #UD", step_ud, 0, 0, false);
  run("step HLT, user", step_hlt_user, 0, 0, true);
  run("step INTO, JECXZ, LOOP, ENTER", step_bound, 0, 0, false);
  write_msr(0x174, CODE0);
  write_msr(0x175, (word)ist_stack_top);
  write_msr(0x176, (word)sysenter_target);
  run("step SYSENTER", step_sysenter, 0, 0, true);
}

#define ON(n) (2UL << (n) * 2)
#define KIND(n, rw, length) ((word)(rw) << (16 + (n) * 4) | (word)(length) << (18 + (n) * 4))

static void data_breakpoints(void) {
  static const struct {
    const char *name, *code;
    int offset;
    // Where the stack is under test, the supervisor's exceptions would need it.
    bool user;
  } all[] = {{"PUSHA", touch_pusha, 80, true}, {"POPA", touch_popa, 60, true}, {"PUSH, POP", touch_push_pop, 68, true}, {"MOVUPS", touch_16, 56, false}, {"LOCK CMPXCHG that fails", touch_cmpxchg, 64, false}, {"XCHG, BT, BTS", touch_xchg, 64, false}, {"strings", touch_strings, 64, false}, {"in front of UD2", touch_fault, 64, false}, {"LDS", touch_far, 60, false}, {"CALL", touch_call, 68, true}};
  set_dr0(data + 64);
  set_dr1(data + 66);
  for (int write = 0; write < 2; write++) {
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
      for (int j = 0; j < 256; j++) data[j] = 0;
      *(uint16_t *)(data + 64) = DATA0;
      set_dr7(ON(0) | KIND(0, write ? 1 : 3, 0) | ON(1) | KIND(1, 1, 1));
      print(write ? "write, " : "read or write, ");
      run(all[i].name, all[i].code, (word)data + all[i].offset, 0x10, all[i].user);
      set_dr7(0);
    }
  }
}

static void others(void) {
  write_cr4(read_cr4() | 8);
  static const uint8_t lengths[] = {0, 1, 3};
  for (int i = 0; i < 3; i++) {
    set_dr0((void *)0x21);
    set_dr7(ON(0) | KIND(0, 2, lengths[i]));
    run(i == 0 ? "port" : i == 1 ? "two ports" : "four ports", ports, 0, 0, false);
    run(i == 0 ? "port, strings" : i == 1 ? "two ports, strings" : "four ports, strings", port_strings, 0, 0, false);
  }
  write_cr4(read_cr4() & ~8UL);
  set_dr7(ON(0));
  set_dr0(at_fault + 1);
  run("breakpoint on UD2", at_fault, 0, 0, false);
  set_dr0(at_prefix + 2);
  run("breakpoint in an instruction", at_prefix, 0, 0, false);
  set_dr0(at_prefix + 1);
  run("breakpoint on prefixes", at_prefix, 0, 0, false);
  set_dr0(mov_ss_breakpoint + 4);
  run("breakpoint behind MOV SS", mov_ss_breakpoint, 0, 0, false);
  set_dr0(load_rf + 15);
  run("IRET with RF to a breakpoint", load_rf, 0, 0, false);
  set_dr0(popf_rf + 9);
  run("POPF with RF to a breakpoint", popf_rf, 0, 0, false);
  set_dr0(step_int + 9);
  run("breakpoint on INT and steps", step_int, 0, 0, false);
  set_dr0(int_handler);
  run("breakpoint on the handler of INT and steps", step_int, 0, 0, false);
  set_dr7(0);
}

void program(void) {
  set_descriptor(CODE1, 0, 0xfffff, 0xbb, 0xc);
  set_descriptor(DATA1, 0, 0xfffff, 0xb3, 0xc);
  *(uint32_t *)(tss + 12) = (word)ring1_stack_top;
  *(uint32_t *)(tss + 16) = DATA1;
  hook = note_debug;
  single_steps();
  data_breakpoints();
  others();
  hook = 0;
}
