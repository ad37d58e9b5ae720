// Executes single integer instructions on the host's own x86-64 processor, in 64-bit code and in 32- and 16-bit
// (compatibility) code, and reports the state after each: registers, flags, instruction pointer, memory, exception. Used by
// tools/vectors/record_integer.mjs; the tests that replay the results need neither this nor a compiler.
//
// stdin: struct request after request; stdout: a struct response for each. All code around the instruction is INT3, so
// every instruction, also a branch or one that spoils the stack pointer, ends in a signal whose frame shows the state.
//
// Memory: a page at LOW_PAGE and one behind it at MEMORY_PAGE, both also at SEGMENT for 16-bit addresses; nothing in front
// of or behind them but a read-only page at READ_ONLY. 16-bit code has segments of the LDT: CS starts at CODE, DS, ES and
// SS at SEGMENT; DS and SS end with the second page.
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#define LOW_PAGE 0x1ffff000UL
#define MEMORY_PAGE 0x20000000UL
#define READ_ONLY 0x20002000UL
#define SEGMENT 0x7000UL
#define MEMORY (MEMORY_PAGE + 4096 - 64)
#define LOW (MEMORY_PAGE - 64)
#define CODE 0x30000000UL
#define CODE_SIZE 8192
#define GS_BASE 0x1000UL
#define PAGES 8192
#define CODE16 0x07
#define DATA16 0x0f
#define EXTRA16 0x17
#define FLAT_DATA 0x2b

struct state {
  uint64_t gpr[16]; // rax rcx rdx rbx rsp rbp rsi rdi r8..r15
  uint64_t rflags;
  uint8_t memory[64];
  uint8_t low[128];
};

struct request {
  uint8_t mode; // 64, 32 or 16
  uint8_t length;
  uint16_t at; // offset in the code area
  uint8_t code[20];
  struct state state;
};

struct response {
  uint32_t vector; // 0xffffffff = no exception
  uint32_t error;
  uint64_t cr2;
  uint64_t rip;
  struct state state;
};

struct state in __attribute__((aligned(64)));
uint64_t own_stack;
struct {
  uint32_t offset;
  uint16_t selector;
} __attribute__((packed)) target;
uint32_t data_selector, extra_selector;
static struct request request;
static bool stepping;
static struct response response;

void execute(void);
void recover(void);

// Loads `in` and jumps to the code; the signal handler returns to `recover`.
__asm__(
    ".globl execute, recover\n"
    "execute:\n"
    "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
    "  mov %rsp, own_stack(%rip)\n"
    "  mov data_selector(%rip), %eax\n  mov %eax, %ds\n  mov %eax, %ss\n"
    "  mov extra_selector(%rip), %eax\n  mov %eax, %es\n"
    "  pushq in+128(%rip)\n  popfq\n"
    "  mov in+0(%rip), %rax\n  mov in+8(%rip), %rcx\n  mov in+16(%rip), %rdx\n  mov in+24(%rip), %rbx\n"
    "  mov in+32(%rip), %rsp\n  mov in+40(%rip), %rbp\n  mov in+48(%rip), %rsi\n  mov in+56(%rip), %rdi\n"
    "  mov in+64(%rip), %r8\n  mov in+72(%rip), %r9\n  mov in+80(%rip), %r10\n  mov in+88(%rip), %r11\n"
    "  mov in+96(%rip), %r12\n  mov in+104(%rip), %r13\n  mov in+112(%rip), %r14\n  mov in+120(%rip), %r15\n"
    "  ljmp *target(%rip)\n"
    "recover:\n"
    "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
    "  ret\n");

_Static_assert(offsetof(struct state, rflags) == 128, "the assembler code knows this");

