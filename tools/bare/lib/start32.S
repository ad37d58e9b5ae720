// Entry of 32-bit programs: as a multiboot image in protected mode. No paging.
.set CODE32, 8

.section .start, "ax"
.globl _start
#include "enter.S"
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
#include "stacks.S"
