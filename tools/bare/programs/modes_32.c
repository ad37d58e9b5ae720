// Changes of mode: protected to real and back, virtual-8086 mode, A20, long mode and compatibility mode and back.
#include "../lib/bare.h"

#define REAL 0x7000 // where 16-bit code is copied to
static uint64_t pml4[512], pdpt[512], pd[512] __attribute__((aligned(4096)));

// Real mode: entered through 16-bit segments; runs the code behind it at REAL, and comes back with its results.
CODE(into_real, "pusha\n mov %esp, saved_esp\n sidt saved_idt\n lidt real_idt\n ljmp $0x28, $1f\n1: .code16\n mov $0x60, %ax\n mov %ax, %ds\n mov %ax, %es\n mov %ax, %ss\n mov %ax, %fs\n mov %ax, %gs\n mov %cr0, %eax\n and $0xfe, %al\n mov %eax, %cr0\n ljmp $0, $0x7000\n .code32")
__asm__(".data\nsaved_esp: .long 0\nsaved_idt: .skip 6\nreal_idt: .word 0x3ff; .long 0\n.text\n"
        ".globl back_from_real\nback_from_real: mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %es\n mov %eax, %ss\n mov saved_esp, %esp\n lidt saved_idt\n popa\n ret\n");

#define REAL_CODE(name, text)                                                                                        \
  __asm__(".text\n.globl " #name ", " #name "_end\n" #name ":\n6: .code16\n xor %ax, %ax\n mov %ax, %ds\n mov %ax, %es\n mov %ax, %ss\n mov $0x6f00, %sp\n" text "\n .code32\n" #name "_end:\n"); \
  extern char name[], name##_end[];

static void to_low(const char *from, const char *end) {
  for (int i = 0; from + i < end; i++) ((volatile char *)REAL)[i] = from[i];
}

static volatile uint32_t *const results = (volatile uint32_t *)0x600;

static void run_real(const char *name, const char *code, const char *end) {
  to_low(code, end);
  for (int i = 0; i < 5; i++) results[i] = 0;
  attempt(into_real, 0, 0);
  report(name, into_real);
  print(name);
  print(", results:");
  for (int i = 0; i < 5; i++) {
    print(" ");
    print_hex(results[i]);
  }
  print("\n");
}

/** Real-mode code ends so: protected mode again, with ax, bx, cx, dx, si in memory at 0x600. CS is 0, the code lies at REAL. */
#define LEAVE_REAL                                                                                                     \
  "\n xor %di, %di\n mov %di, %ds\n mov %eax, 0x600\n mov %ebx, 0x604\n mov %ecx, 0x608\n mov %edx, 0x60c\n mov %esi, 0x610\n " \
  "lgdtl 0x7000 + 7f - 6b\n mov %cr0, %eax\n or $1, %al\n mov %eax, %cr0\n ljmpl $8, $back_from_real\n7: .word 0x1ff\n .long gdt\n"

REAL_CODE(real_plain, "mov $0x1234, %ax\n mov %ax, %es\n mov %es, %bx\n mov %cs, %cx\n smsw %dx\n mov $0xffff, %si" LEAVE_REAL)
// A vector of its own at 0x60: adds its frame. IVT entry 0x60 -> 0:handler.
REAL_CODE(real_int, "movl $0x7000 + 1f - 6b, 0x60 * 4\n mov $0x8d7, %ax\n push %ax\n popf\n stc\n int $0x60\n mov %ax, %si\n jmp 2f\n1: pop %ax\n pop %bx\n pop %cx\n push %cx\n push %bx\n push %ax\n pushf\n pop %dx\n iret\n2: pushf\n pop %si\n" LEAVE_REAL)
REAL_CODE(real_divide, "movl $0x7000 + 1f - 6b, 0\n xor %cx, %cx\n4: div %cx\n nop\n jmp 2f\n1: pop %ax\n pop %bx\n pop %dx\n mov $0x7000 + 2f - 6b, %si\n jmp *%si\n2: sub $0x7000 + 4b - 6b, %ax\n" LEAVE_REAL)
// Limits: a word at FFFF is #GP, in the stack #SS (vector 12), both through the table.
REAL_CODE(real_limit, "movl $0x7000 + 1f - 6b, 13 * 4\n movl $0x7000 + 3f - 6b, 12 * 4\n xor %ebx, %ebx\n mov $0xffff, %si\n mov (%si), %ax\n nop\n1: inc %bx\n mov $0x6f00, %sp\n movw $0xffff, %bp\n mov (%bp), %ax\n nop\n3: add $0x100, %bx\n mov $0x6f00, %sp\n xor %eax, %eax\n xor %edx, %edx\n xor %ecx, %ecx\n" LEAVE_REAL)
REAL_CODE(real_push_wrap, "mov $1, %sp\n movl $0x7000 + 3f - 6b, 12 * 4\n movl $0x7000 + 1f - 6b, 13 * 4\n mov $2, %sp\n push $0x55aa\n mov %sp, %bx\n mov $0, %sp\n push $0x66bb\n mov %sp, %cx\n mov $0x6f00, %sp\n mov 0xfffe, %dx\n1:\n3: xor %eax, %eax\n xor %esi, %esi\n" LEAVE_REAL)
// Big real: a limit from protected mode stays.
REAL_CODE(real_far, "lcall $0x700, $1f - 6b\n mov %sp, %si\n jmp 2f\n1: mov %cs, %bx\n pop %ax\n pop %cx\n push %cx\n push %ax\n mov $0x11, %dx\n lret\n2: sub $0x7000 - 0x10, %ax\n" LEAVE_REAL)
REAL_CODE(real_a20, "mov $0xffff, %ax\n mov %ax, %es\n movw $0x1111, 0x500\n movw $0x2222, %es:0x510\n mov 0x500, %bx\n in $0x92, %al\n and $0xfd, %al\n out %al, $0x92\n mov %es:0x510, %cx\n movw $0x3333, %es:0x510\n mov 0x500, %dx\n or $2, %al\n out %al, $0x92\n mov %es:0x510, %si\n xor %eax, %eax\n" LEAVE_REAL)

// Virtual-8086 mode: code at REAL; the frame of IRET is pushed by the snippet.
CODE(into_v86, "mov %esp, %ebp\n push $0\n push $0\n push $0x123\n push $0x456\n push $0\n push $0x6f00\n push %eax\n push $0\n push $0x7000\n iret")

static void run_v86(const char *name, const char *code, const char *end, word flags) {
  to_low(code, end);
  attempt(into_v86, 0, FLAG_VM | 2 | flags);
  const struct frame *f = &trap.frame;
  print(name);
  print(": v=");
  print_hex(f->vector);
  if (f->error != NO_ERROR) {
    print(" e=");
    print_hex(f->error);
  }
  print(" fl=");
  print_hex(f->flags);
  const word values[] = {f->ip - REAL, f->cs & 0xffff, f->sp, f->ss & 0xffff, f->v86_es & 0xffff, f->v86_ds & 0xffff, f->v86_fs & 0xffff, f->v86_gs & 0xffff, f->ax & 0xffff, f->bx & 0xffff, f->ds & 0xffff};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    print(" ");
    print_hex(values[i]);
  }
  print("\n");
}

