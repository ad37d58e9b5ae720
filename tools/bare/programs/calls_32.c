// Call gates: parameters of both widths in all numbers, from and to stacks of all kinds and at their ends, and the way back.
// SYSENTER and SYSEXIT with segments that do not fit.
#include "../lib/bare.h"

#define CODE1 0x61
#define DATA1 0x69
#define GATE 0x70
#define INNER 0x79 // the stack of privilege 1 under test
#define OUTER 0x83 // the stack of the caller
#define CODE16 0x89

static uint32_t inner[0x1000], outer[0x1000];

CODE(call_gate, "mov %di, %ss\n mov %eax, %esp\n lcall $0x70, $0x1234\n int $0x40")
CODE(landing, "int $0x40")
CODE(landing_back, "lret $16\n int3")
CODE(sysenter_, "sysenter\n int3")
CODE(sysexit_, "mov $landing, %edx\n mov $user_stack_top - 64, %ecx\n sysexit\n int3")

// Code of privilege 1 that a 16-bit gate can name: it lies in the segment's first 64 KiB.
CODE(landing_16, "int $0x40")

static void gate(int type, int selector, word at, int parameters) {
  gdt[GATE >> 3] = (at & 0xffff) | (uint64_t)selector << 16 | (uint64_t)parameters << 32 | (uint64_t)type << 40 | (uint64_t)(at >> 16) << 48;
}

static void tss_stack(word sp, int ss) {
  *(uint32_t *)(tss + 12) = sp;
  *(uint32_t *)(tss + 16) = ss;
}

/** How it ended, the stack pointer, and a sum of what lies there. */
static void call_cell(const char *code) {
  const struct frame *f = &trap.frame;
  cell_outcome(f->vector == DONE ? landing : code);
  if (f->vector != DONE) return;
  cell((uint64_t)(f->cs & 3) << 32 | (uint32_t)(f->sp - ((f->ss & 0xffff) == INNER ? (word)0 : (word)outer)));
  uint32_t sum = 0;
  const uint16_t *w = (const uint16_t *)((char *)inner + (f->sp & 0x3fff));
  // The addresses of the caller's stack and code are not the same in all builds.
  for (int i = 0; i < 64 && (char *)(w + i) < (char *)inner + sizeof inner; i++) sum = sum * 31 + (w[i] >> 12 == 0xa ? w[i] : 1);
  cell(sum);
}

static void fill(void) {
  for (unsigned i = 0; i < 0x1000; i++) {
    inner[i] = 0;
    outer[i] = 0xa000a000 | (i & 0xff) << 16 | (i >> 4 & 0xff);
  }
}

static void go(const char *code, word sp) {
  fill();
  attempt_user(code, OUTER, sp);
  call_cell(code);
}

static void parameters(void) {
  set_descriptor(INNER, (word)inner, 0x3fff, 0xb3, 4);
  set_descriptor(OUTER, (word)outer, 0x3fff, 0xf3, 4);
  tss_stack(0x3000, INNER);
  for (int wide = 0; wide < 2; wide++) {
    row(wide ? "parameters of four bytes" : "parameters of two bytes");
    for (int n = 0; n < 64; n++) {
      if (wide) gate(0xec, CODE1, (word)landing, n);
      else gate(0xe4, CODE16, (word)landing_16 - (word)landing, n);
      go(call_gate, 0x800);
    }
    end_row();
  }
}

/** Ends of the caller's stack, from which parameters are read. */
static void outer_ends(void) {
  static const struct {
    const char *name;
    uint32_t limit;
    int access, flags;
  } kinds[] = {{"caller's stack", 0xfff, 0xf3, 4}, {"caller's stack of 16 bits", 0xfff, 0xf3, 0}, {"caller's stack downwards", 0xfff, 0xf7, 4}};
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    set_descriptor(OUTER, (word)outer, kinds[k].limit, kinds[k].access, kinds[k].flags);
    for (int wide = 0; wide < 2; wide++) {
      print(kinds[k].name);
      row(wide ? ", four bytes" : ", two bytes");
      if (wide) gate(0xec, CODE1, (word)landing, 4);
      else gate(0xe4, CODE16, (word)landing_16 - (word)landing, 4);
      for (int i = -20; i <= 4; i++) go(call_gate, kinds[k].limit + 1 + i);
      go(call_gate, 0);
      end_row();
    }
  }
  set_descriptor(OUTER, (word)outer, 0x3fff, 0xf3, 4);
}

