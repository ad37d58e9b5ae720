// Output, descriptor tables and lines of results for the bare-metal test programs.
#include "bare.h"

#define CONSOLE 0xe9 // of QEMU and Bochs
#define EXIT 0xf4    // of QEMU
#define TEST 0x2000  // of tests/bare: text; 0 = the end

struct trap trap;
word result;
bool (*hook)(struct frame *);
word entry_cs, entry_ss, entry_sp, entry_flags;
uint64_t idt[256 * sizeof(word) / 4];
extern word recover_sp; // of an attempt, else 0
extern char handlers[]; // trap.S: 16 bytes each

static void put(char c) {
  out8(CONSOLE, c);
  out8(TEST, c);
}

void print(const char *text) {
  while (*text) put(*text++);
}

void print_hex(uint64_t value) {
  int shift = 60;
  while (shift > 0 && !(value >> shift)) shift -= 4;
  for (; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

/** An address in the snippet as its offset, any other as it is. */
static void place(const char *name, word address, const void *code) {
  word offset = address - (word)code;
  print(name);
  if (offset < 0x1000) print("+");
  print_hex(offset < 0x1000 ? offset : address);
}

static void line(const char *name, const void *code, bool stack) {
  const struct frame *f = &trap.frame;
  print(name);
  if (f->vector == NONE || f->vector == DONE) {
    print(": ok\n");
    return;
  }
  print_field(": v=", f->vector);
  if (f->error != NO_ERROR) print_field(" e=", f->error);
  place(" ip=", f->ip, code);
  print_field(" cs=", f->cs & 0xffff);
  print_field(" fl=", f->flags);
  bool has_stack = WIDE || (f->cs & 3) != 0 || (f->flags & FLAG_VM) != 0;
  if (stack && has_stack) {
    print_field(" ss=", f->ss & 0xffff);
    print_field(" sp=", f->sp);
  }
  if (stack) print_field(" at=", trap.handler_sp);
  if (f->vector == 14) print_field(" cr2=", trap.cr2);
  if (f->vector == 1) print_field(" dr6=", trap.dr6);
  print("\n");
}

void report(const char *name, const void *code) { line(name, code, false); }
void report_stack(const char *name, const void *code) { line(name, code, true); }

void note(const char *name, word value) {
  print(name);
  print_field(": ", value);
  print("\n");
}

static uint64_t last_cell;
static int cells;

/** Prints the cells that are the same. */
static void put_cells(void) {
  if (cells == 0) return;
  print_field(" ", last_cell);
  if (cells > 1) print_field("*", cells);
  cells = 0;
}

void row(const char *name) {
  print(name);
  print(":");
}

void cell(uint64_t value) {
  if (cells != 0 && value != last_cell) put_cells();
  last_cell = value;
  cells++;
}

void cell_outcome(const void *code) {
  const struct frame *f = &trap.frame;
  if (f->vector == NONE || f->vector == DONE) {
    cell(0);
    return;
  }
  // Vector 0 shall not look like no exception; where it was counts only within the snippet.
  uint64_t offset = f->ip - (word)code, error = f->error == NO_ERROR ? 0 : f->error & 0xffff;
  cell((offset < 0xff ? offset : 0xff) << 24 | error << 8 | (f->vector == 0 ? 0x20 : f->vector));
}

void end_row(void) {
  put_cells();
  print("\n");
}

word value_of_attempt(void) { return trap.frame.vector == NONE ? result : trap.frame.ax; }

void check(const char *name, const void *code, word a, word b) {
  attempt(code, a, b);
  report(name, code);
}

word attempt_user(const void *code, word a, word b) {
  entry_cs = CODE3;
  entry_ss = DATA3;
  entry_sp = (word)user_stack_top;
  entry_flags = 2;
  return attempt_at(code, a, b);
}

void check_user(const char *name, const void *code, word a, word b) {
  attempt_user(code, a, b);
  report(name, code);
}

/** Called by trap.S; true = back to the interrupted code. */
bool on_trap(struct frame *f) {
  if (hook && f->vector != DONE && hook(f)) return true;
  if (recover_sp == 0) {
    print_field("unexpected trap: v=", f->vector);
    print_field(" ip=", f->ip);
    print("\n");
    finish();
  }
  trap.frame = *f;
  trap.handler_sp = (word)(&f->ip);
  __asm__ volatile("mov %%cr2,%0" : "=r"(trap.cr2));
  __asm__ volatile("mov %%dr6,%0" : "=r"(trap.dr6));
  return false;
}

const void *handler_of(int vector) { return handlers + vector * 16; }

void set_gate(int vector, int type, int selector, const void *handler, int ist) {
  word at = (word)handler;
  uint64_t low = (at & 0xffff) | (uint64_t)selector << 16 | (uint64_t)ist << 32 | (uint64_t)type << 40 |
                 (uint64_t)(at >> 16 & 0xffff) << 48;
  if (!WIDE) {
    idt[vector] = low;
    return;
  }
  idt[vector * 2] = low;
  idt[vector * 2 + 1] = (uint64_t)at >> 32;
}

void set_descriptor(int selector, uint32_t base, uint32_t limit, int access, int flags) {
  gdt[selector >> 3] = (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40 |
                       (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

void set_tss_stack(int privilege, const void *top) {
  if (WIDE) {
    *(uint64_t *)(tss + 4 + privilege * 8) = (word)top;
    return;
  }
  *(uint32_t *)(tss + 4 + privilege * 8) = (word)top;
  *(uint32_t *)(tss + 8 + privilege * 8) = DATA0;
}

void load_default_idt(void) {
  struct descriptor_pointer p = {sizeof idt - 1, (word)idt};
  load_idt(&p);
}

/** Interrupt controllers: the old ones masked. */
static void mask_interrupts(void) {
  static const uint8_t words[] = {0x11, 0x20, 4, 1};
  for (int chip = 0; chip < 2; chip++) {
    int port = chip ? 0xa0 : 0x20;
    out8(port, words[0]);
    out8(port + 1, chip ? 0x28 : 0x20);
    out8(port + 1, chip ? 2 : 4);
    out8(port + 1, words[3]);
    out8(port + 1, 0xff);
  }
}

void initialize(void) {
  for (int v = 0; v < 0x50; v++) set_gate(v, GATE_INTERRUPT | (v == DONE || v == 3 || v == 4 ? 0x60 : 0), CODE0, handler_of(v), 0);
  load_default_idt();
  set_descriptor(TSS, (word)tss, 0x67, 0x89, 0);
  if (WIDE) gdt[(TSS >> 3) + 1] = 0;
  *(uint16_t *)(tss + 102) = 0x68;
  set_tss_stack(0, trap_stack_top);
  __asm__ volatile("ltr %w0" ::"r"(TSS));
  mask_interrupts();
}

/** Ends the program: QEMU's exit device, then what Bochs knows. */
void finish(void) {
  print("end\n");
  out8(TEST, 0);
  out8(EXIT, 0);
  for (const char *c = "Shutdown"; *c; c++) out8(0x8900, *c);
  for (;;) __asm__ volatile("cli; hlt");
}
