// Four-level paging: presence, rights, reserved bits, accessed and dirty bits, page sizes, SMEP, SMAP, what the TLB may keep.
#include "../lib/bare.h"

typedef volatile uint64_t entry;
#define P 1UL
#define RW 2UL
#define US 4UL
#define A 0x20UL
#define D 0x40UL
#define PS 0x80UL
#define G 0x100UL
#define NX (1UL << 63)

extern uint64_t pml4[];
/** Tables of the pages under test: slot 1 of the PML4. Pages are named by their entry. */
static entry pdpt1[512], pd1[512], pt1[512] __attribute__((aligned(4096)));
static uint8_t page[2][4096] __attribute__((aligned(4096)));

#define BASE 0x8000000000UL
#define TEST ((char *)BASE)

CODE(read_byte, "mov (%rdi), %al\n ret")
CODE(write_byte, "mov %al, (%rdi)\n ret")
CODE(add_byte, "lock addb $0, (%rdi)\n ret")
CODE(read_eight, "mov (%rdi), %rax\n ret")
CODE(write_eight, "mov %rax, (%rdi)\n ret")
CODE(call_it, "call *%rdi\n ret")
CODE(compare_exchange, "lock cmpxchg %cl, (%rdi)\n ret")
CODE(push_it, "mov %rsp, %rbx\n mov %rdi, %rsp\n push %rax\n mov %rbx, %rsp\n ret")
CODE(pop_it, "mov %rsp, %rbx\n mov %rdi, %rsp\n pop %rax\n mov %rbx, %rsp\n ret")
CODE(read_stac, "stac\n mov (%rdi), %al\n clac\n ret")
CODE(write_stac, "stac\n mov %al, (%rdi)\n clac\n ret")
CODE(bit_test, "bts %rax, (%rdi)\n ret")
CODE(load_cr3, "mov %rax, %cr3\n ret")
CODE(load_cr4, "mov %rax, %cr4\n ret")
CODE(load_cr0, "mov %rax, %cr0\n ret")

static void set_tables(void) {
  pml4[1] = (word)pdpt1 | P | RW | US;
  pdpt1[0] = (word)pd1 | P | RW | US;
  pd1[0] = (word)pt1 | P | RW | US;
  write_cr3(read_cr3());
}

static void set(entry *e, uint64_t value) {
  *e = value;
  write_cr3(read_cr3());
}

static void set_page(uint64_t flags) {
  set_tables();
  set(&pt1[0], (word)page[0] | flags);
}

static void join(char *to, const char *a, const char *b) {
  while (*a) *to++ = *a++;
  *to++ = ' ';
  while ((*to++ = *b++)) {
  }
}

/** The accessed and dirty bits that an access has left at all levels. */
static void note_bits(const char *name) {
  char text[80];
  join(text, name, "leaves");
  word bits = (pml4[1] & A) >> 5 << 12 | (pdpt1[0] & (A | D)) >> 5 << 8 | (pd1[0] & (A | D)) >> 5 << 4 | (pt1[0] & (A | D)) >> 5;
  note(text, bits);
}

static const char *const kinds[] = {"read", "write", "locked add", "fetch"};
static const char *const snippets[] = {read_byte, write_byte, add_byte, call_it};

/** All kinds of access from both privileges, and the bits that they leave. */
static void accesses(const char *name, uint64_t flags) {
  char text[80], user[80];
  for (int kind = 0; kind < 4; kind++) {
    join(text, name, kinds[kind]);
    page[0][0] = 0xc3;
    set_page(flags);
    check(text, snippets[kind], BASE, 0xc3);
    note_bits(text);
    join(user, text, "user");
    page[0][0] = 0xc3;
    set_page(flags);
    check_user(user, snippets[kind], BASE, 0xc3);
    note_bits(user);
  }
}

