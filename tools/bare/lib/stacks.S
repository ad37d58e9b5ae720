// The task state segment and the stacks, for the .bss section of the entries.
.balign 4096
.globl tss, stack_top, user_stack_top, trap_stack_top, ist_stack_top, df_stack_top, ring1_stack_top, ring2_stack_top
tss:
  .skip 4096
  .skip 8192
stack_top:
  .skip 8192
trap_stack_top:
  .skip 4096
user_stack_top:
  .skip 4096
ist_stack_top:
  .skip 4096
df_stack_top:
  .skip 4096
ring1_stack_top:
  .skip 4096
ring2_stack_top:
