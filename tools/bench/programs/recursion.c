// Integer: calls and returns: Fibonacci's and Ackermann's functions, and the queens on a board.
#include "bench.h"

static unsigned __attribute__((noinline, noclone)) fibonacci(unsigned n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static unsigned __attribute__((noinline, noclone)) ackermann(unsigned m, unsigned n) {
  if (m == 0) return n + 1;
  return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static unsigned __attribute__((noinline, noclone)) queens(unsigned all, unsigned columns, unsigned left, unsigned right) {
  if (columns == all) return 1;
  unsigned solutions = 0;
  for (unsigned free = all & ~(columns | left | right); free; free &= free - 1) {
    unsigned bit = free & -free;
    solutions += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return solutions;
}

static uint64_t run(void) {
  unsigned results[] = { fibonacci(32), ackermann(2, 1200), ackermann(3, 7), queens((1 << 9) - 1, 0, 0, 0), fibonacci(31) };
  return checksum(CHECKSUM_START, results, sizeof results);
}

const struct program recursion_program = { "integer", "recursion", 0, run, 0 };
