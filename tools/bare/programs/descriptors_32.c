// Every type of descriptor in every use: examined, loaded, jumped and called to, returned to, named by gates and by the TSS.
// A row has a cell for each access byte, or for each of those that make a difference. The 64-bit program is the same source.
#include "../lib/bare.h"

#define EXTRA 0x60
#define CODE1 0x71
#define DATA1 0x79
#define CODE2 0x82
#define DATA2 0x8a
#define GATE 0x90
#define GATE_VECTOR 0x42

#if __x86_64__
#define SP "%rsp"
#define DI "%rdi"
#define AX "%rax"
#define CX "%rcx"
#define LRET "lretq"
#define IRET "iretq"
#else
#define SP "%esp"
#define DI "%edi"
#define AX "%eax"
#define CX "%ecx"
#define LRET "lret"
#define IRET "iret"
#endif
#define END "\n int $0x40\n"

// What LAR and LSL give, or 1 if they leave ZF clear.
CODE(lar, "mov $1, %eax\n mov %edi, %ecx\n xor %edx, %edx\n lar %cx, %edx\n cmovz %edx, %eax" END)
CODE(lsl, "mov $1, %eax\n mov %edi, %ecx\n xor %edx, %edx\n lsl %cx, %edx\n cmovz %edx, %eax" END)
CODE(verr, "xor %eax, %eax\n verr %di\n setz %al" END)
CODE(verw, "xor %eax, %eax\n verw %di\n setz %al" END)
CODE(load_ds, "mov %di, %ds" END)
CODE(load_gs, "mov %di, %gs" END)
CODE(load_ss, "mov %di, %ss" END)
CODE(lldt, "lldt %di" END)
CODE(ltr, "ltr %di" END)
CODE(far_jump, "push " DI "\n push " AX "\n movl %edi, 4(" SP ")\n ljmp *(" SP ")")
CODE(far_call, "push " DI "\n push " AX "\n movl %edi, 4(" SP ")\n lcall *(" SP ")" END)
// The stack segment in a, the code segment in b; to `landing`.
CODE(far_return, "mov " SP ", " CX "\n push " DI "\n push " CX "\n push " AX "\n push $landing\n" LRET)
CODE(interrupt_return, "mov " SP ", " CX "\n push " DI "\n push " CX "\n push $2\n push " AX "\n push $landing\n" IRET)
CODE(interrupt, "int $0x42" END)
CODE(landing, END)

static bool user;
static int rpl;

static void name_row(const char *what, const char *more) {
  print(what);
  print(more);
  print(user ? ", user" : "");
  row(rpl ? ", RPL 3" : "");
}

static void run(const char *code, word a, word b) {
  if (user) attempt_user(code, a, b);
  else attempt(code, a, b);
}

/** Flags of the descriptor under test: G and D, or L. */
static int flags;

/** A descriptor of 4 GiB. One that expands downwards would have no room, and ends above 0. */
static void describe(int access) {
  bool down = (access & 0x1c) == 0x14;
  set_descriptor(EXTRA, 0, down ? 0 : 0xfffff, access, down ? flags & 7 : flags);
  gdt[(EXTRA >> 3) + 1] = 0;
}

/** System descriptors that would be more than looked at: task switches, and gates, which have rows of their own. */
static bool goes_elsewhere(int access) {
  if (access & 0x10) return false;
  int type = access & 15;
  return WIDE ? type == 12 : type == 1 || type == 9 || type == 4 || type == 5 || type == 12;
}

static void examine(void) {
  name_row("LAR", "");
  for (int access = 0; access < 256; access++) {
    describe(access);
    word expected = gdt[EXTRA >> 3] >> 32 & 0xffff00;
    run(lar, EXTRA | rpl, 0);
    word got = value_of_attempt();
    cell(got == expected ? 0 : got);
  }
  end_row();
  name_row("LSL", "");
  for (int access = 0; access < 256; access++) {
    describe(access);
    run(lsl, EXTRA | rpl, 0);
    cell(value_of_attempt());
  }
  end_row();
  for (int write = 0; write < 2; write++) {
    name_row(write ? "VERW" : "VERR", "");
    for (int access = 0; access < 256; access++) {
      describe(access);
      run(write ? verw : verr, EXTRA | rpl, 0);
      cell(value_of_attempt());
    }
    end_row();
  }
}

static void use(const char *name, const char *code, bool transfers, const char *more) {
  name_row(name, more);
  for (int access = 0; access < 256; access++) {
    if (transfers && goes_elsewhere(access)) continue;
    describe(access);
    run(code, EXTRA | rpl, transfers ? (word)landing : 0);
    cell_outcome(code);
    // The accessed and busy bits.
    if ((gdt[EXTRA >> 3] >> 40 & 255) != (uint64_t)access) cell(gdt[EXTRA >> 3] >> 40 & 255);
    if (code == ltr) {
      set_descriptor(TSS, (word)tss, 0x67, 0x89, 0);
      __asm__ volatile("ltr %w0" ::"r"(TSS));
    }
  }
  end_row();
}

