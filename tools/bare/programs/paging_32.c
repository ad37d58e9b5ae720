// Paging in 32-bit protected mode: two levels, with and without 4 MiB pages, and PAE.
#include "../lib/bare.h"

static uint32_t directory[1024], table[1024] __attribute__((aligned(4096)));
static uint64_t pointers[4] __attribute__((aligned(4096)));
static uint64_t pae_low[512], pae_test[512], pae_table[512] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));

#define BASE 0x40000000UL

CODE(read_byte, "mov (%edi), %al\n ret")
CODE(write_byte, "mov %al, (%edi)\n ret")
CODE(call_it, "call *%edi\n ret")
CODE(read_four, "mov (%edi), %eax\n ret")
CODE(load_cr0, "mov %eax, %cr0\n jmp 1f\n1: ret")
CODE(load_cr3, "mov %eax, %cr3\n ret")
CODE(load_cr4, "mov %eax, %cr4\n ret")

static const char *const kinds[] = {" read", " write", " fetch"};
static const char *const snippets[] = {read_byte, write_byte, call_it};

static void accesses(const char *name, volatile uint8_t *entry, bool both) {
  for (int kind = 0; kind < 3; kind++) {
    for (int user = 0; user < 2; user++) {
      char text[80], *to = text;
      for (const char *c = name; *c; c++) *to++ = *c;
      for (const char *c = kinds[kind]; (*to = *c); c++) to++;
      if (user) for (const char *c = ", user"; (*to = *c); c++) to++;
      page[0] = 0xc3;
      *entry &= ~0x60;
      write_cr3(read_cr3());
      if (user) check_user(text, snippets[kind], BASE, 0xc3);
      else check(text, snippets[kind], BASE, 0xc3);
      for (const char *c = ", bits"; (*to = *c); c++) to++;
      if (both) note(text, *entry & 0x60);
    }
  }
}

static void legacy(void) {
  for (int i = 0; i < 4; i++) directory[i] = i << 22 | 0x87;
  directory[0xfee00000 >> 22] = 0xfec00087;
  directory[BASE >> 22] = (word)table | 7;
  write_cr3((word)directory);
  write_cr4(read_cr4() | CR4_PSE);
  write_cr0(read_cr0() | CR0_PG);
  static const struct {
    const char *name;
    uint32_t flags;
  } cases[] = {{"absent", 0}, {"supervisor read-only", 1}, {"supervisor", 3}, {"user read-only", 5}, {"user", 7}};
  for (int wp = 0; wp < 2; wp++) {
    for (unsigned i = 0; i < 5; i++) {
      char text[80], *to = text;
      if (wp) for (const char *c = "WP "; *c; c++) *to++ = *c;
      for (const char *c = cases[i].name; (*to = *c); c++) to++;
      table[0] = (word)page | cases[i].flags;
      accesses(text, (uint8_t *)&table[0], true);
    }
    write_cr0(read_cr0() ^ CR0_WP);
  }
  table[0] = (word)page | 7;
  directory[BASE >> 22] = (word)table | 5;
  accesses("read-only by the directory", (uint8_t *)&table[0], true);
  directory[BASE >> 22] = (word)table | 3;
  accesses("supervisor by the directory", (uint8_t *)&table[0], true);
  directory[BASE >> 22] = 0;
  accesses("absent by the directory", (uint8_t *)&table[0], true);
  // 4 MiB pages
  *(volatile uint8_t *)0x400000 = 0xc3;
  directory[BASE >> 22] = 0x400087;
  accesses("4 MiB", (uint8_t *)&directory[BASE >> 22], true);
  directory[BASE >> 22] = 0x600087;
  accesses("4 MiB with bit 21", (uint8_t *)&directory[BASE >> 22], false);
  directory[BASE >> 22] = 0x401087;
  accesses("4 MiB with PAT", (uint8_t *)&directory[BASE >> 22], false);
  // Without CR4.PSE the bit has no meaning; the directory's own pages must then be small.
  write_cr4(read_cr4() & ~CR4_PGE);
  check("CR4.PCIDE outside IA-32e mode", load_cr4, 0, read_cr4() | CR4_PCIDE);
  check("CR4 reserved", load_cr4, 0, read_cr4() | 0x80000000);
  check("CR3 any bit", load_cr3, 0, (word)directory | 0xfe7);
  note("CR3 shows", read_cr3() & 0xfff);
  write_cr3((word)directory);
  table[1023] = 0;
  directory[BASE >> 22] = (word)table | 7;
  table[0] = (word)page | 7;
  check("read across", read_four, BASE + 0xffe, 0);
  check("read around 4 GiB", read_four, 0xfffffffe, 0);
  check("PG without PE", load_cr0, 0, read_cr0() & ~1UL);
  write_cr0(read_cr0() & ~CR0_PG);
}

