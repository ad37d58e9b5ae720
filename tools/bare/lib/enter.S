// How both entries begin: as a multiboot image in protected mode, then with the segments of their own GDT, in which CODE32 is 32-bit code.
.set MAGIC, 0x1badb002
.set FLAGS, 0x10000
.set LOAD, 0x100000

header:
  .long MAGIC, FLAGS, -(MAGIC + FLAGS), LOAD, LOAD, 0, bss_end, _start
_start:
  cli
  lgdt gdt_pointer
  ljmp $CODE32, $1f
1:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  mov $stack_top, %esp
