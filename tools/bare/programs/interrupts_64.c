// Interrupts in 64-bit mode: shadows of STI and MOV SS, HLT, NMI and its blocking, task priority, external interrupts.
#include "../lib/bare.h"

#define APIC 0xfee00000UL
#define VECTOR 0x48
#define OTHER 0x49
#define SPURIOUS 0x4f

static volatile uint32_t *apic(int offset) { return (volatile uint32_t *)(APIC + offset); }

static int count, nmis;
static word places[16], vectors[16];
static const void *from;
static bool again;

static void end_of_interrupt(void) { *apic(0xb0) = 0; }

static void send_nmi(void) {
  *apic(0x310) = *apic(0x20);
  *apic(0x300) = 0x4400;
}

/** Notes where an interrupt came, and goes on. */
static bool note_interrupt(struct frame *f) {
  if (f->vector != VECTOR && f->vector != OTHER && f->vector != SPURIOUS && f->vector != 2) return false;
  if (count < 16) {
    vectors[count] = f->vector;
    places[count++] = f->ip - (word)from;
  }
  if (f->vector == 2) {
    // One that comes while NMIs are blocked waits for the IRET.
    if (again) {
      again = false;
      send_nmi();
      nmis = count;
    }
  } else if (f->vector != SPURIOUS) {
    end_of_interrupt();
  }
  f->ax |= 1;
  return true;
}

static void show(const char *name) {
  report(name, from);
  print(name);
  print(" interrupts:");
  for (int i = 0; i < count; i++) {
    print(" ");
    print_hex(vectors[i]);
    print("@");
    print_hex(places[i]);
  }
  print(" .\n");
}

/** Runs a snippet with IF clear and `vector` pending. rdi is the APIC. */
static void with_pending(const char *name, const char *code, int vector) {
  from = code;
  count = 0;
  *apic(0x300) = 0x40000 | vector;
  attempt(code, APIC, 0);
  show(name);
  __asm__ volatile("sti; nop; nop; cli");
}

CODE(sti_nops, "sti\n nop\n nop\n cli\n ret")
CODE(sti_cli, "sti\n cli\n nop\n ret")
CODE(sti_sti, "sti\n sti\n nop\n cli\n ret")
CODE(sti_ret, "call 1f\n nop\n cli\n ret\n1: sti\n ret")
CODE(sti_hlt, "sti\n hlt\n cli\n ret")
CODE(sti_mov_ss, "mov $0x10, %eax\n sti\n mov %eax, %ss\n nop\n nop\n cli\n ret")
CODE(mov_ss_with_if, "mov $0x10, %eax\n mov %eax, %ss\n sti\n nop\n nop\n cli\n ret")
CODE(popf_if, "push $0x202\n popfq\n nop\n nop\n cli\n ret")
CODE(popf_cli, "push $0x202\n popfq\n cli\n ret")
CODE(iret_if, "mov %rsp, %rax\n push $0x10\n push %rax\n push $0x202\n push $8\n lea 1f(%rip), %rax\n push %rax\n iretq\n1: nop\n cli\n ret")
CODE(sti_fault, "sti\n ud2\n ret")
CODE(sti_jump, "sti\n jmp 1f\n nop\n1: nop\n cli\n ret")
CODE(sti_int3, "sti\n int3\n nop\n cli\n ret")
CODE(send_while_enabled, "sti\n nop\n movl $0x40048, 0x300(%rdi)\n nop\n nop\n nop\n cli\n ret")
CODE(send_both, "movl $0x40048, 0x300(%rdi)\n movl $0x40049, 0x300(%rdi)\n sti\n nop\n nop\n nop\n cli\n ret")
CODE(cr8_blocks, "mov $4, %eax\n mov %rax, %cr8\n sti\n nop\n nop\n xor %eax, %eax\n mov %rax, %cr8\n nop\n nop\n cli\n ret")
CODE(hlt_nmi, "mov 0x20(%rdi), %eax\n mov %eax, 0x310(%rdi)\n movl $0x4400, 0x300(%rdi)\n jmp 1f\n1: nop\n jmp 1f\n1: ret")

void program(void) {
  hook = note_interrupt;
  *apic(0xf0) = 0x100 | SPURIOUS;
  with_pending("STI", sti_nops, VECTOR);
  with_pending("STI, CLI", sti_cli, VECTOR);
  with_pending("STI, STI", sti_sti, VECTOR);
  with_pending("STI, RET", sti_ret, VECTOR);
  with_pending("STI, HLT", sti_hlt, VECTOR);
  with_pending("STI, MOV SS", sti_mov_ss, VECTOR);
  with_pending("MOV SS, STI", mov_ss_with_if, VECTOR);
  with_pending("POPF", popf_if, VECTOR);
  with_pending("POPF, CLI", popf_cli, VECTOR);
  with_pending("IRET", iret_if, VECTOR);
  with_pending("STI, UD2", sti_fault, VECTOR);
  with_pending("STI, JMP", sti_jump, VECTOR);
  with_pending("STI, INT3", sti_int3, VECTOR);
  with_pending("CR8 holds it off", cr8_blocks, VECTOR);
  from = send_while_enabled;
  count = 0;
  attempt(send_while_enabled, APIC, 0);
  show("sent while IF is set");
  from = send_both;
  count = 0;
  attempt(send_both, APIC, 0);
  show("the higher of two");
  // NMI
  from = hlt_nmi;
  count = 0;
  attempt(hlt_nmi, APIC, 0);
  show("NMI");
  count = 0;
  again = true;
  attempt(hlt_nmi, APIC, 0);
  show("NMI within NMI");
  note("the second waits for IRET", nmis);
}
