// Exceptions of single instructions in 64-bit mode: each vector, privileged instructions, segment loads.
#include "../lib/bare.h"

static uint8_t area[4096] __attribute__((aligned(4096)));

CODE(divide, "xor %edx, %edx\n div %rdi\n ret")
CODE(divide_overflow, "mov $1, %edx\n mov $1, %ecx\n div %rcx\n ret")
CODE(divide_signed, "mov $0x80, %ax\n mov $0x8000, %eax\n mov $-1, %cl\n idiv %cl\n ret")
CODE(breakpoint, "int3\n ret")
CODE(breakpoint_n, "int $3\n ret")
CODE(icebp, ".byte 0xf1\n ret")
CODE(into, ".byte 0xce\n ret")
CODE(ud2, "ud2\n ret")
CODE(ud0, ".byte 0x0f, 0xff, 0xc0\n ret")
CODE(undefined, ".byte 0x0f, 0x04\n ret")
CODE(lock_nop, ".byte 0xf0, 0x90\n ret")
CODE(lock_register, ".byte 0xf0, 0x01, 0xc0\n ret")
CODE(too_long, ".rept 15\n .byte 0x66\n .endr\n nop\n ret")
CODE(fpu, "fnop\n ret")
CODE(fwait_, "fwait\n ret")
CODE(sse, "movaps %xmm0, %xmm1\n ret")
CODE(mmx, "movq %mm0, %mm1\n emms\n ret")
CODE(hlt, "hlt\n ret")
CODE(cli, "cli\n ret")
CODE(in_port, "in $0x21, %al\n ret")
CODE(int_0x42, "int $0x42\n ret")
CODE(int_14, "int $14\n ret")
CODE(load_ds, "mov %di, %ds\n ret")
CODE(load_ss, "mov %di, %ss\n ret")
CODE(load_fs, "mov %di, %fs\n ret")
CODE(lldt, "lldt %di\n ret")
CODE(ltr, "ltr %di\n ret")
CODE(rdmsr, "mov %edi, %ecx\n rdmsr\n ret")
CODE(wrmsr, "mov %edi, %ecx\n mov %rax, %rdx\n shr $32, %rdx\n wrmsr\n ret")
CODE(fxsave_at, "fxsave (%rdi)\n ret")
CODE(ldmxcsr_at, "ldmxcsr (%rdi)\n ret")
CODE(x87_error, "fninit\n fldcw (%rdi)\n fldz\n fldz\n fdivp\n fnop\n fwait\n ret")
CODE(sse_error, "ldmxcsr (%rdi)\n xorps %xmm0, %xmm0\n divps %xmm0, %xmm0\n ret")

static void set_ts(bool on) { write_cr0(on ? read_cr0() | CR0_TS : read_cr0() & ~(word)CR0_TS); }