#define V86_CODE(name, text)                                                                                         \
  __asm__(".text\n.globl " #name ", " #name "_end\n" #name ":\n6: .code16\n" text "\n .code32\n" #name "_end:\n"); \
  extern char name[], name##_end[];

V86_CODE(v86_hlt, "mov $0x1357, %ax\n hlt")
V86_CODE(v86_cli, "cli\n hlt")
V86_CODE(v86_sti, "sti\n hlt")
V86_CODE(v86_pushf, "pushf\n pop %ax\n hlt")
V86_CODE(v86_popf, "mov $0x7fd5, %ax\n push %ax\n popf\n pushf\n pop %bx\n hlt")
V86_CODE(v86_int, "int $0x40\n hlt")
V86_CODE(v86_int3, "int3\n hlt")
V86_CODE(v86_iret, "push $0x3202\n push $0\n push $0x7000 + 1f - 6b\n iret\n1: hlt")
V86_CODE(v86_in, "in $0x21, %al\n hlt")
V86_CODE(v86_segments, "mov $0x1234, %ax\n mov %ax, %es\n mov %ax, %gs\n mov %es, %bx\n hlt")
V86_CODE(v86_limit, "mov $0xffff, %bx\n mov (%bx), %ax\n hlt")
V86_CODE(v86_far, "ljmp $0x700, $1f - 6b\n1: hlt")
V86_CODE(v86_lgdt, "lgdt 0x100\n hlt")
V86_CODE(v86_mov_cr, "mov %cr0, %eax\n hlt")
V86_CODE(v86_smsw, "smsw %ax\n and $0xf, %ax\n hlt")
V86_CODE(v86_lar, "lar %ax, %bx\n hlt")
V86_CODE(v86_ud, "ud2\n hlt")

static void virtual_8086(void) {
#define RUN(name, code, flags) run_v86(name, code, code##_end, flags)
  for (int iopl = 0; iopl < 2; iopl++) {
    word f = iopl ? FLAG_IOPL3 : 0;
    RUN(iopl ? "V86 HLT, IOPL 3" : "V86 HLT", v86_hlt, f);
    RUN(iopl ? "V86 CLI, IOPL 3" : "V86 CLI", v86_cli, f | FLAG_IF);
    RUN(iopl ? "V86 STI, IOPL 3" : "V86 STI", v86_sti, f);
    RUN(iopl ? "V86 PUSHF, IOPL 3" : "V86 PUSHF", v86_pushf, f);
    RUN(iopl ? "V86 POPF, IOPL 3" : "V86 POPF", v86_popf, f);
    RUN(iopl ? "V86 INT, IOPL 3" : "V86 INT", v86_int, f);
    RUN(iopl ? "V86 INT3, IOPL 3" : "V86 INT3", v86_int3, f);
    RUN(iopl ? "V86 IRET, IOPL 3" : "V86 IRET", v86_iret, f);
    RUN(iopl ? "V86 IN, IOPL 3" : "V86 IN", v86_in, f);
  }
  RUN("V86 segments", v86_segments, 0);
  RUN("V86 limit", v86_limit, 0);
  RUN("V86 far jump", v86_far, 0);
  RUN("V86 LGDT", v86_lgdt, 0);
  RUN("V86 MOV from CR0", v86_mov_cr, 0);
  RUN("V86 SMSW", v86_smsw, 0);
  RUN("V86 LAR", v86_lar, 0);
  RUN("V86 UD2", v86_ud, 0);
  write_cr4(read_cr4() | 1);
  RUN("VME CLI", v86_cli, FLAG_IF);
  RUN("VME CLI with VIF", v86_cli, 0x80000);
  RUN("VME STI", v86_sti, 0);
  RUN("VME STI with VIP", v86_sti, 0x100000);
  RUN("VME PUSHF", v86_pushf, 0x80000);
  RUN("VME POPF", v86_popf, 0);
  RUN("VME IRET", v86_iret, 0);
  write_cr4(read_cr4() & ~1UL);
}

// Long mode: 32-bit code with paging, then 64-bit code, compatibility mode, and back. %eax collects where it has been.
CODE(through_long, "mov %cr4, %eax\n or $0x20, %eax\n mov %eax, %cr4\n mov $0xc0000080, %ecx\n rdmsr\n or $0x100, %eax\n wrmsr\n mov %cr0, %eax\n or $0x80000000, %eax\n mov %eax, %cr0\n rdmsr\n mov %eax, %esi\n ljmp $0x68, $1f\n1: .code64\n mov $0x123456789, %rbx\n mov %cs, %edi\n shr $4, %rbx\n pushq $8\n .byte 0x68\n .long 2f\n lretq\n2: .code32\n mov %cs, %ebp\n mov %cr0, %eax\n and $0x7fffffff, %eax\n mov %eax, %cr0\n rdmsr\n mov %eax, %edx\n and $~0x100, %eax\n push %edx\n xor %edx, %edx\n wrmsr\n pop %edx\n mov %cr4, %eax\n and $~0x20, %eax\n mov %eax, %cr4\n int3\n")
CODE(set_pg_in_lme_without_pae, "mov $0xc0000080, %ecx\n mov $0x100, %eax\n xor %edx, %edx\n wrmsr\n mov %cr0, %eax\n or $0x80000000, %eax\n mov %eax, %cr0\n ret")

static void long_mode(void) {
  pml4[0] = (word)pdpt | 7;
  pdpt[0] = (word)pd | 7;
  for (int i = 0; i < 8; i++) pd[i] = (uint64_t)i << 21 | 0x87;
  write_cr3((word)pml4);
  gdt[0x68 >> 3] = 0x00af9b000000ffff;
  attempt(through_long, 0, 0);
  report("through long mode", through_long);
  const struct frame *f = &trap.frame;
  print("through long mode, registers: bx ");
  print_hex(f->bx);
  print(" cs ");
  print_hex(f->di & 0xffff);
  print(" ");
  print_hex(f->bp & 0xffff);
  print(" efer ");
  print_hex(f->si & 0xfff);
  print(" ");
  print_hex(f->dx & 0xfff);
  print("\n");
  check("PG with LME without PAE", set_pg_in_lme_without_pae, 0, 0);
  note("CR0 then", read_cr0());
  write_msr(EFER, 0);
}

void program(void) {
  set_descriptor(0x60, 0, 0xffff, 0x93, 0);
  run_real("real mode", real_plain, real_plain_end);
  run_real("real mode INT", real_int, real_int_end);
  run_real("real mode #DE", real_divide, real_divide_end);
  run_real("real mode limits", real_limit, real_limit_end);
  run_real("real mode stack wraps", real_push_wrap, real_push_wrap_end);
  run_real("real mode far call", real_far, real_far_end);
  run_real("real mode A20", real_a20, real_a20_end);
  virtual_8086();
  long_mode();
}
