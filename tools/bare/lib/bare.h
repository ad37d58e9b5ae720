// What the bare-metal test programs share: code snippets that may fault, attempts to run them, lines of results.
// One source for 32-bit protected and 64-bit mode; `word` is the width of a register.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef unsigned long word;
#define WIDE (sizeof(word) == 8)

// Selectors of the table in start32.S and start64.S.
#define CODE0 0x08
#define DATA0 0x10
#define CODE3 0x1b
#define DATA3 0x23
#define OTHER_CODE0 0x28 // the other width: 32-bit code for 64-bit programs, 16-bit code for 32-bit ones
#define OTHER_CODE3 0x33
#define TSS 0x38
#define DF_TASK 0x48 // 32-bit programs only
#define FREE 0x60    // the first selector that a program may use
#define DONE 0x40    // INT DONE ends a snippet that was entered by attempt_at
#define IST_VECTOR 0x41

/** A piece of machine code. It gets (r|e)di = a, (r|e)ax = b and ends with RET, or with INT DONE. */
#define CODE(name, text)                                                     \
  __asm__(".text\n.balign 16\n.globl " #name "\n" #name ":\n" text "\n"); \
  extern char name[];

/** What the handlers see; the first words are in the order in which trap.S saves them. */
struct frame {
#if __x86_64__
  word r15, r14, r13, r12, r11, r10, r9, r8, di, si, bp, bx, dx, cx, ax;
#else
  word gs, fs, es, ds, di, si, bp, unused, bx, dx, cx, ax;
#endif
  word vector, error, ip, cs, flags, sp, ss;
#if !__x86_64__
  word v86_es, v86_ds, v86_fs, v86_gs;
#endif
};

/** The last trap of an attempt; vector is NONE if the snippet returned. */
#define NONE 0xffffUL
#define NO_ERROR 0xeeeeUL
struct trap {
  struct frame frame;
  word cr2, dr6, handler_sp;
};
extern struct trap trap;
extern word result; // (r|e)ax of a snippet that returned

/** Called in every trap before the attempt is given up; true = go back to the interrupted code. */
extern bool (*hook)(struct frame *);

struct descriptor_pointer {
  uint16_t limit;
  word base;
} __attribute__((packed));

extern uint64_t gdt[];
extern struct descriptor_pointer gdt_pointer;
extern uint8_t tss[];
extern uint64_t idt[];
extern char stack_top[], trap_stack_top[], user_stack_top[], ist_stack_top[], df_stack_top[], ring1_stack_top[], ring2_stack_top[];
extern char done[]; // INT DONE

// Where attempt_at enters.
extern word entry_cs, entry_ss, entry_sp, entry_flags;

void initialize(void);
void finish(void) __attribute__((noreturn));

word attempt(const void *code, word a, word b);
word attempt_at(const void *code, word a, word b); // by IRET with the entry_ values
word attempt_user(const void *code, word a, word b);

/** Runs a snippet and prints a line about it. */
void check(const char *name, const void *code, word a, word b);
void check_user(const char *name, const void *code, word a, word b);
/** Prints the line of the last attempt. */
void report(const char *name, const void *code);
/** The same with the stack pointer and segment in the frame. */
void report_stack(const char *name, const void *code);
void note(const char *name, word value);
/** A line of many results, in which neighbours that are the same are counted. */
void row(const char *name);
void cell(uint64_t value);
/** The outcome of the last attempt as a cell: how it ended, the error code, and where. */
void cell_outcome(const void *code);
void end_row(void);
/** (r|e)ax at the end of the last attempt, whether it returned or was ended by INT DONE. */
word value_of_attempt(void);
void print(const char *text);
void print_hex(uint64_t value);
static inline void print_field(const char *name, uint64_t value) {
  print(name);
  print_hex(value);
}

/** Gate in the IDT: the handler of trap.S, or another. */
void set_gate(int vector, int type_and_dpl, int selector, const void *handler, int ist);
const void *handler_of(int vector);
void set_descriptor(int selector, uint32_t base, uint32_t limit, int access, int flags);
void set_tss_stack(int privilege, const void *top);

#define GATE_INTERRUPT 0x8e
#define GATE_TRAP 0x8f

static inline word read_cr0(void) {
  word v;
  __asm__ volatile("mov %%cr0,%0" : "=r"(v));
  return v;
}
static inline void write_cr0(word v) { __asm__ volatile("mov %0,%%cr0" ::"r"(v) : "memory"); }
static inline word read_cr3(void) {
  word v;
  __asm__ volatile("mov %%cr3,%0" : "=r"(v));
  return v;
}
static inline void write_cr3(word v) { __asm__ volatile("mov %0,%%cr3" ::"r"(v) : "memory"); }
static inline word read_cr4(void) {
  word v;
  __asm__ volatile("mov %%cr4,%0" : "=r"(v));
  return v;
}
static inline void write_cr4(word v) { __asm__ volatile("mov %0,%%cr4" ::"r"(v) : "memory"); }
static inline void invlpg(const void *p) { __asm__ volatile("invlpg (%0)" ::"r"(p) : "memory"); }
static inline uint64_t read_msr(uint32_t index) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
  return (uint64_t)high << 32 | low;
}
static inline void write_msr(uint32_t index, uint64_t v) {
  __asm__ volatile("wrmsr" ::"c"(index), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}
static inline void out8(uint16_t port, uint8_t v) { __asm__ volatile("outb %0,%1" ::"a"(v), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
  uint8_t v;
  __asm__ volatile("inb %1,%0" : "=a"(v) : "Nd"(port));
  return v;
}
static inline void load_gdt(const struct descriptor_pointer *p) { __asm__ volatile("lgdt %0" ::"m"(*p)); }
static inline void load_idt(const struct descriptor_pointer *p) { __asm__ volatile("lidt %0" ::"m"(*p)); }
void load_default_idt(void);

struct cpuid {
  uint32_t a, b, c, d;
};
static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub) {
  struct cpuid r;
  __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
  return r;
}

#define EFER 0xc0000080
#define CR0_TS 8
#define CR0_WP 0x10000
#define CR0_AM 0x40000
#define CR0_PG 0x80000000
#define CR4_PSE 0x10
#define CR4_PAE 0x20
#define CR4_PGE 0x80
#define CR4_OSFXSR 0x200
#define CR4_PCIDE 0x20000
#define CR4_OSXSAVE 0x40000
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000
#define FLAG_TF 0x100
#define FLAG_IF 0x200
#define FLAG_IOPL3 0x3000
#define FLAG_NT 0x4000
#define FLAG_RF 0x10000
#define FLAG_VM 0x20000
#define FLAG_AC 0x40000
