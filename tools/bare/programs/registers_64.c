// Every bit of control registers, debug registers and MSRs, one by one; headers of XSAVE areas; flags that each privilege may change.
// Bits of features that one of the processors compared does not have are left out.
#include "../lib/bare.h"

static uint8_t area[4096] __attribute__((aligned(4096)));

CODE(set_cr0, "mov %rdi, %cr0\n ret")
CODE(set_cr3, "mov %rdi, %cr3\n ret")
CODE(set_cr4, "mov %rdi, %cr4\n ret")
CODE(set_cr8, "mov %rdi, %cr8\n ret")
CODE(set_dr6, "mov %rdi, %dr6\n ret")
CODE(set_dr7, "mov %rdi, %dr7\n ret")
CODE(lmsw_, "lmsw %di\n ret")
CODE(set_msr, "mov %esi, %ecx\n mov index, %ecx\n mov %rdi, %rax\n mov %rdi, %rdx\n shr $32, %rdx\n wrmsr\n ret")
CODE(xsetbv_, "mov %eax, %ecx\n mov %rdi, %rax\n mov %rdi, %rdx\n shr $32, %rdx\n xsetbv\n ret")
CODE(xgetbv_, "mov %eax, %ecx\n xgetbv\n ret")
CODE(xrstor_, "mov %eax, %eax\n xor %edx, %edx\n xrstor (%rdi)\n ret")
CODE(xrstor_masked, "xor %edx, %edx\n xrstor (%rdi)\n ret")
CODE(xsave_, "xor %edx, %edx\n xsave (%rdi)\n ret")
CODE(xsaveopt_, "xor %edx, %edx\n xsaveopt (%rdi)\n ret")
CODE(xsavec_, "xor %edx, %edx\n xsavec (%rdi)\n ret")
CODE(xrstors_, "xor %edx, %edx\n xrstors (%rdi)\n ret")
CODE(xsaves_, "xor %edx, %edx\n xsaves (%rdi)\n ret")
__asm__(".data\n.globl index\nindex: .long 0\n.text");
extern uint32_t index;

static word cr8(void) {
  word v;
  __asm__ volatile("mov %%cr8, %0" : "=r"(v));
  return v;
}
static word dr6(void) {
  word v;
  __asm__ volatile("mov %%dr6, %0" : "=r"(v));
  return v;
}
static word dr7(void) {
  word v;
  __asm__ volatile("mov %%dr7, %0" : "=r"(v));
  return v;
}

/** Inverts each bit but those of `skip`: 0 it is kept, 1 it is not, else how that ended. */
static void bits(const char *name, const char *set, word (*get)(void), word skip) {
  row(name);
  word old = get();
  for (int i = 0; i < 64; i++) {
    if (skip >> i & 1) continue;
    attempt(set, old ^ 1UL << i, 0);
    if (trap.frame.vector != NONE) cell_outcome(set);
    else cell(get() != (old ^ 1UL << i));
    attempt(set, old, 0);
  }
  end_row();
}

static word msr(void) { return read_msr(index); }

static void msr_bits(const char *name, uint32_t number, word skip) {
  index = number;
  bits(name, set_msr, msr, skip);
}

static void control(void) {
  bits("CR0", set_cr0, read_cr0, 0);
  // VME and PVI, and what comes after PGE but OSFXSR and OSXMMEXCPT, are not in all models.
  bits("CR4", set_cr4, read_cr4, 0x1fff903);
  bits("CR3", set_cr3, read_cr3, 0x3ffffffff000);
  bits("CR8", set_cr8, cr8, 0);
  bits("DR6", set_dr6, dr6, 0x11800);
  bits("DR7", set_dr7, dr7, 0xb800);
  row("LMSW");
  for (word v = 0; v < 16; v++) {
    attempt(lmsw_, v, 0);
    cell_outcome(lmsw_);
    cell(read_cr0() & 0xffff);
    write_cr0(0x80000033);
  }
  end_row();
  row("CR0 combinations");
  static const word pairs[] = {0x80000033, 0xe0000033, 0xa0000033, 0xc0000033, 0x33, 0x80000032, 0x32, 0x80050033, 0x8005003f, 0x80000001, 0x1080000033};
  for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    attempt(set_cr0, pairs[i], 0);
    cell_outcome(set_cr0);
    cell(read_cr0());
    write_cr0(0x80000033);
  }
  end_row();
}