static void rights(void) {
  accesses("absent", 0);
  accesses("absent with all else set", ~(P | 0xfffffffffffff000));
  accesses("supervisor read-only", P);
  accesses("supervisor", P | RW);
  accesses("user read-only", P | US);
  accesses("user", P | RW | US);
  accesses("user NX", P | RW | US | NX);
  write_cr0(read_cr0() | CR0_WP);
  accesses("WP supervisor read-only", P);
  accesses("WP user read-only", P | US);
  write_cr0(read_cr0() & ~CR0_WP);
}

/** Rights are those of all levels together. */
static void levels(void) {
  static const char *const names[] = {"PML4E", "PDPTE", "PDE"};
  entry *const entries[] = {&pml4[1], &pdpt1[0], &pd1[0]};
  write_cr0(read_cr0() | CR0_WP);
  char text[80];
  for (int i = 0; i < 3; i++) {
    uint64_t full;
    set_page(P | RW | US);
    full = *entries[i] & ~(A | D);
    static const struct {
      const char *name;
      uint64_t clear, set;
    } changes[] = {{"absent", P, 0}, {"read-only", RW, 0}, {"supervisor", US, 0}, {"NX", 0, NX}, {"bit 51", 0, 1UL << 51}, {"PS", 0, PS}, {"bit 46", 0, 1UL << 46}, {"bit 52", 0, 1UL << 52}, {"G", 0, G}};
    for (unsigned c = 0; c < sizeof changes / sizeof *changes; c++) {
      // A PDPTE or PDE with PS is a page of its own.
      if (changes[c].set == PS && i > 0) continue;
      join(text, names[i], changes[c].name);
      for (int kind = 0; kind < 4; kind++) {
        char all[80];
        join(all, text, kinds[kind]);
        page[0][0] = 0xc3;
        set_page(P | RW | US);
        set(entries[i], (full & ~changes[c].clear) | changes[c].set);
        check_user(all, snippets[kind], BASE, 0xc3);
        note_bits(all);
      }
    }
    set(entries[i], full);
  }
  write_cr0(read_cr0() & ~CR0_WP);
}

static void reserved(void) {
  static const struct {
    const char *name;
    uint64_t bit;
  } bits[] = {{"PTE bit 46", 1UL << 46}, {"PTE bit 51", 1UL << 51}, {"PTE bit 52", 1UL << 52}, {"PTE bit 62", 1UL << 62}, {"PTE bits 9-11", 0xe00}};
  for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++) {
    set_page(P | RW | US | bits[i].bit);
    check(bits[i].name, read_byte, BASE, 0);
    char text[80];
    join(text, bits[i].name, "user write");
    check_user(text, write_byte, BASE, 0);
  }
  // Without EFER.NXE bit 63 is reserved.
  write_msr(EFER, read_msr(EFER) & ~0x800UL);
  set_page(P | RW | US | NX);
  check("NX without NXE, read", read_byte, BASE, 0);
  check_user("NX without NXE, fetch", call_it, BASE, 0);
  set_page(P | RW);
  check_user("fetch without NXE", call_it, BASE, 0);
  write_msr(EFER, read_msr(EFER) | 0x800UL);
  set_page(P | RW);
  check_user("fetch with NXE", call_it, BASE, 0);
}

static void large(void) {
  set_tables();
  set(&pd1[0], 0x200000 | P | RW | US | PS);
  *(volatile char *)0x200123 = 0x5a;
  attempt(read_byte, BASE + 0x123, 0);
  note("2 MiB page reads", result & 0xff);
  note("2 MiB page bits", pd1[0]);
  attempt(write_byte, BASE + 0x124, 1);
  note("2 MiB page bits after a write", pd1[0]);
  check("2 MiB page, last byte", read_byte, BASE + 0x1fffff, 0);
  check("2 MiB page, across its end", read_eight, BASE + 0x1ffffc, 0);
  set(&pd1[0], 0x200000 | P | RW | US | PS | 0x1000);
  check("2 MiB page with PAT", read_byte, BASE, 0);
  set(&pd1[0], 0x200000 | P | RW | US | PS | 0x2000);
  check("2 MiB page with bit 13", read_byte, BASE, 0);
  set(&pd1[0], 0x200000 | P | RW | US | PS | 0x100000);
  check_user("2 MiB page with bit 20", write_byte, BASE, 0);
  set(&pd1[0], 0x200000 | P | US | PS);
  check_user("2 MiB page read-only", write_byte, BASE, 0);
  set(&pd1[0], 0x200000 | P | RW | PS | NX);
  check("2 MiB page NX", call_it, BASE, 0);
  set(&pdpt1[0], P | RW | US | PS);
  attempt(read_byte, BASE + 0x200123, 0);
  note("1 GiB page reads", result & 0xff);
  note("1 GiB page bits", pdpt1[0]);
  attempt(write_byte, BASE + 0x200124, 1);
  note("1 GiB page bits after a write", pdpt1[0]);
  set(&pdpt1[0], P | RW | US | PS | 0x1000);
  check("1 GiB page with PAT", read_byte, BASE, 0);
  set(&pdpt1[0], P | RW | US | PS | 0x200000);
  check("1 GiB page with bit 21", read_byte, BASE, 0);
  set(&pdpt1[0], P | RW | US | PS | 0x20000000);
  check_user("1 GiB page with bit 29", read_byte, BASE, 0);
}

static void addresses(void) {
  set_page(P | RW | US);
  check("read across a page that is absent", read_eight, BASE + 0xffc, 0);
  check("write across a page that is absent", write_eight, BASE + 0xffc, 0);
  note("bytes in front of an absent page", page[0][0xfff]);
  set(&pt1[1], (word)page[1] | P);
  write_cr0(read_cr0() | CR0_WP);
  check("write across a page that is read-only", write_eight, BASE + 0xffc, -1);
  note("bytes in front of a read-only page", page[0][0xfff]);
  write_cr0(read_cr0() & ~CR0_WP);
  set(&pt1[1], 0);
  check("read non-canonical", read_byte, 0x800000000000, 0);
  check("read non-canonical, across", read_eight, 0x7ffffffffffc, 0);
  check("read non-canonical, top", read_byte, 0xffff7fffffffffff, 0);
  check_user("push non-canonical", push_it, 0x800000000008, 0);
  check_user("pop non-canonical", pop_it, 0x800000000000, 0);
  check("call non-canonical", call_it, 0x800000000000, 0);
  check_user("push absent", push_it, BASE + 0x1004, 0);
  check_user("pop absent", pop_it, BASE + 0xffc, 0);
  check("read the last byte of the lower half", read_byte, 0x7fffffffffff, 0);
  check("read absent in the upper half", read_byte, 0xffff800000000000, 0);
  check("bit test far below", bit_test, BASE + 0x1000, -0x8001UL * 8);
  page[0][0] = 1;
  set_page(P | RW | US);
  attempt(compare_exchange, BASE, 0x7f);
  note_bits("CMPXCHG that fails");
  set_page(P | US);
  write_cr0(read_cr0() | CR0_WP);
  check("CMPXCHG that fails, read-only", compare_exchange, BASE, 0x7f);
  write_cr0(read_cr0() & ~CR0_WP);
}

static void smep_smap(void) {
  struct cpuid f = cpuid(7, 0);
  if (f.b & 1 << 7) {
    write_cr4(read_cr4() | CR4_SMEP);
    page[0][0] = 0xc3;
    set_page(P | RW | US);
    check("SMEP fetch user page", call_it, BASE, 0);
    check_user("SMEP fetch user page, user", call_it, BASE, 0);
    set_page(P | RW);
    check("SMEP fetch supervisor page", call_it, BASE, 0);
    check_user("SMEP fetch supervisor page, user", call_it, BASE, 0);
    set_tables();
    set(&pd1[0], (word)pt1 | P | RW);
    set(&pt1[0], (word)page[0] | P | RW | US);
    check("SMEP supervisor by the directory", call_it, BASE, 0);
    write_msr(EFER, read_msr(EFER) & ~0x800UL);
    set_page(0);
    check("SMEP fetch absent without NXE", call_it, BASE, 0);
    write_msr(EFER, read_msr(EFER) | 0x800UL);
    write_cr4(read_cr4() & ~CR4_SMEP);
  }
  if (f.b & 1 << 20) {
    write_cr4(read_cr4() | CR4_SMAP);
    set_page(P | RW | US);
    check("SMAP read", read_byte, BASE, 0);
    check("SMAP write", write_byte, BASE, 0);
    check("SMAP read, AC", read_stac, BASE, 0);
    check("SMAP write, AC", write_stac, BASE, 0);
    check("SMAP fetch", call_it, BASE, 0);
    check_user("SMAP read, user", read_byte, BASE, 0);
    set_page(P | US);
    write_cr0(read_cr0() | CR0_WP);
    check("SMAP write read-only, AC", write_stac, BASE, 0);
    write_cr0(read_cr0() & ~CR0_WP);
    check_user("STAC, user", read_stac, BASE, 0);
    write_cr4(read_cr4() & ~CR4_SMAP);
  }
}

static void tlb(void) {
  page[0][0] = 0x11;
  page[1][0] = 0x22;
  set_page(P | RW | US);
  attempt(read_byte, BASE, 0);
  pt1[0] = (word)page[1] | P | RW | US;
  invlpg(TEST);
  attempt(read_byte, BASE, 0);
  note("INVLPG shows the new page", result & 0xff);
  write_cr4(read_cr4() | CR4_PGE);
  set_page(P | RW | US | G);
  attempt(read_byte, BASE, 0);
  pt1[0] = (word)page[1] | P | RW | US;
  invlpg(TEST);
  attempt(read_byte, BASE, 0);
  note("INVLPG drops a global page", result & 0xff);
  set_page(P | RW | US | G);
  attempt(read_byte, BASE, 0);
  pt1[0] = (word)page[1] | P | RW | US;
  write_cr4(read_cr4() & ~CR4_PGE);
  attempt(read_byte, BASE, 0);
  note("clearing PGE drops global pages", result & 0xff);
  // A fault drops what the TLB has of its page; more rights need no flush.
  set_page(P);
  write_cr0(read_cr0() | CR0_WP);
  attempt(read_byte, BASE, 0);
  check("write read-only", write_byte, BASE, 0);
  pt1[0] = (word)page[0] | P | RW;
  check("write after more rights, unflushed", write_byte, BASE, 0);
  pt1[1] = 0;
  check("read absent", read_byte, BASE + 0x1000, 0);
  pt1[1] = (word)page[1] | P;
  check("read once present, unflushed", read_byte, BASE + 0x1000, 0);
  write_cr0(read_cr0() & ~CR0_WP);
  // The dirty bit is set again after it was cleared and flushed.
  set_page(P | RW);
  attempt(write_byte, BASE, 0);
  pt1[0] &= ~D;
  invlpg(TEST);
  attempt(read_byte, BASE, 0);
  note_bits("dirty bit cleared, then read");
  attempt(write_byte, BASE, 0);
  note_bits("dirty bit cleared, then written");
  pt1[0] &= ~A;
  invlpg(TEST);
  attempt(read_byte, BASE, 0);
  note_bits("accessed bit cleared, then read");
}

CODE(invpcid_0, "mov %rax, (%rdi)\n mov $0x1234, %rcx\n mov %rsi, 8(%rdi)\n xor %ecx, %ecx\n invpcid (%rdi), %rcx\n ret")
CODE(invpcid_type, "invpcid (%rdi), %rax\n ret")

