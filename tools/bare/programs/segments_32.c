// Segmentation in 32-bit protected mode: limits, types, expand-down, LDT, call gates, far transfers between privileges.
#include "../lib/bare.h"

static uint8_t area[0x3000] __attribute__((aligned(4096)));
static uint64_t ldt[8];

// Accesses through FS, whose selector is loaded by the program; ESI = 0.
CODE(read_fs, "mov %fs:(%edi), %al\n ret")
CODE(write_fs, "mov %al, %fs:(%edi)\n ret")
CODE(read_fs_4, "mov %fs:(%edi), %eax\n ret")
CODE(write_fs_4, "mov %eax, %fs:(%edi)\n ret")
CODE(read_fs_16, "movups %fs:(%edi), %xmm0\n ret")
CODE(lds, "mov %ds, %ecx\n lds (%edi), %eax\n mov %ds, %eax\n mov %ecx, %ds\n ret")
CODE(movs_fs, "mov %edi, %esi\n mov $area_end, %edi\n mov $4, %ecx\n rep movsb %fs:(%esi), %es:(%edi)\n ret")
CODE(load_ds, "mov %edi, %eax\n mov %ax, %ds\n mov $0x10, %eax\n mov %ax, %ds\n ret")
CODE(load_fs, "mov %di, %fs\n ret")
CODE(load_ss, "mov %ss, %ecx\n mov %di, %ss\n nop\n mov %cx, %ss\n ret")
CODE(pop_fs, "push %edi\n pop %fs\n ret")
CODE(push_at, "mov %ss, %ecx\n mov %esp, %edx\n mov %ax, %ss\n mov %edi, %esp\n push %eax\n mov %cx, %ss\n mov %edx, %esp\n ret")
CODE(call_at, "call *%edi\n ret")
CODE(jump_far, "push %edi\n push %eax\n mov %esp, %ecx\n ljmp *(%ecx)")
CODE(far_call, "push %edi\n push %eax\n lcall *(%esp)\n mov %eax, %ecx\n add $8, %esp\n ret")
CODE(far_call_parameters, "push $0x44444444\n push $0x33333333\n push $0x22222222\n push $0x11111111\n push %edi\n push %eax\n mov %esp, %ecx\n add $8, %esp\n lcall *(%ecx)\n ret")
CODE(lret_frame, "mov %esp, %ebp\n pushl (%edi)\n pushl 4(%edi)\n pushl 8(%edi)\n pushl 12(%edi)\n lret")
CODE(iret_frame, "mov %esp, %ebp\n pushl (%edi)\n pushl 4(%edi)\n push %eax\n pushl 8(%edi)\n pushl 12(%edi)\n iret")
CODE(lldt, "lldt %di\n ret")
CODE(lar, "xor %eax, %eax\n lar %di, %eax\n pushf\n pop %edx\n and $0x40, %edx\n shl $1, %edx\n or %edx, %eax\n ret")
CODE(lsl, "xor %eax, %eax\n lsl %di, %eax\n setz %dl\n movzbl %dl, %edx\n rol $1, %edx\n xor %edx, %eax\n ret")
CODE(verify, "xor %eax, %eax\n verr %di\n setz %al\n verw %di\n setz %ah\n ret")
CODE(arpl, "mov %edi, %ecx\n arpl %ax, %cx\n setz %al\n movzbl %al, %eax\n shl $16, %eax\n mov %cx, %ax\n ret")
CODE(bound, "push $20\n push $10\n mov %esp, %ecx\n add $8, %esp\n bound %edi, (%ecx)\n ret")
CODE(into, "add %edi, %eax\n into\n ret")
CODE(landing, "int3\n ret")
CODE(landing_parameters, "mov 8(%esp), %eax\n mov 12(%esp), %ebx\n mov 20(%esp), %ecx\n mov 24(%esp), %edx\n int3")
CODE(landing_lret, "mov %cs, %eax\n lret")
CODE(landing_lret_16, "mov %cs, %eax\n lret $16")
__asm__(".bss\narea_end: .skip 64\n.text");

#define CODE1 0x69
#define DATA1 0x71
#define CONFORMING 0x78
#define GATE 0x80
#define LDT 0x88
#define EXTRA 0x90

static void fs(uint32_t limit, int access, int flags) {
  set_descriptor(EXTRA, (word)area, limit, access, flags);
  attempt(load_fs, EXTRA, 0);
}