static void msrs(void) {
  msr_bits("EFER", EFER, 0x205000); // but SVM, FFXSR, automatic IBRS
  msr_bits("STAR", 0xc0000081, 0);
  msr_bits("LSTAR", 0xc0000082, 0);
  msr_bits("CSTAR", 0xc0000083, 0);
  msr_bits("FS base", 0xc0000100, 0);
  msr_bits("GS base", 0xc0000101, 0);
  msr_bits("kernel GS base", 0xc0000102, 0);
  msr_bits("TSC_AUX", 0xc0000103, 0);
  msr_bits("SYSENTER_ESP", 0x175, 0);
  msr_bits("SYSENTER_EIP", 0x176, 0);
  write_msr(0x2ff, 0xc00);
  write_msr(0x200, 6);
  msr_bits("PAT", 0x277, 0);
  msr_bits("MTRR type", 0x2ff, 0);
  msr_bits("MTRR fixed", 0x250, 0);
  msr_bits("MTRR base", 0x200, 0x3ffffffff000);
  msr_bits("MTRR mask", 0x201, 0x3ffffffff000);
  write_msr(0x277, 0x0007040600070406);
  static const uint64_t values[] = {0x7fffffffffff, 0x800000000000, 0xffff7fffffffffff, 0xffff800000000000, 0xffffffffffffffff, 0x8000000000000000};
  static const uint32_t numbers[] = {0xc0000082, 0xc0000083, 0xc0000100, 0xc0000101, 0xc0000102, 0x175, 0x176};
  row("addresses in MSRs");
  for (unsigned n = 0; n < sizeof numbers / sizeof *numbers; n++) {
    index = numbers[n];
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
      attempt(set_msr, values[i], 0);
      cell_outcome(set_msr);
    }
    attempt(set_msr, 0, 0);
  }
  end_row();
}

static void set_area(int offset, uint64_t value) { *(uint64_t *)(area + offset) = value; }

/** A state of x87 and SSE that is initial but for the header. */
static void clear_area(void) {
  for (int i = 0; i < 4096; i += 8) set_area(i, 0);
  *(uint16_t *)area = 0x37f;
  *(uint32_t *)(area + 24) = 0x1f80;
}

static void headers(const char *name, const char *code) {
  row(name);
  for (int byte = 512; byte < 576; byte++) {
    for (int bit = 0; bit < 8; bit++) {
      clear_area();
      area[byte] |= 1 << bit;
      attempt(code, (word)area, 3);
      cell_outcome(code);
    }
  }
  end_row();
  char text[64], *to = text;
  for (const char *c = name; *c; c++) *to++ = *c;
  for (const char *c = ", compact"; (*to = *c); c++) to++;
  row(text);
  for (int bit = 0; bit < 128; bit++) {
    clear_area();
    set_area(520, 1UL << 63);
    area[512 + bit / 8] ^= 1 << bit % 8;
    attempt(code, (word)area, 3);
    cell_outcome(code);
  }
  end_row();
}

static void extended_states(void) {
  check("XGETBV without OSXSAVE", xgetbv_, 0, 0);
  check("XSETBV without OSXSAVE", xsetbv_, 3, 0);
  check("XSAVE without OSXSAVE", xsave_, (word)area, 3);
  check("XRSTOR without OSXSAVE", xrstor_, (word)area, 3);
  write_cr4(read_cr4() | CR4_OSXSAVE);
  row("XCR0");
  for (int i = 0; i < 64; i++) {
    // AVX, MPX, AVX-512, PKRU, CET, AMX.
    if (0x61afc >> i & 1) continue;
    attempt(xsetbv_, 3 ^ 1UL << i, 0);
    cell_outcome(xsetbv_);
    attempt(xsetbv_, 3, 0);
  }
  end_row();
  check("XCR1", xsetbv_, 3, 1);
  check("XCR2 read", xgetbv_, 0, 2);
  check("XCR0 of 0", xsetbv_, 0, 0);
  check("XCR0 of SSE", xsetbv_, 2, 0);
  check_user("XSETBV, user", xsetbv_, 3, 0);
  check_user("XGETBV, user", xgetbv_, 0, 0);
  headers("XRSTOR", xrstor_);
  clear_area();
  *(uint32_t *)(area + 24) = 0xffffffff;
  check("XRSTOR of a bad MXCSR that is not in the mask", xrstor_, (word)area, 1);
  check("XRSTOR of a bad MXCSR in the mask", xrstor_, (word)area, 2);
  set_area(512, 2);
  check("XRSTOR of a bad MXCSR in the header", xrstor_, (word)area, 2);
  check("XRSTOR of a bad MXCSR in the header only", xrstor_, (word)area, 1);
  for (int way = 0; way < 4; way++) {
    static const char *const names[] = {"XSAVE misaligned", "XRSTOR misaligned", "XSAVEOPT misaligned", "XSAVEC misaligned"};
    static const char *const codes[] = {xsave_, xrstor_, xsaveopt_, xsavec_};
    row(names[way]);
    clear_area();
    for (int i = 0; i <= 64; i += 8) {
      attempt(codes[way], (word)area + i, 3);
      cell_outcome(codes[way]);
      clear_area();
    }
    end_row();
  }
  clear_area();
  attempt(xsave_, (word)area, 0xffffffff);
  note("XSAVE leaves", *(uint64_t *)(area + 512));
  area[512 + 20] = 0x55;
  attempt(xsave_, (word)area, 1);
  note("XSAVE of x87 leaves", *(uint64_t *)(area + 512));
  note("XSAVE leaves of the rest of the header", area[512 + 20]);
  clear_area();
  attempt(xsavec_, (word)area, 3);
  note("XSAVEC leaves", *(uint64_t *)(area + 512));
  note("XSAVEC leaves of the format", *(uint64_t *)(area + 520));
  if (!(cpuid(13, 1).a & 8)) return;
  headers("XRSTORS", xrstors_);
  clear_area();
  attempt(xsaves_, (word)area, 3);
  note("XSAVES leaves of the format", *(uint64_t *)(area + 520));
  check_user("XSAVES, user", xsaves_, (word)area, 3);
  check_user("XRSTORS, user", xrstors_, (word)area, 3);
}

