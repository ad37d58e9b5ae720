// Where segments end: operands of all sizes, stack instructions and branches around the limits of segments of all
// kinds, and around 64 KiB and 4 GiB. Cells are how an access ended; of stack instructions also the stack pointer.
#include "../lib/bare.h"

#define EXTRA 0x63
#define ROOM 0x1000
/** Segments under test begin behind some room, for what wraps. */
static uint8_t memory[ROOM + 0x12000] __attribute__((aligned(4096)));
#define AREA ((word)memory + ROOM)

struct kind {
  const char *name;
  uint32_t limit;
  int access, flags;
};
static const struct kind kinds[] = {
  {"limit 0", 0, 0xf3, 4},
  {"limit 5", 5, 0xf3, 4},
  {"limit FFF", 0xfff, 0xf3, 4},
  {"limit FFF of 16 bits", 0xfff, 0xf3, 0},
  {"limit FFFF of 16 bits", 0xffff, 0xf3, 0},
  {"limit FFFF", 0xffff, 0xf3, 4},
  {"limit FFF, in pages", 0, 0xf3, 0xc},
  {"down to 1", 0, 0xf7, 4},
  {"down to 1000", 0xfff, 0xf7, 4},
  {"down to 1000 of 16 bits", 0xfff, 0xf7, 0},
  {"down to FFFF of 16 bits", 0xfffe, 0xf7, 0},
  {"down to nothing, 16 bits", 0xffff, 0xf7, 0},
  {"down to nothing", 0xfffff, 0xf7, 0xc},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static void describe(const struct kind *k) { set_descriptor(EXTRA, AREA, k->limit, k->access, k->flags); }

static uint32_t limit_of(const struct kind *k) { return k->flags & 8 ? k->limit << 12 | 0xfff : k->limit; }

// Accesses to the segment in FS, by the supervisor: code, size.
#define ACCESS(name, text) CODE(name, text "\n int $0x40")
ACCESS(read_1, "mov %fs:(%edi), %al")
ACCESS(read_2, "mov %fs:(%edi), %ax")
ACCESS(read_4, "mov %fs:(%edi), %eax")
ACCESS(read_6, "lgs %fs:(%edi), %eax")
ACCESS(read_8, "fildll %fs:(%edi)")
ACCESS(read_10, "fldt %fs:(%edi)")
ACCESS(read_16, "movups %fs:(%edi), %xmm0")
ACCESS(read_28, "fldenv %fs:(%edi)")
ACCESS(read_108, "frstor %fs:(%edi)")
ACCESS(read_bound, "xor %eax, %eax\n bound %eax, %fs:(%edi)")
ACCESS(read_push, "pushl %fs:(%edi)")
ACCESS(read_bit, "mov $-9, %eax\n bt %eax, %fs:(%edi)")
ACCESS(read_xlat, "mov %edi, %ebx\n xor %eax, %eax\n xlat %fs:(%ebx)")
ACCESS(read_lods, "mov %edi, %esi\n lodsl %fs:(%esi)")
ACCESS(read_outs, "mov %edi, %esi\n mov $0x80, %edx\n outsb %fs:(%esi), %dx")
ACCESS(write_1, "mov %al, %fs:(%edi)")
ACCESS(write_2, "mov %ax, %fs:(%edi)")
ACCESS(write_4, "mov %eax, %fs:(%edi)")
ACCESS(write_6, "sgdt %fs:(%edi)")
ACCESS(write_8, "fldz\n fistpll %fs:(%edi)")
ACCESS(write_10, "fldz\n fstpt %fs:(%edi)")
ACCESS(write_16, "movups %xmm0, %fs:(%edi)")
ACCESS(write_28, "fnstenv %fs:(%edi)")
ACCESS(write_108, "fnsave %fs:(%edi)")
ACCESS(write_pop, "push %eax\n popl %fs:(%edi)")
ACCESS(add_4, "addl $0, %fs:(%edi)")
ACCESS(exchange_8, "cmpxchg8b %fs:(%edi)")
ACCESS(short_read_4, "mov %fs:(%di), %eax")
ACCESS(short_read_16, "movups %fs:(%di), %xmm0")
ACCESS(short_write_4, "mov %eax, %fs:(%di)")
ACCESS(short_sum, "mov $0xfff8, %esi\n lea 8(%edi), %ebx\n mov %fs:(%bx,%si), %eax")
ACCESS(movs_es, "mov %fs, %ecx\n mov %ecx, %es\n mov $1, %ecx\n mov $0x100000, %esi\n rep movsl")
ACCESS(stos_short, "mov %fs, %ecx\n mov %ecx, %es\n mov $3, %ecx\n addr16 rep stosw")
ACCESS(scas_down, "mov %fs, %ecx\n mov %ecx, %es\n mov $3, %ecx\n std\n xor %eax, %eax\n repe scasw")
ACCESS(cmps, "mov %fs, %ecx\n mov %ecx, %es\n mov $2, %ecx\n mov %edi, %esi\n repe cmpsb %es:(%edi), %fs:(%esi)")
CODE(load_fs, "fninit\n mov %di, %fs\n ret")

struct access {
  const char *name, *code;
  int size;
};
static const struct access accesses[] = {{"byte", read_1, 1}, {"two bytes", read_2, 2}, {"four bytes", read_4, 4}, {"far pointer", read_6, 6}, {"FILD m64", read_8, 8}, {"FLD m80", read_10, 10}, {"MOVUPS", read_16, 16}, {"FLDENV", read_28, 28}, {"FRSTOR", read_108, 108}, {"BOUND", read_bound, 8}, {"PUSH m32", read_push, 4}, {"BT far", read_bit, 4}, {"XLAT", read_xlat, 1}, {"LODS", read_lods, 4}, {"OUTS", read_outs, 1}, {"write of a byte", write_1, 1}, {"write of two bytes", write_2, 2}, {"write of four bytes", write_4, 4}, {"SGDT", write_6, 6}, {"FISTP m64", write_8, 8}, {"FSTP m80", write_10, 10}, {"write by MOVUPS", write_16, 16}, {"FNSTENV", write_28, 28}, {"FNSAVE", write_108, 108}, {"POP m32", write_pop, 4}, {"ADD", add_4, 4}, {"CMPXCHG8B", exchange_8, 8}, {"four bytes, 16-bit address", short_read_4, 4}, {"MOVUPS, 16-bit address", short_read_16, 16}, {"write of four bytes, 16-bit address", short_write_4, 4}, {"four bytes, BX + SI", short_sum, 4}, {"REP MOVS to there", movs_es, 4}, {"REP STOS, 16-bit address", stos_short, 2}, {"REPE SCAS downwards", scas_down, 2}, {"REPE CMPS", cmps, 1}};

/** Around an end: an operand in front of it, across it by a byte from either side, behind it. */
static void around(const struct access *a, uint32_t end) {
  const int distances[] = {-a->size - 1, -a->size, 1 - a->size, -1, 0, 1};
  for (int i = 0; i < 6; i++) {
    attempt(a->code, end + (uint32_t)distances[i], 0);
    cell_outcome(a->code);
  }
}

static void data(void) {
  for (unsigned k = 0; k < KINDS; k++) {
    describe(&kinds[k]);
    for (unsigned i = 0; i < sizeof accesses / sizeof *accesses; i++) {
      print(kinds[k].name);
      print(", ");
      row(accesses[i].name);
      attempt(load_fs, EXTRA, 0);
      uint32_t end = limit_of(&kinds[k]) + 1;
      around(&accesses[i], end);
      if (end != 0x10000) around(&accesses[i], 0x10000);
      if (end != 0) around(&accesses[i], 0);
      end_row();
    }
  }
}

// Stack instructions of a user, whose stack segment is the one under test; eBP begins at the same place as eSP.
#define STACK(name, text) CODE(name, "fninit\n mov %di, %ss\n mov %eax, %esp\n mov %eax, %ebp\n" text "\n int $0x40")
STACK(push_4, "push %eax")
STACK(push_2, "push %ax")
STACK(push_byte, "push $5")
STACK(push_top, "pushl (%esp)")
STACK(push_all, "pusha")
STACK(push_all_2, "pushaw")
STACK(push_flags, "pushf")
STACK(pop_4, "pop %ecx")
STACK(pop_2, "pop %cx")
STACK(pop_top, "popl 4(%esp)")
STACK(pop_all, "popa")
STACK(pop_all_2, "popaw")
STACK(call_near, "call 1f\n1:")
STACK(enter_0, "enter $4, $0")
STACK(enter_1, "enter $4, $1")
STACK(enter_3, "enter $8, $3")
STACK(enter_2_2, "enterw $2, $2")
STACK(enter_large, "enter $0xfff0, $0")
STACK(leave_4, "leave")
STACK(leave_2, "leavew")
STACK(read_bp, "mov -4(%ebp), %ecx")
STACK(read_bp_2, "mov -4(%bp), %ecx")

static void stacks(void) {
  static const struct {
    const char *name, *code;
  } all[] = {{"PUSH", push_4}, {"PUSH of two bytes", push_2}, {"PUSH imm", push_byte}, {"PUSH [ESP]", push_top}, {"PUSHA", push_all}, {"PUSHA of 16 bits", push_all_2}, {"PUSHF", push_flags}, {"POP", pop_4}, {"POP of two bytes", pop_2}, {"POP [ESP + 4]", pop_top}, {"POPA", pop_all}, {"POPA of 16 bits", pop_all_2}, {"CALL", call_near}, {"ENTER 4, 0", enter_0}, {"ENTER 4, 1", enter_1}, {"ENTER 8, 3", enter_3}, {"ENTER 2, 2 of 16 bits", enter_2_2}, {"ENTER FFF0, 0", enter_large}, {"LEAVE", leave_4}, {"LEAVE of 16 bits", leave_2}, {"[EBP - 4]", read_bp}, {"[BP - 4]", read_bp_2}};
  static const int distances[] = {-33, -32, -17, -8, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 16, 17, 32, 33};
  for (unsigned k = 1; k < KINDS; k++) {
    describe(&kinds[k]);
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
      print("stack of ");
      print(kinds[k].name);
      print(", ");
      row(all[i].name);
      uint32_t end = limit_of(&kinds[k]) + 1;
      for (int edge = 0; edge < 2; edge++) {
        for (unsigned d = 0; d < sizeof distances / sizeof *distances; d++) {
          // Of a stack pointer of 16 bits the upper half shall not count.
          uint32_t upper = kinds[k].flags & 4 ? 0 : 0x5550000;
          attempt_user(all[i].code, EXTRA, upper + (edge ? 0 : end) + (uint32_t)distances[d]);
          cell_outcome(all[i].code);
          cell(trap.frame.sp);
        }
      }
      end_row();
    }
  }
}

