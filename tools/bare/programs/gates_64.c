// Gates of 64-bit mode, and exceptions whose handlers cannot be entered: #DF, then the triple fault at the end.
#include "../lib/bare.h"

CODE(breakpoint, "int3\n ret")
CODE(icebp, ".byte 0xf1\n ret")
CODE(ud2, "ud2\n ret")
CODE(fpu, "fnop\n ret")
CODE(int_0x42, "int $0x42\n ret")
CODE(int_0x80, "int $0x80\n ret")
CODE(divide_zero, "xor %ecx, %ecx\n div %ecx\n ret")
CODE(read_absent, "mov 0x8000000000, %rax\n ret")
CODE(load_bad, "mov $0x1000, %eax\n mov %eax, %ds\n ret")

static void set_ts(bool on) { write_cr0(on ? read_cr0() | CR0_TS : read_cr0() & ~(word)CR0_TS); }

/** Faults of gates, and of handlers that cannot be entered. */
static void delivery(void) {
  check("INT through a gate not present", int_0x80, 0, 0);
  set_gate(0x42, 0x0e, CODE0, handler_of(0x42), 0);
  check("INT 42 through a gate not present", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT, FREE, handler_of(0x42), 0);
  check("gate to a data segment", int_0x42, 0, 0);
  set_descriptor(FREE, 0, 0xfffff, 0x1b, 0xa);
  check("gate to code not present", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT, 0, handler_of(0x42), 0);
  check("gate to null", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT, 0x1000, handler_of(0x42), 0);
  check("gate beyond the table", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT, OTHER_CODE0, handler_of(0x42), 0);
  check("gate to 32-bit code", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT, CODE3, handler_of(0x42), 0);
  check("gate to user code", int_0x42, 0, 0);
  set_gate(0x42, 0x85, CODE0, handler_of(0x42), 0);
  check("task gate", int_0x42, 0, 0);
  set_gate(0x42, 0x86, CODE0, handler_of(0x42), 0);
  check("16-bit gate", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT, CODE0, (void *)0x800000000000, 0);
  check("gate to a non-canonical address", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT, CODE0, handler_of(0x42), 0);
  attempt(int_0x42, 0, 0);
  report_stack("INT 42", int_0x42);
  set_gate(0x42, GATE_INTERRUPT, CODE0, handler_of(0x42), 1);
  *(uint64_t *)(tss + 36) = (word)ist_stack_top;
  attempt(int_0x42, 0, 0);
  report_stack("INT 42 with IST", int_0x42);
  *(uint64_t *)(tss + 36) = (word)ist_stack_top - 5;
  attempt(int_0x42, 0, 0);
  report_stack("INT 42 with a misaligned IST", int_0x42);
  *(uint64_t *)(tss + 36) = 0x800000000000;
  check("INT 42 with a non-canonical IST", int_0x42, 0, 0);
  *(uint64_t *)(tss + 36) = 0x8000000000;
  check("INT 42 with an absent IST", int_0x42, 0, 0);
  set_gate(0x42, GATE_INTERRUPT | 0x60, CODE0, handler_of(0x42), 0);
  attempt_user(int_0x42, 0, 0);
  report_stack("INT 42, user", int_0x42);
  set_gate(0x42, GATE_TRAP | 0x60, CODE0, handler_of(0x42), 0);
  attempt_user(int_0x42, 0, 0);
  report_stack("INT 42, user, trap gate", int_0x42);
}

/** Exceptions whose handler cannot be entered: twice contributory or page fault = #DF. */
static void doubles(void) {
  *(uint64_t *)(tss + 36 + 8) = (word)df_stack_top;
  set_gate(8, GATE_INTERRUPT, CODE0, handler_of(8), 2);
  static const struct {
    const char *name, *code;
    int vector;
  } cases[] = {{"#UD, no handler", ud2, 6}, {"#BP, no handler", breakpoint, 3}, {"#DE, no handler", divide_zero, 0}, {"#GP, no handler", load_bad, 13}, {"#PF, no handler", read_absent, 14}, {"INT1, no handler", icebp, 1}, {"#NM, no handler", fpu, 7}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    int v = cases[i].vector;
    set_gate(v, 0x0e, CODE0, handler_of(v), 0);
    if (v == 7) set_ts(true);
    attempt(cases[i].code, 0, 0);
    report_stack(cases[i].name, cases[i].code);
    set_ts(false);
    set_gate(v, GATE_INTERRUPT | (v == 3 ? 0x60 : 0), CODE0, handler_of(v), 0);
    // The same with a stack that is not there.
    *(uint64_t *)(tss + 36) = 0x8000001000;
    set_gate(v, GATE_INTERRUPT, CODE0, handler_of(v), 1);
    if (v == 7) set_ts(true);
    char text[80], *to = text;
    for (const char *c = cases[i].name; *c != ','; c++) *to++ = *c;
    for (const char *c = ", no stack"; (*to = *c); c++) to++;
    attempt(cases[i].code, 0, 0);
    report_stack(text, cases[i].code);
    set_ts(false);
    set_gate(v, GATE_INTERRUPT | (v == 3 ? 0x60 : 0), CODE0, handler_of(v), 0);
  }
  struct descriptor_pointer small = {13 * 16 - 1, (word)idt};
  load_idt(&small);
  check("#GP beyond the IDT", load_bad, 0, 0);
  check("INT beyond the IDT", int_0x80, 0, 0);
  load_default_idt();
  // The frame of a user's exception on a stack that is not there.
  set_tss_stack(0, (void *)0x8000001000);
  attempt_user(ud2, 0, 0);
  report_stack("#UD, user, no stack", ud2);
  set_tss_stack(0, (void *)0x800000000000);
  attempt_user(ud2, 0, 0);
  report_stack("#UD, user, non-canonical stack", ud2);
  set_tss_stack(0, trap_stack_top);
}

void program(void) {
  delivery();
  doubles();
  // No #DF handler either: the processor stops.
  set_gate(8, 0x0e, CODE0, handler_of(8), 0);
  set_gate(13, 0x0e, CODE0, handler_of(13), 0);
  attempt(load_bad, 0, 0);
  print("behind a triple fault: reached\n");
}
