// Integer: an interpreter with a stack and a dispatch table, which runs a sieve: indirect jumps, as in language runtimes.
#include <string.h>

#include "bench.h"

enum { PUSH, LOAD, STORE, GET, PUT, ADD, LESS, JUMP_IF_NOT, JUMP, HALT };
enum { LIMIT = 60000, ROUNDS = 25 };
enum { I, J, COUNT, N, VARIABLES };

static unsigned char cells[LIMIT + 1];

/** For each number from 2: when it is not crossed out, count it and cross out its multiples. */
static const int32_t code[] = {
  /* 0*/ PUSH, 2, STORE, I,
  /* 4*/ LOAD, I, LOAD, N, LESS, JUMP_IF_NOT, 60,
  /*11*/ LOAD, I, GET, JUMP_IF_NOT, 18, JUMP, 51,
  /*18*/ LOAD, COUNT, PUSH, 1, ADD, STORE, COUNT,
  /*25*/ LOAD, I, LOAD, I, ADD, STORE, J,
  /*32*/ LOAD, J, LOAD, N, LESS, JUMP_IF_NOT, 51,
  /*39*/ LOAD, J, PUT, LOAD, J, LOAD, I, ADD, STORE, J, JUMP, 32,
  /*51*/ LOAD, I, PUSH, 1, ADD, STORE, I, JUMP, 4,
  /*60*/ HALT,
};

static int64_t interpret(void) {
  static const void *const labels[] = { &&push, &&load, &&store, &&get, &&put, &&add, &&less, &&jump_if_not, &&jump, &&halt };
  int64_t stack[16], variables[VARIABLES] = { 0 }, *top = stack;
  const int32_t *at = code;
  variables[N] = LIMIT;
#define NEXT goto *labels[*at++]
  NEXT;
push: *top++ = *at++; NEXT;
load: *top++ = variables[*at++]; NEXT;
store: variables[*at++] = *--top; NEXT;
get: top[-1] = cells[top[-1]]; NEXT;
put: cells[*--top] = 1; NEXT;
add: top--; top[-1] += *top; NEXT;
less: top--; top[-1] = top[-1] < *top; NEXT;
jump_if_not: at = *--top ? at + 1 : code + *at; NEXT;
jump: at = code + *at; NEXT;
halt: return variables[COUNT];
}

static uint64_t run(void) {
  uint64_t sum = CHECKSUM_START;
  for (int round = 0; round < ROUNDS; round++) {
    memset(cells, 0, sizeof cells);
    int64_t primes = interpret();
    sum = checksum(sum, &primes, sizeof primes);
  }
  return sum;
}

const struct program bytecode_program = { "integer", "bytecode", 0, run, 0 };
