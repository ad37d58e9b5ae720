// Hardware task switches: JMP, CALL, IRET, task gates, links, busy bits, and faults on the way.
#include "../lib/bare.h"

struct tss32 {
  uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi, es, cs, ss, ds, fs, gs, ldt;
  uint16_t trap, map;
};
static struct tss32 first, second;
static uint16_t small[22];
static uint8_t task_stack[1024] __attribute__((aligned(16)));
static uint64_t ldt[2];

#define FIRST 0x60
#define SECOND 0x68
#define SMALL 0x70
#define GATE 0x78
#define LDT 0x80
#define EXTRA 0x88
#define TASK_VECTOR 0x44

CODE(jump_task, "push %edi\n push $0\n ljmp *(%esp)\n add $8, %esp\n ret")
CODE(call_task, "push %edi\n push $0\n lcall *(%esp)\n add $8, %esp\n ret")
CODE(int_task, "int $0x44\n ret")
CODE(ud_task, "ud2\n ret")
CODE(iret_nt, "pushf\n orl $0x4000, (%esp)\n popf\n iret")
// The other task: notes what it finds, and returns or stays.
CODE(task_iret, "iret\n ud2\n nop")
CODE(task_jump_back, "ljmp $0x60, $0\n ud2")
CODE(task_report, "int3")
CODE(task_error, "pop %eax\n int3")

static void set_up(const void *entry) {
  for (unsigned i = 0; i < sizeof second / 4; i++) ((uint32_t *)&second)[i] = 0;
  second = (struct tss32){.esp0 = (word)trap_stack_top, .ss0 = DATA0, .eip = (word)entry, .eflags = 2, .eax = 0xaaaa, .ecx = 0xcccc, .edx = 0xdddd, .ebx = 0xbbbb, .esp = (word)task_stack + sizeof task_stack, .ebp = 0x5555, .esi = 0x6666, .edi = 0x7777, .es = DATA0, .cs = CODE0, .ss = DATA0, .ds = DATA0, .fs = 0, .gs = 0, .map = 0x68};
  for (unsigned i = 0; i < sizeof small / 2; i++) small[i] = 0;
  // Segments of 64 KiB around everything: its registers are 16 bits wide.
  set_descriptor(EXTRA, 0x100000, 0xffff, 0x9b, 4);
  set_descriptor(EXTRA + 8, 0x100000, 0xffff, 0x93, 0);
  small[7] = (word)entry;
  small[8] = 2;
  small[13] = (word)task_stack + sizeof task_stack;
  small[17] = DATA0;
  small[18] = EXTRA;
  small[19] = EXTRA + 8;
  small[20] = DATA0;
  set_descriptor(FIRST, (word)&first, sizeof first - 1, 0x89, 0);
  set_descriptor(SECOND, (word)&second, sizeof second - 1, 0x89, 0);
  set_descriptor(SMALL, (word)small, sizeof small - 1, 0x81, 0);
  first.esp0 = (word)trap_stack_top;
  first.ss0 = DATA0;
  first.map = 0x68;
  gdt[GATE >> 3] = (uint64_t)SECOND << 16 | (uint64_t)0xe5 << 40;
  __asm__ volatile("ltr %w0" ::"r"(FIRST));
}

/** What the switch has left behind: busy bits, link, NT and TS. */
static void show(const char *name, const void *code) {
  report(name, code);
  print(name);
  print(", state: first ");
  print_hex(gdt[FIRST >> 3] >> 40 & 255);
  print(" second ");
  print_hex(gdt[SECOND >> 3] >> 40 & 255);
  print(" small ");
  print_hex(gdt[SMALL >> 3] >> 40 & 255);
  print(" link ");
  print_hex(second.link & 0xffff);
  print(" saved nt ");
  print_hex(first.eflags & FLAG_NT ? 1 : 0);
  print(" second nt ");
  print_hex(second.eflags & FLAG_NT ? 1 : 0);
  print(" ts ");
  print_hex(read_cr0() & CR0_TS);
  word tr = 0;
  __asm__ volatile("str %w0" : "=r"(tr));
  print(" tr ");
  print_hex(tr & 0xffff);
  print("\n");
  __asm__ volatile("clts");
  // What is left of NT goes, and the first task is made the current one again by the next set_up.
  __asm__ volatile("push $2; popf");
}