static void limits(void) {
  fs(0xfff, 0x93, 4);
  check("read at the limit", read_fs, 0xfff, 0);
  check("read beyond the limit", read_fs, 0x1000, 0);
  check("write beyond the limit", write_fs, 0x1000, 0);
  check("read four across the limit", read_fs_4, 0xffd, 0);
  check("read four up to the limit", read_fs_4, 0xffc, 0);
  check("read sixteen across the limit", read_fs_16, 0xff8, 0);
  check("read four around 4 GiB", read_fs_4, 0xfffffffe, 0);
  check("MOVS across the limit", movs_fs, 0xffe, 0);
  fs(0, 0x93, 0xc);
  check("G, read at 4095", read_fs, 0xfff, 0);
  check("G, read at 4096", read_fs, 0x1000, 0);
  fs(0xfff, 0x97, 4);
  check("expand-down, read at the limit", read_fs, 0xfff, 0);
  check("expand-down, read above", read_fs, 0x1000, 0);
  check("expand-down, read at 64 KiB", read_fs, 0x10000, 0);
  check("expand-down, four across", read_fs_4, 0xffe, 0);
  check("expand-down, four around 4 GiB", read_fs_4, 0xfffffffe, 0);
  fs(0xfff, 0x97, 0);
  check("expand-down 16-bit, last", read_fs, 0xffff, 0);
  check("expand-down 16-bit, four at the end", read_fs_4, 0xfffd, 0);
  check("expand-down 16-bit, beyond", read_fs, 0x10000, 0);
  fs(0xfff, 0x91, 4);
  check("read-only, write", write_fs, 0, 0);
  check("read-only, write beyond", write_fs, 0x1000, 0);
  fs(0xfff, 0x9b, 4);
  check("code, read", read_fs, 0, 0);
  check("code, write", write_fs, 0, 0);
  attempt(load_fs, 0, 0);
  check("null, read", read_fs, 0, 0);
  check("null, read beyond", read_fs, -1, 0);
  check("null, write", write_fs_4, 0, 0);
  // The supervisor's exceptions would need that stack.
  set_descriptor(EXTRA, 0, 0xfff, 0xf3, 4);
  check_user("stack beyond its limit", push_at, 0x2000, EXTRA | 3);
  set_descriptor(EXTRA, (word)area, 0x1fff, 0xf3, 4);
  check_user("stack at its limit", push_at, 0x2000, EXTRA | 3);
  check_user("stack wraps", push_at, 2, EXTRA | 3);
  set_descriptor(EXTRA, (word)area, 0xffff, 0xf3, 0);
  check_user("16-bit stack", push_at, 0x2000, EXTRA | 3);
  check_user("16-bit stack wraps", push_at, 0x30002, EXTRA | 3);
  set_descriptor(EXTRA, (word)area, 0xfff, 0xf7, 4);
  check_user("expand-down stack", push_at, 0x2000, EXTRA | 3);
  check_user("expand-down stack, at its limit", push_at, 0x1003, EXTRA | 3);
  set_descriptor(EXTRA, 0, 0x100, 0x9b, 4);
  check("call beyond the limit of CS", jump_far, EXTRA, 0x101);
}

static void loads(void) {
  static const struct {
    const char *name;
    int access;
  } kinds[] = {{"data", 0x93}, {"data not present", 0x13}, {"read-only", 0x91}, {"code", 0x9b}, {"execute-only", 0x99}, {"conforming", 0x9f}, {"execute-only conforming", 0x9d}, {"data DPL 3", 0xf3}, {"code DPL 3", 0xfb}, {"LDT", 0x82}, {"call gate", 0x8c}, {"code not present", 0x1b}, {"TSS", 0x89}, {"reserved", 0x80}};
  char text[80];
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    static const struct {
      const char *name, *code;
    } ways[] = {{"DS ", load_ds}, {"SS ", load_ss}, {"LLDT ", lldt}, {"LAR ", lar}, {"LSL ", lsl}, {"VERR VERW ", verify}};
    for (unsigned w = 0; w < 6; w++) {
      for (int user = 0; user < 2; user++) {
        if (user && w != 0 && w < 3) continue;
        set_descriptor(EXTRA, (word)area, 0xfff, kinds[i].access, 4);
        char *to = text;
        for (const char *c = ways[w].name; *c; c++) *to++ = *c;
        for (const char *c = kinds[i].name; (*to = *c); c++) to++;
        if (user) for (const char *c = ", user"; (*to = *c); c++) to++;
        if (w < 3) {
          if (user) check_user(text, ways[w].code, EXTRA, 0);
          else check(text, ways[w].code, EXTRA, 0);
        } else if (user) {
          attempt_user(ways[w].code, EXTRA | 3, 0);
          note(text, trap.frame.ax);
        } else {
          attempt(ways[w].code, EXTRA, 0);
          note(text, result);
        }
      }
    }
  }
  check("POP FS", pop_fs, 0x1000, 0);
  *(uint32_t *)area = 0x12345678;
  *(uint16_t *)(area + 4) = EXTRA;
  set_descriptor(EXTRA, 0, 0xfffff, 0x93, 0xc);
  check("LDS", lds, (word)area, 0);
  *(uint16_t *)(area + 4) = 0x1000;
  check("LDS beyond the table", lds, (word)area, 0);
  for (int i = 0; i < 4; i++) {
    attempt(arpl, 0x10 | i, 2);
    note(i == 0 ? "ARPL 0" : i == 1 ? "ARPL 1" : i == 2 ? "ARPL 2" : "ARPL 3", result);
  }
  check("BOUND below", bound, 9, 0);
  check("BOUND at", bound, 10, 0);
  check("BOUND above", bound, 21, 0);
  check("INTO", into, 0x7fffffff, 1);
  check_user("INTO, user", into, 0x7fffffff, 1);
  check("INTO without overflow", into, 1, 1);
}