/** Ends of the stack that the frame is pushed on. */
static void inner_ends(void) {
  static const struct {
    const char *name;
    uint32_t limit;
    int access, flags;
  } kinds[] = {{"new stack", 0xfff, 0xb3, 4}, {"new stack of 16 bits", 0xfff, 0xb3, 0}, {"new stack downwards", 0xfff, 0xb7, 4}, {"new stack downwards, 16 bits", 0xfff, 0xb7, 0}};
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    set_descriptor(INNER, (word)inner, kinds[k].limit, kinds[k].access, kinds[k].flags);
    for (int wide = 0; wide < 2; wide++) {
      print(kinds[k].name);
      row(wide ? ", four bytes" : ", two bytes");
      if (wide) gate(0xec, CODE1, (word)landing, 3);
      else gate(0xe4, CODE16, (word)landing_16 - (word)landing, 3);
      // A frame that begins at 0 wraps; Bochs asks for room below it.
      bool down = (kinds[k].access & 4) != 0;
      for (int i = -4; i <= 32; i += 2) {
        tss_stack(kinds[k].limit + 1 + i + (down ? 0 : 4), INNER);
        go(call_gate, 0x800);
      }
      end_row();
    }
  }
  set_descriptor(INNER, (word)inner, 0x3fff, 0xb3, 4);
  tss_stack(0x3000, INNER);
}

/** The limit of the code that the gate leads to. */
static void code_ends(void) {
  row("end of the code");
  for (int i = -1; i < 3; i++) {
    set_descriptor(CODE1, (word)landing, 0xff, 0xbb, 4);
    gate(0xec, CODE1, 0xff + i, 0);
    go(call_gate, 0x800);
  }
  end_row();
  set_descriptor(CODE1, 0, 0xfffff, 0xbb, 0xc);
}

/** RETF n with parameters on both stacks. */
static void back(void) {
  row("and back with RETF 16");
  gate(0xec, CODE1, (word)landing_back, 4);
  for (word sp = 0x800; sp < 0x810; sp += 5) {
    fill();
    attempt_user(call_gate, OUTER, sp);
    cell_outcome(trap.frame.vector == DONE ? call_gate : landing_back);
    cell(trap.frame.sp);
  }
  end_row();
}

static void fast_calls(void) {
  static const word values[] = {0, 1, 2, 3, 4, 7, 8, 0xb, 0x60, 0x63, 0x1000, 0xfff8, 0xffff, 0x10008, 0xffff0000};
  row("SYSENTER");
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    write_msr(0x174, values[i]);
    write_msr(0x175, (word)ist_stack_top - 64);
    write_msr(0x176, (word)landing);
    attempt_user(sysenter_, 0, 0);
    cell_outcome(trap.frame.vector == DONE ? landing : sysenter_);
    cell(trap.frame.cs & 0xffff);
  }
  end_row();
  row("SYSEXIT");
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    write_msr(0x174, values[i]);
    attempt(sysexit_, 0, 0);
    cell_outcome(sysexit_);
    cell(trap.frame.cs & 0xffff);
    cell(trap.frame.ss & 0xffff);
  }
  end_row();
}

void program(void) {
  set_descriptor(CODE1, 0, 0xfffff, 0xbb, 0xc);
  set_descriptor(DATA1, 0, 0xfffff, 0xb3, 0xc);
  set_descriptor(CODE16, (word)landing, 0xffff, 0xbb, 0);
  parameters();
  outer_ends();
  inner_ends();
  code_ends();
  back();
  fast_calls();
}
