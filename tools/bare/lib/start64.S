// Entry of 64-bit programs: as a multiboot image in 32-bit protected mode. The first 4 GiB are mapped one to one, for everybody.
.set CODE32, 0x28

.section .start, "ax"
.code32
.globl _start
#include "enter.S"
  movl $pdpt + 7, pml4
  mov $pd + 7, %eax
  mov $pdpt, %edi
  mov $4, %ecx
2:
  mov %eax, (%edi)
  add $0x1000, %eax
  add $8, %edi
  loop 2b
  mov $0x87, %eax
  mov $pd, %edi
  mov $2048, %ecx
3:
  mov %eax, (%edi)
  add $0x200000, %eax
  add $8, %edi
  loop 3b
  mov $pml4, %eax
  mov %eax, %cr3
  mov $0x620, %eax
  mov %eax, %cr4
  mov $0xc0000080, %ecx
  mov $0x901, %eax
  xor %edx, %edx
  wrmsr
  mov $0x80000033, %eax
  mov %eax, %cr0
  ljmp $8, $4f
.code64
4:
  xor %ebp, %ebp
  call initialize
  call program
  call finish

.data
.balign 16
.globl gdt, gdt_pointer
gdt:
  .quad 0
  .quad 0x00af9b000000ffff // 08: 64-bit code
  .quad 0x00cf93000000ffff // 10: data
  .quad 0x00affb000000ffff // 1b: 64-bit code, user
  .quad 0x00cff3000000ffff // 23: data, user
  .quad 0x00cf9b000000ffff // 28: 32-bit code
  .quad 0x00cffb000000ffff // 33: 32-bit code, user
  .fill 57, 8, 0
gdt_pointer:
  .word . - gdt - 1
  .quad gdt

.bss
.balign 4096
.globl pml4, pdpt, pd
pml4: .skip 4096
pdpt: .skip 4096
pd: .skip 16384
#include "stacks.S"