static const int registers[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *u = context;
  greg_t *g = u->uc_mcontext.gregs;
  uint64_t start = CODE + request.at;
  uint64_t rip = (uint64_t)g[REG_RIP];
  // With the trap flag on, there is a trap behind every instruction up to the one in question, also in front of that.
  bool inside = rip >= (uint64_t)execute && rip <= (uint64_t)recover;
  bool arrived = rip + (request.mode == 16 ? CODE : 0) == start && g[REG_TRAPNO] == 1;
  if ((inside && number == SIGTRAP) || (arrived && !stepping)) {
    stepping = arrived;
    return;
  }
  if (inside) {
    fprintf(stderr, "signal %d outside the instruction, at %lx\n", number, rip);
    _exit(3);
  }
  response.vector = (uint32_t)g[REG_TRAPNO];
  response.error = (uint32_t)g[REG_ERR];
  response.cr2 = response.vector == 14 ? (uint64_t)g[REG_CR2] : 0;
  // 16-bit code starts at CODE: its offsets become addresses.
  if (request.mode == 16) rip += CODE;
  response.rip = rip;
  if (response.vector == 3 && rip - 1 != start && rip - 1 - CODE < CODE_SIZE) {
    response.vector = 0xffffffff;
    response.rip = rip - 1;
  }
  for (int i = 0; i < 16; i++) response.state.gpr[i] = (uint64_t)g[registers[i]];
  response.state.rflags = (uint64_t)g[REG_EFL];
  g[REG_RSP] = (greg_t)own_stack;
  g[REG_RIP] = (greg_t)recover;
  g[REG_EFL] = 0x202;
  g[REG_CSGSFS] = (g[REG_CSGSFS] & 0x0000ffffffff0000L) | 0x33 | (greg_t)FLAT_DATA << 48;
}

static void *map(uint64_t address, size_t length, int protection, int fd) {
  int flags = MAP_FIXED_NOREPLACE | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
  void *p = mmap((void *)address, length, protection, flags, fd, 0);
  if (p != (void *)address) {
    perror("mmap");
    exit(2);
  }
  return p;
}

static void describe(int selector, unsigned base, unsigned limit, unsigned contents) {
  struct user_desc d = {.entry_number = (unsigned)selector >> 3, .base_addr = base, .limit = limit};
  d.contents = contents;
  d.useable = 1;
  if (syscall(SYS_modify_ldt, 0x11, &d, sizeof d) != 0) {
    perror("modify_ldt");
    exit(2);
  }
}

static void prepare(void) {
  static uint8_t stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  int fd = memfd_create("memory", 0);
  if (fd < 0 || ftruncate(fd, PAGES) != 0) exit(2);
  map(LOW_PAGE, PAGES, PROT_READ | PROT_WRITE, fd);
  map(SEGMENT, PAGES, PROT_READ | PROT_WRITE, fd);
  describe(CODE16, CODE, CODE_SIZE - 1, MODIFY_LDT_CONTENTS_CODE);
  describe(DATA16, SEGMENT, PAGES - 1, MODIFY_LDT_CONTENTS_DATA);
  describe(EXTRA16, SEGMENT, 0xffff, MODIFY_LDT_CONTENTS_DATA);
  // Touched, or the processor would find no page there.
  *(volatile uint8_t *)map(READ_ONLY, 4096, PROT_READ, -1);
  memset(map(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, -1), 0xcc, CODE_SIZE);
  syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
}

int main(void) {
  prepare();
  while (fread(&request, sizeof request, 1, stdin) == 1) {
    if (request.length > 15 || request.at + request.length > CODE_SIZE) return 2;
    memcpy((void *)(CODE + request.at), request.code, request.length);
    in = request.state;
    memset((void *)LOW_PAGE, 0, PAGES);
    memcpy((void *)MEMORY, in.memory, 64);
    memcpy((void *)LOW, in.low, 128);
    bool narrow = request.mode == 16;
    target.offset = (uint32_t)((narrow ? 0 : CODE) + request.at);
    target.selector = narrow ? CODE16 : request.mode == 64 ? 0x33 : 0x23;
    data_selector = narrow ? DATA16 : FLAT_DATA;
    extra_selector = narrow ? EXTRA16 : FLAT_DATA;
    stepping = false;
    execute();
    memcpy(response.state.memory, (void *)MEMORY, 64);
    memcpy(response.state.low, (void *)LOW, 128);
    memset((void *)(CODE + request.at), 0xcc, request.length);
    fwrite(&response, sizeof response, 1, stdout);
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