/** Where a fault was is left out: Bochs gives the end of what it has fetched. The ends of instructions are in cpu/code_limit.test.ts. */
static void code_cell(void) {
  const struct frame *f = &trap.frame;
  cell((uint64_t)f->vector << 32 | (f->vector == DONE ? f->ip : 0));
}

// Branches out of a code segment of 0x100 bytes that lies at `branches`.
__asm__(".text\n.balign 256\n.globl branches\nbranches:\n"
        " jmp branches + 0xfe\n .balign 8\n"
        " jmp branches + 0x100\n .balign 8\n"
        " call branches + 0x100\n .balign 8\n"
        " .byte 0x66, 0xeb, 0\n int $0x40\n .balign 8\n"
        " test %eax, %eax\n jz branches + 0x180\n .balign 8\n"
        " push $0x100\n ret\n .balign 8\n"
        " mov $0x10000, %eax\n jmp *%eax\n .balign 8\n"
        " mov $0x100, %eax\n call *%eax\n .balign 8\n"
        " push $0x100\n .byte 0x66\n ret\n .balign 8\n"
        " int $0x40\n .balign 8\n"
        " .fill 0xfe - (. - branches), 1, 0x90\n int $0x40\n .balign 256\n int $0x40\n .balign 512\n");
extern char branches[];

