// Flags that a program may not change, and those that stand for them: virtual-8086 mode with and without its extensions (VME),
// protected-mode virtual interrupts (PVI), IOPL, the maps of interrupts and ports in the TSS. Cells are flags and where it ended.
#include "../lib/bare.h"

#define CODE_AT 0x7000
#define MAP 0x88 // of ports, in the TSS; that of interrupts is in front

#define CR4_VME 1
#define CR4_PVI 2
#define FLAG_VIF 0x80000
#define FLAG_VIP 0x100000
#define FLAG_ID 0x200000

/** Ends a snippet: HLT is #GP in virtual-8086 mode. */
#define SNIPPET(name, text)                                                                                   \
  __asm__(".text\n.globl " #name ", " #name "_end\n" #name ":\n6: .code16\n" text "\n hlt\n .code32\n" #name "_end:\n"); \
  extern char name[], name##_end[];

SNIPPET(cli_, "cli")
SNIPPET(sti_, "sti")
SNIPPET(pushf_, "pushf\n pop %ax")
SNIPPET(pushfl_, "pushfl\n pop %eax")
SNIPPET(popf_, "push %ax\n popf")
SNIPPET(popfl_, "push %eax\n popfl")
SNIPPET(iret_, "push %ax\n push $0\n push $0x7000 + 1f - 6b\n iret\n nop\n1: nop")
SNIPPET(iretl_, "push %eax\n pushl $0\n pushl $0x7000 + 1f - 6b\n iretl\n nop\n1: nop")
SNIPPET(int_21, "int $0x21\n nop")
SNIPPET(int_30, "int $0x30\n nop")
SNIPPET(int3_, "int3\n nop")
SNIPPET(icebp_, ".byte 0xf1\n nop")
SNIPPET(into_, "mov $0x7f, %cl\n add $1, %cl\n into\n nop")
SNIPPET(in_byte, "mov %ax, %dx\n in %dx, %al")
SNIPPET(in_word, "mov %ax, %dx\n in %dx, %ax")
SNIPPET(in_long, "mov %ax, %dx\n in %dx, %eax")
// The program's own handlers: what they find on their stack, and back.
SNIPPET(handler, "pop %bx\n pop %cx\n pop %dx\n push %dx\n push %cx\n push %bx\n iret")

CODE(into_v86, "mov %esp, %ebp\n push $0\n push $0\n push $0\n push $0\n push $0\n push $0x6f00\n push %edi\n push $0\n push $0x7000\n iret")
CODE(cli_32, "cli\n int $0x40")
CODE(sti_32, "sti\n int $0x40")
CODE(pushf_32, "pushf\n pop %eax\n int $0x40")
CODE(popf_32, "push %eax\n popf\n int $0x40")
CODE(popfw_32, "push %ax\n popfw\n int $0x40")
CODE(iret_32, "push %eax\n push %cs\n push $1f\n iret\n1: int $0x40")
CODE(in_32, "mov %edi, %edx\n in %dx, %al\n int $0x40")
CODE(inw_32, "mov %edi, %edx\n in %dx, %ax\n int $0x40")
CODE(inl_32, "mov %edi, %edx\n in %dx, %eax\n int $0x40")
CODE(rep_insb, "mov %edi, %edx\n mov %eax, %ecx\n mov $buffer, %edi\n rep insb\n int $0x40")
CODE(rep_outsb, "mov %edi, %edx\n mov %eax, %ecx\n mov $buffer, %esi\n rep outsb\n int $0x40")
__asm__(".bss\nbuffer: .skip 64\n.text");

static void to_low(word at, const char *from, const char *end) {
  for (int i = 0; from + i < end; i++) ((volatile char *)at)[i] = from[i];
}

/** Vector, error code, flags and place of the last attempt as one cell. */
static void state_cell(word begin) {
  const struct frame *f = &trap.frame;
  uint64_t error = f->error == NO_ERROR ? 0 : f->error & 0xff;
  cell((uint64_t)((f->ip - begin) & 0xff) << 48 | error << 40 | (uint64_t)f->vector << 32 | f->flags);
}

static void v86(const char *begin, const char *end, word flags, word a) {
  to_low(CODE_AT, begin, end);
  attempt(into_v86, FLAG_VM | 2 | flags, a);
}

static const word starts[] = {0, FLAG_IF, FLAG_VIF, FLAG_VIP, FLAG_VIF | FLAG_VIP};
#define STARTS (sizeof starts / sizeof *starts)

struct what {
  const char *name, *begin, *end;
};
#define ENTRY(text, code) {text, code, code##_end}

static const char *extension;

static void name_row(const char *name) {
  print(extension);
  row(name);
}

/** Instructions without an operand, at every IOPL and with every flag that counts. */
static void plain(void) {
  static const struct what all[] = {ENTRY("CLI", cli_), ENTRY("STI", sti_), ENTRY("PUSHF", pushf_), ENTRY("PUSHFD", pushfl_), ENTRY("INT 21", int_21), ENTRY("INT 30", int_30), ENTRY("INT3", int3_), ENTRY("INT1", icebp_), ENTRY("INTO", into_)};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    name_row(all[i].name);
    for (word iopl = 0; iopl < 4; iopl++) {
      for (unsigned s = 0; s < STARTS; s++) {
        v86(all[i].begin, all[i].end, iopl << 12 | starts[s], 0x12345678);
        state_cell(CODE_AT);
        cell(trap.frame.ax);
        // What a handler of the program's own has seen.
        if (i >= 4) cell((trap.frame.bx & 0xff) << 16 | (trap.frame.dx & 0xffff));
      }
    }
    end_row();
  }
}

