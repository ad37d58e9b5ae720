// Entry of 32-bit programs: as a multiboot image in protected mode. No paging.
.set MAGIC, 0x1badb002
.set FLAGS, 0x10000
.set LOAD, 0x100000

.section .start, "ax"
.globl _start
header:
  .long MAGIC, FLAGS, -(MAGIC + FLAGS), LOAD, LOAD, 0, bss_end, _start
_start:
  cli
  lgdt gdt_pointer
  ljmp $8, $1f
1:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  mov $stack_top, %esp
  mov $0x33, %eax
  mov %eax, %cr0
  mov $0x600, %eax
  mov %eax, %cr4
  xor %ebp, %ebp
  call initialize
  call program
  call finish

.data
.balign 16
.globl gdt, gdt_pointer
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff // 08: code
  .quad 0x00cf93000000ffff // 10: data
  .quad 0x00cffb000000ffff // 1b: code, user
  .quad 0x00cff3000000ffff // 23: data, user
  .quad 0x008f9b000000ffff // 28: 16-bit code
  .quad 0x008ffb000000ffff // 33: 16-bit code, user
  .fill 57, 8, 0
gdt_pointer:
  .word . - gdt - 1
  .long gdt

.bss
#include "stacks.inc"
