// Memory: dependent loads in random order, and scattered updates, over more than the caches and the TLB hold.
#include <stdlib.h>

#include "bench.h"

enum { COUNT = 1 << 21, STEPS = 1500000, UPDATES = 3000000 };

static uint32_t *next;

/** One cycle through all elements (Sattolo's shuffle). */
static void prepare(void) {
  next = malloc(COUNT * sizeof *next);
  if (!next) fail("malloc");
  uint64_t seed = 23;
  for (uint32_t i = 0; i < COUNT; i++) next[i] = i;
  for (uint32_t i = COUNT - 1; i > 0; i--) {
    uint32_t k = (uint32_t)(next_random(&seed) >> 32) % i;
    uint32_t other = next[i];
    next[i] = next[k];
    next[k] = other;
  }
}

static uint64_t run(void) {
  uint32_t at = 0;
  for (int i = 0; i < STEPS; i++) at = next[at];
  uint64_t seed = at + 1;
  for (int i = 0; i < UPDATES; i++) {
    uint64_t random = next_random(&seed);
    next[random % COUNT] += (uint32_t)(random >> 32);
  }
  uint64_t sum = checksum(CHECKSUM_START, &at, sizeof at);
  for (uint32_t i = 0; i < COUNT; i += 64) sum = checksum(sum, next + i, 4);
  return sum;
}

const struct program random_program = { "memory", "random", prepare, run, 0 };