static void pcid(void) {
  if (!(cpuid(1, 0).c & 1 << 17)) return;
  static uint64_t descriptor[2];
  uint64_t cr3 = read_cr3();
  check("CR4.PCIDE", load_cr4, 0, read_cr4() | CR4_PCIDE);
  page[0][0] = 0x11;
  page[1][0] = 0x22;
  set_page(P | RW | US);
  write_cr3(cr3 | 1);
  attempt(read_byte, BASE, 0);
  note("PCID 1 reads", result & 0xff);
  pt1[0] = (word)page[1] | P | RW | US;
  write_cr3(cr3 | 2);
  attempt(read_byte, BASE, 0);
  note("PCID 2 reads", result & 0xff);
  write_cr3(cr3 | 1);
  attempt(read_byte, BASE, 0);
  note("PCID 1 flushed reads", result & 0xff);
  note("CR3 shows the PCID", read_cr3() & 0xfff);
  check("CR4.PCIDE off with a PCID", load_cr4, 0, read_cr4() & ~CR4_PCIDE);
  check("CR4.PCIDE on again with a PCID", load_cr4, 0, read_cr4() | CR4_PCIDE);
  write_cr3(cr3);
  check("CR3 with bit 62", load_cr3, 0, cr3 | 1UL << 62);
  check("CR3 with bit 63", load_cr3, 0, cr3 | 1UL << 63);
  note("CR3 does not show bit 63", read_cr3() >> 63);
  if (cpuid(7, 0).b & 1 << 10) {
    check("INVPCID type 4", invpcid_type, (word)descriptor, 4);
    check("INVPCID type 3", invpcid_type, (word)descriptor, 3);
    check("INVPCID type 0, canonical", invpcid_0, (word)descriptor, 0);
    check("INVPCID with reserved bits", invpcid_0, (word)descriptor, 0x1000);
    descriptor[0] = 0;
    descriptor[1] = 0x800000000000;
    check("INVPCID type 0, non-canonical", invpcid_type, (word)descriptor, 0);
    check("INVPCID type 1, non-canonical", invpcid_type, (word)descriptor, 1);
    check_user("INVPCID, user", invpcid_type, (word)descriptor, 0);
  }
  check("CR0.PG off with PCIDE", load_cr0, 0, read_cr0() & ~(word)CR0_PG);
  check("CR4.PCIDE off", load_cr4, 0, read_cr4() & ~CR4_PCIDE);
  write_cr3(cr3 | 0x18);
  check("CR4.PCIDE with bits in CR3", load_cr4, 0, read_cr4() | CR4_PCIDE);
  write_cr3(cr3);
}

static void control(void) {
  check("CR0.PG off in 64-bit mode", load_cr0, 0, read_cr0() & ~(word)CR0_PG);
  check("CR0.PE off", load_cr0, 0, read_cr0() & ~1UL);
  check("CR0.NW without CD", load_cr0, 0, (read_cr0() & ~0x40000000UL) | 0x20000000);
  check("CR0 bit 32", load_cr0, 0, read_cr0() | 1UL << 32);
  check("CR0 reserved bit", load_cr0, 0, read_cr0() | 1UL << 17);
  note("CR0 reserved bit stays 0", read_cr0() & 1UL << 17);
  check("CR4.PAE off", load_cr4, 0, read_cr4() & ~(word)CR4_PAE);
  check("CR4 bit 63", load_cr4, 0, read_cr4() | 1UL << 63);
  check("CR4 reserved bit 31", load_cr4, 0, read_cr4() | 1UL << 31);
  check("CR3 bit 46", load_cr3, 0, read_cr3() | 1UL << 46);
  check("CR3 bit 63", load_cr3, 0, read_cr3() | 1UL << 63);
  check("CR3 bits 0-11", load_cr3, 0, read_cr3() | 0xfff);
  write_cr3(read_cr3() & ~0xfffUL);
  check_user("CR3, user", load_cr3, 0, 0);
}

void program(void) {
  rights();
  levels();
  reserved();
  large();
  addresses();
  smep_smap();
  tlb();
  control();
  pcid();
}
