// String instructions in 64-bit mode: what a page fault in the middle leaves, and how they go on after it.
#include "../lib/bare.h"

extern uint64_t pml4[];
typedef volatile uint64_t entry;
static entry pdpt1[512], pd1[512], pt1[512] __attribute__((aligned(4096)));
static uint8_t pages[2][4096] __attribute__((aligned(4096)));
static uint8_t source[4096] __attribute__((aligned(4096)));

#define BASE 0x8000000000UL
#define EDGE (BASE + 0x1000)

static bool repair;
static word seen[3];

/** Prints the registers at the fault; with `repair` maps the page and goes on. */
static bool note_fault(struct frame *f) {
  if (f->vector != 14) return false;
  print(" fault cx=");
  print_hex(f->cx);
  print(" si=");
  print_hex(f->si - seen[0]);
  print(" di=");
  print_hex(f->di - seen[1]);
  print(" ax=");
  print_hex(f->ax);
  word cr2;
  __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
  print(" cr2=");
  print_hex(cr2);
  print(" e=");
  print_hex(f->error);
  if (!repair) return false;
  pt1[1] = (word)pages[1] | 3;
  return true;
}

// rdi and rsi come in rdi and rax, the count in the code.
CODE(movsb, "mov %rax, %rsi\n mov $16, %ecx\n rep movsb\n mov %rcx, %rax\n ret")
CODE(movsw, "mov %rax, %rsi\n mov $16, %ecx\n rep movsw\n mov %rcx, %rax\n ret")
CODE(movsq, "mov %rax, %rsi\n mov $16, %ecx\n rep movsq\n mov %rcx, %rax\n ret")
CODE(movsb_back, "mov %rax, %rsi\n mov $16, %ecx\n std\n rep movsb\n cld\n mov %rcx, %rax\n ret")
CODE(stosb, "mov $16, %ecx\n rep stosb\n mov %rcx, %rax\n ret")
CODE(stosd, "mov $16, %ecx\n rep stosl\n mov %rcx, %rax\n ret")
CODE(stosq_back, "mov $16, %ecx\n std\n rep stosq\n cld\n mov %rcx, %rax\n ret")
CODE(lodsw, "mov %rax, %rsi\n mov $16, %ecx\n rep lodsw\n ret")
CODE(scasb, "mov $16, %ecx\n mov $0x77, %al\n repne scasb\n mov %rcx, %rax\n ret")
CODE(cmpsb, "mov %rax, %rsi\n mov $16, %ecx\n repe cmpsb\n mov %rcx, %rax\n ret")
CODE(outsb, "mov %rdi, %rsi\n mov $0x80, %edx\n mov $16, %ecx\n rep outsb\n mov %rcx, %rax\n ret")
CODE(insb, "mov $0x21, %edx\n mov $16, %ecx\n rep insb\n mov %rcx, %rax\n ret")
CODE(movs_once, "mov %rax, %rsi\n movsq\n ret")
CODE(movsb_32, "mov %rax, %rsi\n movabs $0x500000010, %rcx\n addr32 rep movsb\n mov %rcx, %rax\n ret")
CODE(movs_overlap, "lea 1(%rdi), %rsi\n xchg %rsi, %rdi\n mov $16, %ecx\n rep movsb\n mov %rcx, %rax\n ret")
CODE(stosb_none, "xor %ecx, %ecx\n rep stosb\n ret")

static void run(const char *name, const char *code, word a, word b) {
  for (int i = 0; i < 2; i++) {
    repair = i;
    for (int n = 0; n < 4096; n++) {
      source[n] = n * 7 + 1;
      pages[0][n] = pages[1][n] = n * 5;
    }
    pt1[1] = 0;
    invlpg((void *)EDGE);
    seen[0] = b;
    seen[1] = a;
    print(name);
    print(i ? ", repaired:" : ":");
    attempt(code, a, b);
    if (trap.frame.vector == NONE) {
      print(" ends with ");
      print_hex(result);
    }
    print(" memory");
    unsigned sum = 0;
    for (int n = 0; n < 4096; n++) sum = sum * 31 + pages[0][n] + 3 * pages[1][n];
    print(" ");
    print_hex(sum);
    print(" .\n");
  }
}

void program(void) {
  pml4[1] = (word)pdpt1 | 7;
  pdpt1[0] = (word)pd1 | 7;
  pd1[0] = (word)pt1 | 7;
  pt1[0] = (word)pages[0] | 7;
  hook = note_fault;
  run("MOVSB into", movsb, EDGE - 5, (word)source);
  run("MOVSB out of", movsb, (word)pages[0], EDGE - 5);
  run("MOVSW across the middle", movsw, EDGE - 5, (word)source);
  run("MOVSQ across the middle", movsq, EDGE - 20, (word)source);
  run("MOVSQ, both across", movsq, EDGE - 12, EDGE - 20);
  run("MOVSB backwards", movsb_back, EDGE + 5, (word)source + 100);
  run("STOSB", stosb, EDGE - 5, 0xab);
  run("STOSD across the middle", stosd, EDGE - 6, 0x12345678);
  run("STOSQ backwards", stosq_back, EDGE + 32, 0x1122334455667788);
  run("LODSW", lodsw, 0, EDGE - 6);
  run("SCASB", scasb, EDGE - 5, 0);
  run("CMPSB", cmpsb, (word)pages[0] + 4091, EDGE - 5);
  run("OUTSB", outsb, EDGE - 5, 0);
  run("INSB", insb, EDGE - 5, 0);
  run("MOVSQ once", movs_once, EDGE - 4, (word)source);
  run("MOVSB with 32-bit addresses", movsb_32, (word)pages[0], (word)source);
  run("MOVSB over itself", movs_overlap, EDGE - 9, 0);
  run("STOSB of nothing", stosb_none, EDGE, 0);
}