static void tables(void) {
  ldt[1] = gdt[DATA0 >> 3];
  ldt[2] = gdt[CODE0 >> 3];
  set_descriptor(LDT, (word)ldt, sizeof ldt - 1, 0x82, 0);
  check("LDT selector without an LDT", load_fs, 0xc, 0);
  check("LLDT", lldt, LDT, 0);
  check("LDT selector", load_fs, 0xc, 0);
  check("LDT selector of nothing", load_fs, 0x4, 0);
  check("LDT selector beyond", load_fs, sizeof ldt | 4, 0);
  check("far jump into the LDT", jump_far, 0x14, (word)landing);
  check_user("LLDT, user", lldt, LDT, 0);
  check("LLDT of null", lldt, 0, 0);
  check("LDT selector after that", load_fs, 0xc, 0);
  set_descriptor(LDT, (word)ldt, 7, 0x02, 0);
  check("LLDT not present", lldt, LDT, 0);
}

static void gate(int type, int dpl, int selector, const void *offset, int parameters) {
  word at = (word)offset;
  gdt[GATE >> 3] = (at & 0xffff) | (uint64_t)selector << 16 | (uint64_t)parameters << 32 | (uint64_t)(type | dpl << 5) << 40 | (uint64_t)(at >> 16) << 48;
}