/** Instructions that load flags. */
static void loads(void) {
  static const struct what all[] = {ENTRY("POPF", popf_), ENTRY("POPFD", popfl_), ENTRY("IRET", iret_), ENTRY("IRETD", iretl_)};
  static const word values[] = {0, 0x200, 0x4ad5, 0x3000, 0x100, 0x80000, 0x180000, 0x180200, 0x270000, 0x3f7ed7};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    name_row(all[i].name);
    for (word iopl = 0; iopl < 4; iopl++) {
      for (unsigned s = 0; s < STARTS; s++) {
        for (unsigned v = 0; v < sizeof values / sizeof *values; v++) {
          // Single steps would leave the snippet with the first of the instructions behind it.
          v86(all[i].begin, all[i].end, iopl << 12 | starts[s], values[v]);
          state_cell(CODE_AT);
        }
      }
    }
    end_row();
  }
}

/** CPL 3 in protected mode. */
static void protected_mode(void) {
  static const struct {
    const char *name, *code;
    bool value;
  } all[] = {{"CLI, protected", cli_32, false}, {"STI, protected", sti_32, false}, {"PUSHFD, protected", pushf_32, false}, {"POPFD, protected", popf_32, true}, {"POPF, protected", popfw_32, true}, {"IRETD, protected", iret_32, true}};
  static const word values[] = {0, 0x200, 0x4ad5, 0x3000, 0x80000, 0x180000, 0x180200, 0x250000, 0x3d7ed7};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    name_row(all[i].name);
    for (word iopl = 0; iopl < 4; iopl++) {
      for (unsigned s = 0; s < STARTS; s++) {
        for (unsigned v = 0; v < (all[i].value ? sizeof values / sizeof *values : 1); v++) {
          entry_cs = CODE3;
          entry_ss = DATA3;
          entry_sp = (word)user_stack_top;
          entry_flags = 2 | iopl << 12 | starts[s];
          attempt_at(all[i].code, 0, values[v]);
          state_cell((word)all[i].code);
          if (!all[i].value) cell(trap.frame.ax);
        }
      }
    }
    end_row();
  }
}

static void load_tr(word limit, word map) {
  set_descriptor(TSS, (word)tss, limit, 0x89, 0);
  *(uint16_t *)(tss + 102) = map;
  __asm__ volatile("ltr %w0" ::"r"(TSS));
}

