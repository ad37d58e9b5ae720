// The image as firmware: for an emulator that knows no multiboot. 128 KiB that end at 4 GiB: from the reset vector to
// protected mode, the image to 1 MiB, and there. IMAGE is its file.
.code16
.text
.globl _start
rom:
  .incbin IMAGE
.org 0x1ff00
start16:
  cli
  in $0x92, %al
  or $2, %al
  out %al, $0x92
  lgdtl %cs:(table - rom - 0x10000)
  mov %cr0, %eax
  or $1, %al
  and $0x9fffffff, %eax
  mov %eax, %cr0
  ljmpl $8, $(0xfffe0000 + start32 - rom)
.code32
start32:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov $0xfffe0000, %esi
  mov $0x100000, %edi
  mov $0x1ff00 / 4, %ecx
  rep movsl
  mov $0x100020, %eax
  jmp *%eax
.balign 8
descriptors:
  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
table:
  .word 23
  .long 0xfffe0000 + descriptors - rom
.org 0x1fff0
_start:
.code16
  jmp start16
.org 0x20000