// Flags: what each privilege may change, at each IOPL.
#define CODE1 0x71
#define DATA1 0x79
#define CODE2 0x82
#define DATA2 0x8a
CODE(popf_8, "push %rax\n popfq\n pushfq\n pop %rax\n cld\n int $0x40")
CODE(popf_2, "push %ax\n popfw\n pushfq\n pop %rax\n cld\n int $0x40")
CODE(iret_8, "mov %rsp, %rcx\n mov %ss, %edx\n push %rdx\n push %rcx\n push %rax\n mov %cs, %edx\n push %rdx\n lea 1f(%rip), %rdx\n push %rdx\n iretq\n1: pushfq\n pop %rax\n cld\n int $0x40")
CODE(iret_4, "mov %esp, %ecx\n mov %ss, %edx\n sub $20, %rsp\n mov %edx, 16(%rsp)\n mov %ecx, 12(%rsp)\n mov %eax, 8(%rsp)\n mov %cs, %edx\n mov %edx, 4(%rsp)\n lea 1f(%rip), %edx\n mov %edx, (%rsp)\n iretl\n1: pushfq\n pop %rax\n cld\n int $0x40")
CODE(cli_, "cli\n pushfq\n pop %rax\n int $0x40")
CODE(sti_, "sti\n pushfq\n pop %rax\n int $0x40")

static void flags(void) {
  static const uint8_t access[] = {0xbb, 0xb3, 0xdb, 0xd3};
  for (int i = 0; i < 4; i++) set_descriptor(0x70 + i * 8, 0, 0xfffff, access[i], i & 1 ? 0xc : 0xa);
  static const struct {
    const char *name, *code;
    bool value;
  } all[] = {{"POPFQ", popf_8, true}, {"POPF", popf_2, true}, {"IRETQ", iret_8, true}, {"IRETD", iret_4, true}, {"CLI", cli_, false}, {"STI", sti_, false}};
  static const word values[] = {0, 0x200, 0x3000, 0xcd5, 0x40000, 0x200000, 0x80000, 0x100000, 0x10000, 0x3f3ed5, 0xffffffff00008028};
  static const word selectors[][2] = {{CODE0, DATA0}, {CODE1, DATA1}, {CODE2, DATA2}, {CODE3, DATA3}};
  for (int cpl = 0; cpl < 4; cpl++) {
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
      print(all[i].name);
      row(cpl == 0 ? " at 0" : cpl == 1 ? " at 1" : cpl == 2 ? " at 2" : " at 3");
      for (word iopl = 0; iopl < 4; iopl++) {
        for (unsigned v = 0; v < (all[i].value ? sizeof values / sizeof *values : 1); v++) {
          entry_cs = selectors[cpl][0];
          entry_ss = selectors[cpl][1];
          entry_sp = (word)(cpl ? user_stack_top : ist_stack_top);
          entry_flags = 2 | iopl << 12 | (v & 1 ? FLAG_IF : 0);
          attempt_at(all[i].code, 0, values[v]);
          cell_outcome(all[i].code);
          cell(trap.frame.ax);
        }
      }
      end_row();
    }
  }
}

void program(void) {
  control();
  msrs();
  extended_states();
  flags();
}
