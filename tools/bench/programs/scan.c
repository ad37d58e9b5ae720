// Memory: searching and comparing by the C library, and a plain sum over an array.
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { SIZE = 8 << 20, ROUNDS = 12 };

static char *text, *twin;

static void prepare(void) {
  text = malloc(SIZE + 1);
  twin = malloc(SIZE + 1);
  if (!text || !twin) fail("malloc");
  make_text(text, SIZE, 29);
  text[SIZE] = 0;
  memcpy(twin, text, SIZE + 1);
}

static uint64_t run(void) {
  uint64_t sum = CHECKSUM_START;
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t lines = 0, total = 0;
    for (char *at = text; (at = memchr(at, '\n', (size_t)(text + SIZE - at))) != 0; at++) lines++;
    twin[SIZE - 1 - round] ^= 1;
    uint64_t order = (uint64_t)memcmp(text, twin, SIZE) > 0, length = strlen(text);
    for (size_t i = 0; i + 4 <= SIZE; i += 4) {
      uint32_t word;
      memcpy(&word, text + i, 4);
      total += word;
    }
    uint64_t results[] = { lines, order, length, total };
    sum = checksum(sum, results, sizeof results);
  }
  return sum;
}

const struct program scan_program = { "memory", "scan", prepare, run, 0 };