static void vectors(void) {
  check("#DE", divide, 0, 5);
  check("#DE of a quotient", divide_overflow, 0, 0);
  check("#DE of IDIV", divide_signed, 0, 0);
  check_user("#DE, user", divide, 0, 5);
  check("#BP", breakpoint, 0, 0);
  check_user("#BP, user", breakpoint, 0, 0);
  check_user("INT 3, user", breakpoint_n, 0, 0);
  check("INT1", icebp, 0, 0);
  check_user("INT1, user", icebp, 0, 0);
  check("INTO", into, 0, 0);
  check("UD2", ud2, 0, 0);
  check_user("UD2, user", ud2, 0, 0);
  check("UD0", ud0, 0, 0);
  check("0F 04", undefined, 0, 0);
  check("LOCK NOP", lock_nop, 0, 0);
  check("LOCK ADD register", lock_register, 0, 0);
  check("16 bytes", too_long, 0, 0);
  set_ts(true);
  check("x87 with TS", fpu, 0, 0);
  check("FWAIT with TS", fwait_, 0, 0);
  check("SSE with TS", sse, 0, 0);
  check("MMX with TS", mmx, 0, 0);
  check("FXSAVE with TS", fxsave_at, (word)area, 0);
  write_cr0(read_cr0() & ~2UL);
  check("FWAIT with TS, without MP", fwait_, 0, 0);
  write_cr0(read_cr0() | 2UL);
  set_ts(false);
  write_cr0(read_cr0() | 4);
  check("x87 with EM", fpu, 0, 0);
  check("SSE with EM", sse, 0, 0);
  check("MMX with EM", mmx, 0, 0);
  check("FXSAVE with EM", fxsave_at, (word)area, 0);
  write_cr0(read_cr0() & ~4UL);
  write_cr4(read_cr4() & ~(word)CR4_OSFXSR);
  check("SSE without OSFXSR", sse, 0, 0);
  check("FXSAVE without OSFXSR", fxsave_at, (word)area, 0);
  write_cr4(read_cr4() | CR4_OSFXSR);
  *(uint16_t *)area = 0x37b;
  check("#MF", x87_error, (word)area, 0);
  check("#MF is still pending", fwait_, 0, 0);
  __asm__ volatile("fninit");
  *(uint32_t *)area = 0x1f00;
  check("#XM", sse_error, (word)area, 0);
  write_cr4(read_cr4() & ~0x400UL);
  check("#XM without OSXMMEXCPT", sse_error, (word)area, 0);
  write_cr4(read_cr4() | 0x400);
  *(uint32_t *)area = 0x1f80;
  attempt(ldmxcsr_at, (word)area, 0);
}

static void privileged(void) {
  check_user("HLT, user", hlt, 0, 0);
  check_user("CLI, user", cli, 0, 0);
  check_user("IN, user", in_port, 0, 0);
  check_user("RDMSR, user", rdmsr, EFER, 0);
  check("RDMSR unknown", rdmsr, 0x12345678, 0);
  check("WRMSR unknown", wrmsr, 0x12345678, 0);
  check("WRMSR EFER reserved", wrmsr, EFER, read_msr(EFER) | 2);
  check("WRMSR EFER.LME off while paging", wrmsr, EFER, read_msr(EFER) & ~0x100UL);
  check("WRMSR LSTAR non-canonical", wrmsr, 0xc0000082, 0x800000000000);
  check("WRMSR FS base non-canonical", wrmsr, 0xc0000100, 0x800000000000);
  check("WRMSR SYSENTER_EIP non-canonical", wrmsr, 0x176, 0x800000000000);
  check("WRMSR PAT reserved", wrmsr, 0x277, 2);
  check_user("INT through a gate of privilege 0", int_0x42, 0, 0);
  check_user("INT 14, user", int_14, 0, 0);
}

static void segments(void) {
  set_descriptor(FREE, 0, 0xfffff, 0x13, 0xc);  // not present
  set_descriptor(FREE + 8, 0, 0xfffff, 0x99, 0xa); // execute-only code
  set_descriptor(FREE + 16, 0, 0xfffff, 0x91, 0xc); // read-only data
  check("DS = 0", load_ds, 0, 0);
  check("DS beyond the table", load_ds, 0x1000, 0);
  check("DS in an LDT that is not there", load_ds, 0xc, 0);
  check("DS not present", load_ds, FREE, 0);
  check("DS execute-only", load_ds, FREE + 8, 0);
  check("DS a TSS", load_ds, TSS, 0);
  check_user("DS of privilege 0, user", load_ds, DATA0, 0);
  check("SS = 0", load_ss, 0, 0);
  check("SS = 3", load_ss, 3, 0);
  check_user("SS = 0, user", load_ss, 0, 0);
  check("SS not present", load_ss, FREE, 0);
  check("SS read-only", load_ss, FREE + 16, 0);
  check("SS of privilege 3", load_ss, DATA3, 0);
  check("SS code", load_ss, CODE0, 0);
  check("FS not present", load_fs, FREE + 3, 0);
  check("LLDT of a data segment", lldt, DATA0, 0);
  check("LLDT in the LDT", lldt, 4, 0);
  check("LTR = 0", ltr, 0, 0);
  check("LTR busy", ltr, TSS, 0);
  check_user("LTR, user", ltr, TSS, 0);
}

void program(void) {
  vectors();
  privileged();
  segments();
}
