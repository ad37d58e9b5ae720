// Memory: copying and filling, in blocks from a few bytes to megabytes, by the C library.
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { SIZE = 4 << 20 };

static char *from, *to;

static void prepare(void) {
  from = malloc(SIZE);
  to = malloc(SIZE);
  if (!from || !to) fail("malloc");
  make_text(from, SIZE, 17);
  memset(to, 0, SIZE);
}

static uint64_t run(void) {
  static const size_t blocks[] = { 24, 200, 1500, 4096, 65536, 1 << 20 };
  // Through a pointer that the compiler cannot see through, so that every call happens.
  void *(*volatile copy)(void *, const void *, size_t) = memcpy;
  void *(*volatile fill)(void *, int, size_t) = memset;
  uint64_t sum = CHECKSUM_START;
  for (unsigned kind = 0; kind < sizeof blocks / sizeof *blocks; kind++) {
    size_t block = blocks[kind];
    for (size_t total = 0; total < ((size_t)128 << 20) / (kind < 2 ? 4 : 1); total += block * 2) {
      size_t at = (total * 7) % (SIZE - block);
      copy(to + at, from + (SIZE - block - at), block);
      if ((total & 0xff) == 0) fill(to + at, (int)kind, block);
    }
    sum = checksum(sum, to + kind * 1000, 4096);
  }
  return sum;
}

const struct program copy_program = { "memory", "copy", prepare, run, 0 };