static void pae(void) {
  for (int i = 0; i < 8; i++) pae_low[i] = (uint64_t)i << 21 | 0x87;
  pointers[0] = (word)pae_low | 1;
  pointers[1] = (word)pae_test | 1;
  pointers[2] = pointers[3] = 0;
  pae_test[0] = (word)pae_table | 7;
  write_cr4((read_cr4() & ~CR4_PSE) | CR4_PAE);
  write_cr3((word)pointers);
  pointers[2] = (word)pae_test | 3;
  write_cr3((word)pointers);
  check("PG with reserved bits in a PDPTE", load_cr0, 0, read_cr0() | CR0_PG);
  pointers[2] = 0;
  write_cr0(read_cr0() | CR0_PG);
  static const struct {
    const char *name;
    uint64_t flags;
  } cases[] = {{"PAE absent", 0}, {"PAE supervisor read-only", 1}, {"PAE supervisor", 3}, {"PAE user read-only", 5}, {"PAE user", 7}, {"PAE bit 46", 7 | 1ULL << 46}, {"PAE bit 52", 7 | 1ULL << 52}, {"PAE bit 63 without NXE", 7 | 1ULL << 63}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    pae_table[0] = (word)page | cases[i].flags;
    accesses(cases[i].name, (uint8_t *)&pae_table[0], true);
  }
  write_msr(EFER, 0x800);
  pae_table[0] = (word)page | 7 | 1ULL << 63;
  accesses("PAE NX", (uint8_t *)&pae_table[0], true);
  pae_table[0] = (word)page | 3;
  accesses("PAE supervisor with NXE", (uint8_t *)&pae_table[0], false);
  write_msr(EFER, 0);
  *(volatile uint8_t *)0x400000 = 0xc3;
  pae_test[0] = 0x400087;
  accesses("PAE 2 MiB", (uint8_t *)&pae_test[0], true);
  pae_test[0] = 0x400087 | 0x2000;
  accesses("PAE 2 MiB with bit 13", (uint8_t *)&pae_test[0], false);
  pae_test[0] = (word)pae_table | 7;
  pae_table[0] = (word)page | 7;
  // The pointers are registers: a change in memory has no effect before CR3 is written.
  check("PDPTE in force", read_byte, BASE, 0);
  pointers[1] = 0;
  invlpg((void *)BASE);
  check("PDPTE changed in memory", read_byte, BASE, 0);
  write_cr3((word)pointers);
  check("PDPTE absent after CR3", read_byte, BASE, 0);
  pointers[1] = (word)pae_test | 1 | 1ULL << 63;
  check("CR3 with bit 63 in a PDPTE", load_cr3, 0, (word)pointers);
  pointers[1] = (word)pae_test | 1 | 0x1e0;
  check("CR3 with bits 5-8 in a PDPTE", load_cr3, 0, (word)pointers);
  pointers[1] = (word)pae_test | 1 | 6;
  check("CR3 with bits 1-2 in a PDPTE", load_cr3, 0, (word)pointers);
  pointers[1] = (word)pae_test | 1 | 0xe18;
  check("CR3 with ignored bits in a PDPTE", load_cr3, 0, (word)pointers);
  check("read after that", read_byte, BASE, 0);
  pointers[1] = 0x1e6;
  check("CR3 with an absent PDPTE of any bits", load_cr3, 0, (word)pointers);
  pointers[1] = (word)pae_test | 1;
  write_cr3((word)pointers);
  check("CR4.SMEP loads the PDPTEs", load_cr4, 0, read_cr4() ^ CR4_PGE);
  write_cr0(read_cr0() & ~CR0_PG);
}

void program(void) {
  write_cr0(read_cr0() & ~CR0_WP);
  legacy();
  pae();
}