/** Ports beside a few that are allowed, with the end of the map in different places. */
static void ports(void) {
  static const struct {
    const char *name;
    word limit, map;
  } ends[] = {{"map", MAP + 0x100, MAP}, {"map at the end of the TSS", MAP, MAP}, {"map of two bytes", MAP + 1, MAP}, {"map of three bytes", MAP + 2, MAP}, {"map beyond", MAP, MAP + 1}, {"map at FFFF", 0xfff, 0xffff}, {"map in front of the TSS's end", 0xfff, 0x20}, {"TSS of 102 bytes", 0x65, 0x10}, {"TSS of 103 bytes", 0x66, 0x10}, {"TSS of 104 bytes", 0x67, 0x10}};
  static const word some[] = {0, 1, 4, 5, 6, 7, 8, 9, 15, 16, 17, 23, 24, 0x7fe, 0x7ff, 0x800, 0xfffc, 0xfffd, 0xffff};
  static const struct what kinds[] = {ENTRY("", in_byte), ENTRY(", words", in_word), ENTRY(", four bytes", in_long)};
  static const char *const codes[] = {in_32, inw_32, inl_32};
  // Ports 0 to 4 and 9 to 15 are allowed, and all behind.
  for (unsigned e = 0; e < sizeof ends / sizeof *ends; e++) {
    load_tr(ends[e].limit, ends[e].map);
    for (int i = 0; i < 4; i++) tss[MAP + i] = 0;
    tss[MAP] = 0xe0;
    tss[MAP + 1] = 1;
    for (int kind = 0; kind < 3; kind++) {
      for (int mode = 0; mode < 3; mode++) {
        print(mode == 0 ? "V86 ports, " : mode == 1 ? "V86 ports, IOPL 3, " : "ports, ");
        print(ends[e].name);
        row(kinds[kind].name);
        for (unsigned p = 0; p < sizeof some / sizeof *some; p++) {
          if (mode == 2) attempt_user(codes[kind], some[p], 0);
          else v86(kinds[kind].begin, kinds[kind].end, mode ? FLAG_IOPL3 : 0, some[p]);
          cell_outcome(mode == 2 ? codes[kind] : (char *)CODE_AT);
        }
        end_row();
      }
    }
  }
  load_tr(MAP + 0x100, MAP);
  attempt_user(rep_insb, 5, 3);
  report("REP INS of a port that is not allowed", rep_insb);
  attempt_user(rep_outsb, 5, 3);
  report("REP OUTS of a port that is not allowed", rep_outsb);
}

/** INT n by the map of interrupts, which has a place in front of that of ports. */
static void redirection(void) {
  static const struct {
    const char *name;
    word limit, map;
  } ends[] = {{"", 0x1000, MAP}, {", end of the TSS at the map", MAP - 1, MAP}, {", end of the TSS in it", MAP - 29, MAP}, {", end of the TSS at its byte", MAP - 28, MAP}, {", map of ports at 1F", 0x1000, 0x1f}, {", map of ports at 20", 0x1000, 0x20}, {", TSS of 103 bytes", 0x66, MAP}, {", TSS of 104 bytes", 0x67, MAP}, {", map of ports beyond", 0x100, 0xfff}};
  for (unsigned e = 0; e < sizeof ends / sizeof *ends; e++) {
    for (int bit = 0; bit < 2; bit++) {
      print(bit ? "VME INT 21 to the monitor" : "VME INT 21 redirected");
      row(ends[e].name);
      load_tr(ends[e].limit, ends[e].map);
      tss[MAP - 32 + 4] = bit ? 2 : 0xfd;
      for (word iopl = 0; iopl < 4; iopl++) {
        v86(int_21, int_21_end, iopl << 12 | FLAG_VIF | FLAG_IF, 0);
        state_cell(CODE_AT);
        cell((trap.frame.bx & 0xff) << 16 | (trap.frame.dx & 0xffff));
      }
      end_row();
    }
  }
}

void program(void) {
  // All vectors of the program lead to its handler.
  to_low(0x6000, handler, handler_end);
  for (int v = 0; v < 256; v++) ((volatile uint32_t *)0)[v] = 0x6000;
  set_gate(0x21, GATE_INTERRUPT | 0x60, CODE0, handler_of(0x21), 0);
  set_gate(0x30, GATE_INTERRUPT, CODE0, handler_of(0x30), 0);
  load_tr(0x1000, MAP);
  tss[MAP - 32 + 6] = 1; // vector 30 is the monitor's
  static const struct {
    const char *name;
    word bits;
  } kinds[] = {{"", 0}, {"VME ", CR4_VME}, {"PVI ", CR4_PVI}, {"VME and PVI ", CR4_VME | CR4_PVI}};
  word cr4 = read_cr4();
  for (int k = 0; k < 4; k++) {
    extension = kinds[k].name;
    write_cr4(cr4 | kinds[k].bits);
    if (k != 2) plain();
    if (k < 2) loads();
    protected_mode();
  }
  write_cr4(cr4);
  ports();
  write_cr4(cr4 | CR4_VME);
  redirection();
  write_cr4(cr4);
}
