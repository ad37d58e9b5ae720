// Executes single instructions on the host's own x86-64 processor and reports the state after each. Used by
// tools/vectors/record.mjs to make the vectors that the tests replay; the tests themselves need neither this nor a compiler.
//
// stdin: struct request after request; stdout: a struct response for each. An instruction that raises an exception is
// reported with its vector and the state at that moment, as the operating system's signal frame shows it.
//
// Memory: the operand area is the last 64 bytes of a page at MEMORY_PAGE; the page after it is not mapped.
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>

#define MEMORY_PAGE 0x20000000UL
#define MEMORY (MEMORY_PAGE + 4096 - 64)
#define CODE_PAGE 0x30000000UL

struct state {
  uint64_t gpr[16]; // rax rcx rdx rbx rsp rbp rsi rdi r8..r15
  uint64_t rflags;
  uint64_t reserved[3];
  uint8_t fx[512] __attribute__((aligned(16))); // as FXSAVE64 has it
  uint8_t memory[64];
};

struct request {
  uint8_t length;
  uint8_t code[15];
  struct state state;
};

struct response {
  uint32_t vector; // 0xffffffff = no exception
  uint32_t error;
  uint64_t cr2;
  struct state state;
};

struct state in __attribute__((aligned(64)));
struct state out __attribute__((aligned(64)));
uint64_t own_stack;
uint64_t code_address = CODE_PAGE;
uint32_t default_mxcsr = 0x1f80;
static struct response response;

void execute(void);
void finished(void);
void recover(void);

// Loads `in`, runs the code, stores `out`. Everything is addressed relative to rip, so that all registers are free.
__asm__(
    ".globl execute, finished, recover\n"
    "execute:\n"
    "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
    "  mov %rsp, own_stack(%rip)\n"
    "  fxrstor64 in+160(%rip)\n"
    "  pushq in+128(%rip)\n  popfq\n"
    "  mov in+0(%rip), %rax\n  mov in+8(%rip), %rcx\n  mov in+16(%rip), %rdx\n  mov in+24(%rip), %rbx\n"
    "  mov in+32(%rip), %rsp\n  mov in+40(%rip), %rbp\n  mov in+48(%rip), %rsi\n  mov in+56(%rip), %rdi\n"
    "  mov in+64(%rip), %r8\n  mov in+72(%rip), %r9\n  mov in+80(%rip), %r10\n  mov in+88(%rip), %r11\n"
    "  mov in+96(%rip), %r12\n  mov in+104(%rip), %r13\n  mov in+112(%rip), %r14\n  mov in+120(%rip), %r15\n"
    "  jmp *code_address(%rip)\n"
    "finished:\n"
    "  mov %rax, out+0(%rip)\n  mov %rcx, out+8(%rip)\n  mov %rdx, out+16(%rip)\n  mov %rbx, out+24(%rip)\n"
    "  mov %rsp, out+32(%rip)\n  mov %rbp, out+40(%rip)\n  mov %rsi, out+48(%rip)\n  mov %rdi, out+56(%rip)\n"
    "  mov %r8, out+64(%rip)\n  mov %r9, out+72(%rip)\n  mov %r10, out+80(%rip)\n  mov %r11, out+88(%rip)\n"
    "  mov %r12, out+96(%rip)\n  mov %r13, out+104(%rip)\n  mov %r14, out+112(%rip)\n  mov %r15, out+120(%rip)\n"
    "  mov own_stack(%rip), %rsp\n"
    "  pushfq\n  popq out+128(%rip)\n"
    "  fxsave64 out+160(%rip)\n"
    "recover:\n"
    "  cld\n  fninit\n  ldmxcsr default_mxcsr(%rip)\n"
    "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
    "  ret\n");

_Static_assert(offsetof(struct state, rflags) == 128 && offsetof(struct state, fx) == 160, "the assembler code knows these");

static const int registers[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *u = context;
  greg_t *g = u->uc_mcontext.gregs;
  uint64_t rip = (uint64_t)g[REG_RIP];
  if (rip < CODE_PAGE || rip >= CODE_PAGE + 64) {
    fprintf(stderr, "signal %d outside the instruction, at %lx\n", number, rip);
    _exit(3);
  }
  response.vector = (uint32_t)g[REG_TRAPNO];
  response.error = (uint32_t)g[REG_ERR];
  response.cr2 = response.vector == 14 ? (uint64_t)g[REG_CR2] : 0;
  for (int i = 0; i < 16; i++) out.gpr[i] = (uint64_t)g[registers[i]];
  out.rflags = (uint64_t)g[REG_EFL];
  memcpy(out.fx, u->uc_mcontext.fpregs, 416);
  g[REG_RSP] = (greg_t)own_stack;
  g[REG_RIP] = (greg_t)recover;
  g[REG_EFL] = 0x202;
}

static void put_code(const struct request *request) {
  uint8_t *at = (uint8_t *)CODE_PAGE;
  memcpy(at, request->code, request->length);
  at += request->length;
  static const uint8_t jump[6] = {0xff, 0x25, 0, 0, 0, 0};
  uint64_t target = (uint64_t)finished;
  memcpy(at, jump, 6);
  memcpy(at + 6, &target, 8);
}

static void map(uint64_t address, int protection) {
  void *p = mmap((void *)address, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (p != (void *)address) {
    perror("mmap");
    exit(2);
  }
}

int main(void) {
  static uint8_t stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  map(MEMORY_PAGE, PROT_READ | PROT_WRITE);
  map(CODE_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  static struct request request;
  while (fread(&request, sizeof request, 1, stdin) == 1) {
    if (request.length > 15) return 2;
    put_code(&request);
    in = request.state;
    memset(&out, 0, sizeof out);
    memcpy((void *)MEMORY, in.memory, 64);
    response.vector = 0xffffffff;
    response.error = 0;
    response.cr2 = 0;
    execute();
    memcpy(out.memory, (void *)MEMORY, 64);
    response.state = out;
    fwrite(&response, sizeof response, 1, stdout);
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