/** A return, with the descriptor under test as its code or stack segment. */
static void give_back(const char *name, const char *code, const char *more) {
  for (int stack = 0; stack < 2; stack++) {
    print(name);
    name_row(stack ? " with SS" : " with CS", more);
    for (int access = 0; access < 256; access++) {
      describe(access);
      word under_test = EXTRA | rpl;
      word cs = rpl ? CODE3 : CODE0, ss = rpl ? DATA3 : DATA0;
      run(code, stack ? under_test : ss, stack ? cs : under_test);
      cell_outcome(code);
    }
    end_row();
  }
}

static void set_call_gate(int access, int selector) {
  word at = (word)landing;
  gdt[GATE >> 3] = (at & 0xffff) | (uint64_t)selector << 16 | (uint64_t)access << 40 | (uint64_t)(at >> 16 & 0xffff) << 48;
  gdt[(GATE >> 3) + 1] = 0;
}

/** The code segment of gates, of privileges 0 to 3. */
static void through_gates(const char *more) {
  name_row("INT to", more);
  for (int access = 0; access < 256; access++) {
    describe(access);
    set_gate(GATE_VECTOR, 0xee, EXTRA | rpl, landing, 0);
    run(interrupt, 0, 0);
    cell_outcome(interrupt);
  }
  end_row();
  for (int jump = 0; jump < 2; jump++) {
    name_row(jump ? "jump through a gate to" : "call through a gate to", more);
    set_call_gate(0xec, EXTRA | rpl);
    for (int access = 0; access < 256; access++) {
      describe(access);
      run(jump ? far_jump : far_call, GATE, 0);
      cell_outcome(jump ? far_jump : far_call);
    }
    end_row();
  }
}

/** Gates of every type and privilege. */
static void all_gates(void) {
  name_row("gate for INT", "");
  for (int access = 0; access < 256; access++) {
    set_gate(GATE_VECTOR, access, CODE0, landing, 0);
    // The handlers of 16 bits would be elsewhere, a task gate would switch.
    if (!WIDE && ((access & 0x1f) == 5 || (access & 0x1e) == 6)) continue;
    run(interrupt, 0, 0);
    cell_outcome(interrupt);
  }
  end_row();
  name_row("gate for a far call", "");
  for (int access = 0; access < 256; access++) {
    // Segments made of a gate's bits would be anywhere.
    if ((access & 0x10) || (goes_elsewhere(access) && (access & 15) != 12)) continue;
    set_call_gate(access, CODE0);
    run(far_call, GATE | rpl, 0);
    cell_outcome(far_call);
  }
  end_row();
}

/** The stack segment of privilege 1 in the TSS. */
static void tss_stacks(void) {
  if (WIDE) return;
  set_gate(GATE_VECTOR, 0xee, CODE1, landing, 0);
  for (int i = 0; i < 4; i++) {
    row(i == 0 ? "stack of the TSS, RPL 0" : i == 1 ? "stack of the TSS, RPL 1" : i == 2 ? "stack of the TSS, RPL 2" : "stack of the TSS, RPL 3");
    *(uint32_t *)(tss + 16) = EXTRA | i;
    for (int access = 0; access < 256; access++) {
      describe(access);
      attempt_user(interrupt, 0, 0);
      cell_outcome(interrupt);
    }
    end_row();
  }
  *(uint32_t *)(tss + 16) = DATA1;
}

static void transfers(const char *more) {
  use("far jump", far_jump, true, more);
  use("far call", far_call, true, more);
  give_back("RETF", far_return, more);
  give_back("IRET", interrupt_return, more);
  through_gates(more);
}

void program(void) {
  static const uint8_t access[] = {0xbb, 0xb3, 0xdb, 0xd3};
  for (int i = 0; i < 4; i++) set_descriptor(0x70 + i * 8, 0, 0xfffff, access[i], i & 1 ? 0xc : WIDE ? 0xa : 0xc);
  set_tss_stack(1, ring1_stack_top);
  set_tss_stack(2, ring2_stack_top);
  if (!WIDE) {
    *(uint32_t *)(tss + 16) = DATA1;
    *(uint32_t *)(tss + 24) = DATA2;
  }
  for (int way = 0; way < 4; way++) {
    user = way & 1;
    rpl = way & 2 ? 3 : 0;
    flags = 0xc;
    examine();
    use("DS =", load_ds, false, "");
    use("GS =", load_gs, false, "");
    use("SS =", load_ss, false, "");
    use("LLDT", lldt, false, "");
    use("LTR", ltr, false, "");
    all_gates();
    transfers(WIDE ? " 32-bit code" : "");
    if (!WIDE) continue;
    flags = 0xa;
    transfers(" 64-bit code");
    flags = 0xe;
    transfers(" code of both widths");
  }
  tss_stacks();
}