static void branch_targets(void) {
  entry_ss = DATA3;
  entry_sp = (word)user_stack_top;
  entry_flags = 2;
  entry_cs = EXTRA;
  for (int round = 0; round < 3; round++) {
    row(round == 0 ? "branches in 512 bytes" : round == 1 ? "branches in 256 bytes" : "branches in 512 bytes again");
    set_descriptor(EXTRA, (word)branches, round == 1 ? 0xff : 0x1ff, 0xfb, 4);
    for (word i = 0; i < 11; i++) {
      attempt_at((void *)(i * 8), 0, 0);
      code_cell();
      cell(trap.frame.sp);
    }
    end_row();
  }
}

/** Where the instruction pointer leaves 16 bits. */
static void wrap(void) {
  static const uint8_t tail[] = {0x40, 0x40, 0xcd, DONE};
  for (int i = 0; i < 4; i++) memory[ROOM + 0xfffe + i] = tail[i];
  memory[ROOM] = 0xcd;
  memory[ROOM + 1] = DONE;
  entry_ss = DATA3;
  entry_sp = (word)user_stack_top;
  entry_flags = 2;
  entry_cs = EXTRA;
  row("end of 64 KiB");
  for (int flags = 0; flags <= 4; flags += 4) {
    for (uint32_t limit = 0xffff; limit <= 0x1ffff; limit += 0x10000) {
      set_descriptor(EXTRA, AREA, limit, 0xfb, flags);
      attempt_at((void *)0xfffe, 0, 0);
      code_cell();
    }
  }
  end_row();
}

void program(void) {
  data();
  stacks();
  branch_targets();
  wrap();
}