static void go(const char *name, const char *code, word selector, const void *entry) {
  set_up(entry);
  attempt(code, selector, 0);
  show(name, trap.frame.vector == 3 ? entry : code);
}

static void registers(const char *name) {
  const struct frame *f = &trap.frame;
  const word values[] = {f->ax, f->cx, f->dx, f->bx, f->bp, f->si, f->di, f->es & 0xffff, f->ds & 0xffff, f->fs & 0xffff, f->gs & 0xffff, f->flags};
  print(name);
  print(", registers:");
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    print(" ");
    print_hex(values[i]);
  }
  print("\n");
}

void program(void) {
  go("CALL", call_task, SECOND, task_iret);
  go("CALL and stay", call_task, SECOND, task_report);
  registers("CALL and stay");
  go("JMP and back", jump_task, SECOND, task_jump_back);
  go("JMP and stay", jump_task, SECOND, task_report);
  go("JMP, then IRET", jump_task, SECOND, task_iret);
  go("CALL through a task gate", call_task, GATE, task_iret);
  go("JMP through a task gate", jump_task, GATE, task_report);
  go("CALL 16-bit", call_task, SMALL, task_iret);
  go("CALL of the busy one", call_task, FIRST, task_iret);
  go("CALL, RPL 3", call_task, SECOND | 3, task_iret);
  set_up(task_iret);
  check_user("CALL, user", call_task, SECOND, 0);
  check_user("CALL through a task gate of privilege 3, user", call_task, GATE, 0);
  set_up(task_iret);
  set_descriptor(SECOND, (word)&second, sizeof second - 1, 0x09, 0);
  check("CALL of one not present", call_task, SECOND, 0);
  set_descriptor(SECOND, (word)&second, 0x66, 0x89, 0);
  check("CALL of one too small", call_task, SECOND, 0);
  set_up(task_iret);
  gdt[GATE >> 3] = (uint64_t)0x1000 << 16 | (uint64_t)0xe5 << 40;
  check("task gate beyond the table", call_task, GATE, 0);
  gdt[GATE >> 3] = (uint64_t)DATA0 << 16 | (uint64_t)0xe5 << 40;
  check("task gate to data", call_task, GATE, 0);
  gdt[GATE >> 3] = (uint64_t)SECOND << 16 | (uint64_t)0x65 << 40;
  check("task gate not present", call_task, GATE, 0);

  // Interrupts and exceptions through task gates.
  idt[TASK_VECTOR] = (uint64_t)SECOND << 16 | (uint64_t)0xe5 << 40;
  go("INT", int_task, 0, task_iret);
  idt[6] = (uint64_t)SECOND << 16 | (uint64_t)0x85 << 40;
  go("#UD", ud_task, 0, task_report);
  print("#UD saved: flags ");
  print_hex(first.eflags);
  print(" eip +");
  print_hex(first.eip - (word)ud_task);
  print("\n");
  set_gate(6, GATE_INTERRUPT, CODE0, handler_of(6), 0);
  idt[13] = (uint64_t)SECOND << 16 | (uint64_t)0x85 << 40;
  go("#GP with its error code", call_task, 0x1000, task_error);
  registers("#GP with its error code");
  set_gate(13, GATE_INTERRUPT, CODE0, handler_of(13), 0);

  // NT without a link, IRET to a task that is not busy.
  set_up(task_iret);
  first.link = 0;
  check("IRET with NT and no link", iret_nt, 0, 0);
  first.link = SECOND;
  check("IRET with NT to one that is not busy", iret_nt, 0, 0);
  first.link = 0x1000;
  check("IRET with NT beyond the table", iret_nt, 0, 0);
  first.link = DATA0;
  check("IRET with NT to data", iret_nt, 0, 0);
  first.link = 0;

  // Faults in the new task: its segments are loaded when it is the current one already.
  static const struct {
    const char *name;
    unsigned offset;
    word value;
  } faults[] = {{"CS = 0", 76, 0}, {"CS data", 76, DATA0}, {"CS not present", 76, EXTRA}, {"CS beyond", 76, 0x1000}, {"CS RPL 3 of privilege 0", 76, CODE0 | 3}, {"SS = 0", 80, 0}, {"SS code", 80, CODE0}, {"SS RPL 3", 80, DATA3}, {"SS beyond", 80, 0x1000}, {"SS not present", 80, EXTRA + 8}, {"DS beyond", 84, 0x1000}, {"DS not present", 84, EXTRA + 8}, {"DS = 0", 84, 0}, {"ES a TSS", 72, TSS}, {"FS not present", 88, EXTRA + 8}, {"LDT beyond", 96, 0x1000}, {"LDT is data", 96, DATA0}, {"LDT not present", 96, LDT + 0}, {"EIP beyond the limit", 32, 0xfffffff0}};
  for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) {
    set_up(task_report);
    set_descriptor(EXTRA, 0, 0xfffff, 0x1b, 0xc);
    set_descriptor(EXTRA + 8, 0, 0xfffff, 0x13, 0xc);
    set_descriptor(LDT, (word)ldt, 15, 0x02, 0);
    // Only EIP has a limit to be beyond of.
    if (faults[i].offset == 32) {
      set_descriptor(EXTRA, 0, 0x7ffff, 0x9b, 0xc);
      second.cs = EXTRA;
    }
    *(uint32_t *)((char *)&second + faults[i].offset) = faults[i].value;
    // Exceptions of a task without a usable stack need one of their own: the handlers are in the first task.
    idt[10] = idt[11] = idt[12] = idt[13] = (uint64_t)TSS << 16 | (uint64_t)0x85 << 40;
    struct tss32 *t = (struct tss32 *)tss;
    *t = (struct tss32){.eip = (word)task_error, .eflags = 2, .esp = (word)df_stack_top, .es = DATA0, .cs = CODE0, .ss = DATA0, .ds = DATA0, .esp0 = (word)trap_stack_top, .ss0 = DATA0, .map = 0x68};
    set_descriptor(TSS, (word)tss, 0x67, 0x89, 0);
    attempt(call_task, SECOND, 0);
    print("new task's ");
    print(faults[i].name);
    print(": v=");
    print_hex(trap.frame.vector);
    print(" error ");
    print_hex(trap.frame.ax);
    print(" link ");
    print_hex(t->link & 0xffff);
    print(" eip ");
    print_hex(second.eip == (word)task_report ? 0 : second.eip);
    print(" second ");
    print_hex(gdt[SECOND >> 3] >> 40 & 255);
    print(" first ");
    print_hex(gdt[FIRST >> 3] >> 40 & 255);
    print("\n");
    __asm__ volatile("clts; push $2; popf");
    for (int v = 10; v < 14; v++) set_gate(v, GATE_INTERRUPT, CODE0, handler_of(v), 0);
  }
  // The trap bit, and a task in virtual-8086 mode.
  set_up(task_report);
  second.trap = 1;
  attempt(call_task, SECOND, 0);
  show("T bit", trap.frame.vector == 1 ? task_report : call_task);
  set_up(task_report);
  second.cs = CODE3;
  second.ss = second.ds = second.es = DATA3;
  second.esp = (word)user_stack_top;
  attempt(call_task, SECOND, 0);
  show("to a user task", task_report);
}
