// Code that changes while it runs: in front of itself, in a page mapped twice, across pages, by another mapping.
#include "../lib/bare.h"

extern uint64_t pml4[];
typedef volatile uint64_t entry;
static entry pdpt1[512], pd1[512], pt1[512] __attribute__((aligned(4096)));
static uint8_t pages[3][4096] __attribute__((aligned(4096)));

#define BASE 0x8000000000UL
#define ALIAS (BASE + 0x10000)

static void map(word la, const void *page, word flags) {
  pt1[la >> 12 & 511] = page ? (word)page | flags : 0;
  invlpg((void *)la);
}

static void put(void *to, const char *bytes, int length) {
  for (int i = 0; i < length; i++) ((volatile char *)to)[i] = bytes[i];
  // What a program does that changes code through another address.
  cpuid(0, 0);
}

static word call(const void *at) {
  attempt(at, 0, 0);
  return trap.frame.vector == NONE ? result : 0xdead0000 | trap.frame.vector;
}

// MOV AL,imm in front of which its own immediate is written.
CODE(next_instruction, "lea 1f+1(%rip), %rdx\n movb $7, (%rdx)\n1: mov $1, %eax\n ret")
CODE(next_loop, "mov $5, %ecx\n xor %edx, %edx\n1: add $1, %edx\n2: incb 1b+2(%rip)\n loop 1b\n mov %edx, %eax\n movb $1, 1b+2(%rip)\n ret")
CODE(by_stos, "lea 1f+1(%rip), %rdi\n mov $9, %al\n mov $1, %ecx\n rep stosb\n1: mov $1, %eax\n ret")
CODE(to_nop, "lea 1f(%rip), %rdx\n movw $0x9090, (%rdx)\n xor %eax, %eax\n1: inc %eax\n inc %eax\n ret")
CODE(into_branch, "xor %eax, %eax\n lea 1f+1(%rip), %rdx\n movb $2, (%rdx)\n1: jmp 2f\n2: inc %eax\n inc %eax\n inc %eax\n ret")
CODE(hot_loop, "mov $20000, %ecx\n xor %eax, %eax\n1: add $1, %eax\n cmp $10000, %ecx\n jne 2f\n movb $3, 1b+2(%rip)\n2: loop 1b\n movb $1, 1b+2(%rip)\n ret")
CODE(hot_call, "mov $20000, %ecx\n xor %eax, %eax\n1: call 3f\n cmp $10000, %ecx\n jne 2f\n movb $3, 3f+2(%rip)\n2: loop 1b\n movb $1, 3f+2(%rip)\n ret\n3: add $1, %eax\n ret")

void program(void) {
  pml4[1] = (word)pdpt1 | 7;
  pdpt1[0] = (word)pd1 | 7;
  pd1[0] = (word)pt1 | 7;
  note("the next instruction", call(next_instruction));
  note("the next instruction, once more", call(next_instruction));
  note("a loop's own immediate", call(next_loop));
  note("a loop's own immediate, once more", call(next_loop));
  note("by STOS", call(by_stos));
  note("an instruction becomes NOPs", call(to_nop));
  note("a branch's target", call(into_branch));
  note("in the middle of a hot loop", call(hot_loop));
  note("in the middle of a hot loop, once more", call(hot_loop));
  note("a function called from a hot loop", call(hot_call));

  // mov $1, %eax; ret through two addresses.
  map(BASE, pages[0], 3);
  map(ALIAS, pages[0], 3);
  put(pages[0], "\xb8\x01\0\0\0\xc3", 6);
  note("at one address", call((void *)BASE));
  note("at the other", call((void *)ALIAS));
  *(volatile uint8_t *)(ALIAS + 1) = 2;
  cpuid(0, 0);
  note("written at the other address", call((void *)BASE));
  *(volatile uint8_t *)(BASE + 1) = 3;
  cpuid(0, 0);
  note("written at this address, read at the other", call((void *)ALIAS));
  pages[0][1] = 4;
  cpuid(0, 0);
  note("written at a third", call((void *)ALIAS));

  // Another page at the same address.
  put(pages[1], "\xb8\x55\0\0\0\xc3", 6);
  map(BASE, pages[1], 3);
  note("another page", call((void *)BASE));
  map(BASE, pages[0], 3);
  note("the first page again", call((void *)BASE));

  // An instruction across two pages: its first byte in one, its immediate in the other.
  put(pages[0] + 0xffe, "\xb8\x11", 2);
  put(pages[1], "\x22\x33\x44\xc3", 4);
  put(pages[2], "\x66\x77\x08\xc3", 4);
  map(BASE + 0x1000, pages[1], 3);
  note("across two pages", call((void *)(BASE + 0xffe)));
  pages[1][0] = 0x99;
  cpuid(0, 0);
  note("across two pages, the second written", call((void *)(BASE + 0xffe)));
  pages[0][0xfff] = 0xaa;
  cpuid(0, 0);
  note("across two pages, the first written", call((void *)(BASE + 0xffe)));
  map(BASE + 0x1000, pages[2], 3);
  note("across two pages, the second exchanged", call((void *)(BASE + 0xffe)));
  map(BASE + 0x1000, 0, 0);
  attempt((void *)(BASE + 0xffe), 0, 0);
  report("across into an absent page", (void *)(BASE + 0xffe));
  map(BASE + 0x1000, pages[1], 3 | 1UL << 63);
  attempt((void *)(BASE + 0xffe), 0, 0);
  report("across into a page that is NX", (void *)(BASE + 0xffe));
  put(pages[0] + 0xfff, "\xc3", 1);
  attempt((void *)(BASE + 0xfff), 0, 0);
  report("the last byte of a page", (void *)(BASE + 0xfff));
  put(pages[0] + 0xfff, "\x90", 1);
  attempt((void *)(BASE + 0xfff), 0, 0);
  report("beyond the last byte of a page", (void *)(BASE + 0xfff));
  // A branch across that is not taken must not fetch.
  put(pages[0] + 0xff8, "\x31\xc0\x74\x01\x90\xc3", 6);
  note("in front of an absent page", call((void *)(BASE + 0xff8)));
}