static void transfers(void) {
  set_descriptor(CODE1 & ~7, 0, 0xfffff, 0xbb, 0xc);
  set_descriptor(DATA1 & ~7, 0, 0xfffff, 0xb3, 0xc);
  set_descriptor(CONFORMING, 0, 0xfffff, 0x9f, 0xc);
  *(uint32_t *)(tss + 12) = (word)ring1_stack_top;
  *(uint32_t *)(tss + 16) = DATA1;
  static const struct {
    const char *name;
    int selector;
  } targets[] = {{"code 0", CODE0}, {"code 0, RPL 3", CODE0 | 3}, {"code 1", CODE1}, {"code 3", CODE3}, {"conforming", CONFORMING}, {"conforming, RPL 3", CONFORMING | 3}, {"data", DATA0}, {"null", 0}, {"beyond", 0x1000}, {"TSS busy", TSS}, {"LDT", LDT}};
  char text[80];
  for (unsigned i = 0; i < sizeof targets / sizeof *targets; i++) {
    for (int way = 0; way < 4; way++) {
      char *to = text;
      for (const char *c = way & 1 ? "far call to " : "far jump to "; *c; c++) *to++ = *c;
      for (const char *c = targets[i].name; (*to = *c); c++) to++;
      if (way & 2) for (const char *c = ", user"; (*to = *c); c++) to++;
      const char *code = way & 1 ? far_call : jump_far;
      if (way & 2) attempt_user(code, targets[i].selector, (word)landing);
      else attempt(code, targets[i].selector, (word)landing);
      report_stack(text, trap.frame.vector == 3 ? landing : code);
    }
  }
  static const struct {
    const char *name;
    int type, dpl, selector, parameters;
    const char *landing;
  } gates[] = {{"gate", 0x8c, 3, CODE0, 0, landing}, {"gate to privilege 1", 0x8c, 3, CODE1, 0, landing}, {"gate to privilege 3", 0x8c, 3, CODE3, 0, landing}, {"gate to conforming", 0x8c, 3, CONFORMING, 0, landing}, {"gate DPL 0", 0x8c, 0, CODE0, 0, landing}, {"gate not present", 0x0c, 3, CODE0, 0, landing}, {"gate to data", 0x8c, 3, DATA0, 0, landing}, {"gate to null", 0x8c, 3, 0, 0, landing}, {"gate beyond", 0x8c, 3, 0x1000, 0, landing}, {"gate, four parameters", 0x8c, 3, CODE0, 4, landing_parameters}, {"gate and back", 0x8c, 3, CODE0, 0, landing_lret}, {"gate with parameters and back", 0x8c, 3, CODE0, 4, landing_lret_16}};
  for (unsigned i = 0; i < sizeof gates / sizeof *gates; i++) {
    for (int way = 0; way < 4; way++) {
      gate(gates[i].type, gates[i].dpl, gates[i].selector, gates[i].landing, gates[i].parameters);
      char *to = text;
      for (const char *c = way & 1 ? "call through " : "jump through "; *c; c++) *to++ = *c;
      for (const char *c = gates[i].name; (*to = *c); c++) to++;
      if (way & 2) for (const char *c = ", user"; (*to = *c); c++) to++;
      const char *code = way & 1 ? (gates[i].parameters ? far_call_parameters : far_call) : jump_far;
      // Jumps and calls to the same privilege would leave the parameters.
      if (gates[i].landing != landing && way != 3) continue;
      if (way & 2) attempt_user(code, GATE, 0x5555);
      else attempt(code, GATE, 0x5555);
      report_stack(text, trap.frame.vector == 3 ? gates[i].landing : code);
      if (trap.frame.vector == 3 && gates[i].parameters) {
        print(text);
        print(", parameters: ");
        print_hex(trap.frame.ax);
        print(" ");
        print_hex(trap.frame.bx);
        print(" ");
        print_hex(trap.frame.cx - trap.frame.dx);
        print("\n");
      }
    }
  }
  set_tss_stack(0, trap_stack_top);
  gate(0x8c, 3, CODE1, landing, 0);
  *(uint32_t *)(tss + 16) = DATA0;
  check_user("gate with a stack of another privilege", far_call, GATE, 0);
  *(uint32_t *)(tss + 16) = 0;
  check_user("gate with a null stack", far_call, GATE, 0);
  *(uint32_t *)(tss + 16) = 0x1001;
  check_user("gate with a stack beyond the table", far_call, GATE, 0);
  set_descriptor(EXTRA, 0, 0xfffff, 0x33, 0xc);
  *(uint32_t *)(tss + 16) = EXTRA | 1;
  check_user("gate with a stack not present", far_call, GATE, 0);
  set_descriptor(EXTRA, 0, 7, 0xb3, 4);
  check_user("gate with a stack too small", far_call, GATE, 0);
  *(uint32_t *)(tss + 16) = DATA1;
}

static void returns(void) {
  static uint32_t f[4];
  static const struct {
    const char *name;
    int ss, cs;
  } cases[] = {{"to user", DATA3, CODE3}, {"to user, SS = 0", 0, CODE3}, {"to user, SS of privilege 0", DATA0, CODE3}, {"to user, SS RPL 0", DATA3 & ~3, CODE3}, {"to the same", DATA0, CODE0}, {"to null", DATA0, 0}, {"to data", DATA0, DATA0}, {"to privilege 1", DATA1, CODE1}, {"to conforming, RPL 3", DATA3, CONFORMING | 3}, {"to code 0, RPL 3", DATA3, CODE0 | 3}, {"beyond the table", DATA3, 0x1000}};
  char text[80];
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int way = 0; way < 2; way++) {
      f[0] = cases[i].ss;
      f[1] = (word)user_stack_top - 64;
      f[2] = cases[i].cs;
      f[3] = (word)done;
      char *to = text;
      for (const char *c = way ? "IRET " : "RETF "; *c; c++) *to++ = *c;
      for (const char *c = cases[i].name; (*to = *c); c++) to++;
      attempt(way ? iret_frame : lret_frame, (word)f, 0x3202);
      if (trap.frame.vector != DONE) {
        report(text, way ? iret_frame : lret_frame);
        continue;
      }
      print(text);
      print(": cs ");
      print_hex(trap.frame.cs & 0xffff);
      print(" fl ");
      print_hex(trap.frame.flags);
      print(" ds ");
      print_hex(trap.frame.ds & 0xffff);
      print("\n");
    }
  }
}

void program(void) {
  limits();
  loads();
  tables();
  transfers();
  returns();
}
