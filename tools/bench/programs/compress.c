// Integer: dictionary compression of text with hash chains, and back.
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { SIZE = 1 << 20, HASH_BITS = 15, CHAIN = 24, MATCH_MIN = 4, MATCH_MAX = 255 + MATCH_MIN, WINDOW = 65535 };

static unsigned char *text, *packed, *restored;
static int32_t head[1 << HASH_BITS], *previous;

static void prepare(void) {
  text = malloc(SIZE);
  packed = malloc(SIZE * 2);
  restored = malloc(SIZE);
  previous = malloc(SIZE * sizeof *previous);
  if (!text || !packed || !restored || !previous) fail("malloc");
  make_text((char *)text, SIZE, 42);
}

static unsigned hash(const unsigned char *at) {
  uint32_t word;
  memcpy(&word, at, 4);
  return (word * 2654435761u) >> (32 - HASH_BITS);
}

static int match_length(int a, int b) {
  int length = 0;
  while (b + length < SIZE && length < MATCH_MAX && text[a + length] == text[b + length]) length++;
  return length;
}

/** The longest earlier match for position `at`; its length, its place in `*where`. */
static int find(int at, int *where) {
  int best = 0;
  int candidate = head[hash(text + at)];
  for (int tries = 0; tries < CHAIN && candidate >= 0 && at - candidate <= WINDOW; tries++) {
    int length = match_length(candidate, at);
    if (length > best) {
      best = length;
      *where = candidate;
    }
    candidate = previous[candidate];
  }
  return best;
}

static void remember(int at) {
  if (at + 4 > SIZE) return;
  unsigned bucket = hash(text + at);
  previous[at] = head[bucket];
  head[bucket] = at;
}

/** Tokens: 0 byte, or 1, length - MATCH_MIN, distance in two bytes. */
static size_t pack(void) {
  memset(head, 0xff, sizeof head);
  size_t out = 0;
  int at = 0;
  while (at < SIZE) {
    int where = 0;
    int length = at + 4 <= SIZE ? find(at, &where) : 0;
    if (length < MATCH_MIN) {
      packed[out++] = 0;
      packed[out++] = text[at];
      length = 1;
    } else {
      int distance = at - where;
      packed[out++] = 1;
      packed[out++] = (unsigned char)(length - MATCH_MIN);
      packed[out++] = (unsigned char)distance;
      packed[out++] = (unsigned char)(distance >> 8);
    }
    while (length-- > 0) remember(at++);
  }
  return out;
}

static void unpack(size_t size) {
  size_t in = 0, out = 0;
  while (in < size && out < SIZE) {
    if (packed[in] == 0) {
      restored[out++] = packed[in + 1];
      in += 2;
      continue;
    }
    int length = packed[in + 1] + MATCH_MIN;
    int distance = packed[in + 2] | packed[in + 3] << 8;
    in += 4;
    while (length-- > 0) {
      restored[out] = restored[out - distance];
      out++;
    }
  }
}

static uint64_t run(void) {
  uint64_t sum = CHECKSUM_START;
  for (int round = 0; round < 1; round++) {
    size_t size = pack();
    unpack(size);
    if (memcmp(text, restored, SIZE) != 0) fail("compress: what came back differs");
    sum = checksum(sum, packed, size);
  }
  return sum;
}

const struct program compress_program = { "integer", "compress", prepare, run, 0 };
