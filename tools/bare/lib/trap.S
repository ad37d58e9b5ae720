// Entries of all vectors, and attempts: running code that may end in one of them.

#if __x86_64__
#define W 8
#define AX %rax
#define BX %rbx
#define CX %rcx
#define DX %rdx
#define SI %rsi
#define DI %rdi
#define BP %rbp
#define SP %rsp
#else
#define W 4
#define AX %eax
#define BX %ebx
#define CX %ecx
#define DX %edx
#define SI %esi
#define DI %edi
#define BP %ebp
#define SP %esp
#endif

.text
.balign 16
.globl handlers
handlers:
.set n, 0
.rept 0x50
  .balign 16
  .if !(n == 8 || (n >= 10 && n <= 14) || n == 17 || n == 21)
  push $0xeeee
  .endif
  push $n
  jmp common
  .set n, n + 1
.endr

.balign 16
common:
  cld
#if __x86_64__
  push %rax; push %rcx; push %rdx; push %rbx; push %rbp; push %rsi; push %rdi
  push %r8; push %r9; push %r10; push %r11; push %r12; push %r13; push %r14; push %r15
  mov %rsp, %rdi
  mov %rsp, %rbx
  and $-16, %rsp
  call on_trap
  mov %rbx, %rsp
  test %al, %al
  jz recover
  pop %r15; pop %r14; pop %r13; pop %r12; pop %r11; pop %r10; pop %r9; pop %r8
  pop %rdi; pop %rsi; pop %rbp; pop %rbx; pop %rdx; pop %rcx; pop %rax
  add $16, %rsp
  iretq
#else
  pusha
  push %ds; push %es; push %fs; push %gs
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %esp, %ebx
  push %esp
  call on_trap
  mov %ebx, %esp
  test %al, %al
  jz recover
  pop %gs; pop %fs; pop %es; pop %ds
  popa
  add $8, %esp
  iret
#endif

// Gives the attempt up. By IRET, so that NMIs are unblocked.
recover:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
#if __x86_64__
  mov recover_sp, SP
  mov SP, AX
  push $0x10
  push AX
  push $2
  push $8
  push $attempted
  iretq
#else
  mov recover_sp, SP
  push $2
  push $8
  push $attempted
  iret
#endif

.globl attempt, attempt_at, done
attempt:
#if __x86_64__
  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %r15
  mov %rdi, %rbx
  mov %rsi, %rdi
  mov %rdx, %rax
#else
  push %ebx; push %ebp; push %esi; push %edi
  mov 20(%esp), %ebx
  mov 24(%esp), %edi
  mov 28(%esp), %eax
#endif
  call prepare
  push $2
#if __x86_64__
  popfq
#else
  popf
#endif
  call *BX
returned:
  mov AX, result
attempted:
  movl $0, recover_sp
#if __x86_64__
  mov trap + 15 * 8, %rax
  pop %r15; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx
#else
  mov trap + 12 * 4, %eax
  pop %edi; pop %esi; pop %ebp; pop %ebx
#endif
  ret

prepare:
  lea W(SP), CX
  mov CX, recover_sp
#if __x86_64__
  movq $0xffff, trap + 15 * 8
#else
  movl $0xffff, trap + 12 * 4
#endif
  xor %ecx, %ecx
  xor %edx, %edx
  xor %esi, %esi
  xor %ebp, %ebp
  ret

// The same through IRET, on the stack of entry_sp, which gets the address of an INT DONE on top.
attempt_at:
#if __x86_64__
  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %r15
  mov %rdi, %rbx
  mov %rsi, %rdi
  mov %rdx, %rax
  call prepare
  mov entry_sp, %rdx
  lea -8(%rdx), %rdx
  movq $done, (%rdx)
  pushq entry_ss
  push %rdx
  pushq entry_flags
  pushq entry_cs
  push %rbx
  xor %edx, %edx
  iretq
#else
  push %ebx; push %ebp; push %esi; push %edi
  mov 20(%esp), %ebx
  mov 24(%esp), %edi
  mov 28(%esp), %eax
  call prepare
  mov entry_sp, %edx
  lea -4(%edx), %edx
  movl $done, (%edx)
  testb $3, entry_cs
  jz 1f
  pushl entry_ss
  push %edx
  mov entry_ss, %ecx
  mov %ecx, %ds
  mov %ecx, %es
  xor %ecx, %ecx
1:
  pushl %ss:entry_flags
  pushl %ss:entry_cs
  push %ebx
  mov $0, %edx
  iret
#endif
.balign 16
done:
  int $0x40

.data
.globl recover_sp
.balign 8
recover_sp: .quad 0
