// Integer: SHA-256 (FIPS 180-4) and CRC-32 of a buffer, without special instructions.
#include <string.h>

#include "bench.h"

enum { SIZE = 1 << 20, ROUNDS = 12 };

static unsigned char data[SIZE];
static uint32_t crc_table[256], constants[64];

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

/** First 32 bits of the fractional part of the cube root of a prime, by integer bisection. */
static uint32_t cube_root_bits(uint64_t prime) {
  // Finds r with r^3 <= prime << 96 in pieces: r has 3 integer bits and 32 fractional ones.
  uint64_t low = 0, high = (uint64_t)8 << 32;
  while (high - low > 1) {
    uint64_t middle = (low + high) / 2;
    // middle^3 >> 64 against prime << 32, with halves so that nothing overflows.
    uint64_t a = middle >> 32, b = middle & 0xffffffff;
    uint64_t square_high = a * a, square_middle = 2 * a * b, square_low = b * b;
    square_middle += square_low >> 32;
    square_high += square_middle >> 32;
    uint64_t square = square_high << 32 | (square_middle & 0xffffffff);
    uint64_t c = square >> 32, d = square & 0xffffffff;
    uint64_t rest = (square_low & 0xffffffff) * a + (((square_low & 0xffffffff) * b) >> 32);
    uint64_t cube_middle = c * b + d * a + ((d * b) >> 32) + (rest >> 32);
    uint64_t cube = ((c * a) << 32) + cube_middle;
    if (cube < prime << 32) low = middle;
    else high = middle;
  }
  return (uint32_t)low;
}

static void prepare(void) {
  uint64_t seed = 7;
  for (size_t i = 0; i < SIZE; i++) data[i] = (unsigned char)next_random(&seed);
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    crc_table[i] = value;
  }
  int found = 0;
  for (unsigned n = 2; found < 64; n++) {
    int prime = 1;
    for (unsigned d = 2; d * d <= n; d++) prime &= n % d != 0;
    if (prime) constants[found++] = cube_root_bits(n);
  }
}

static void block(uint32_t *state, const unsigned char *bytes) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++) {
    const unsigned char *b = bytes + i * 4;
    w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
  }
  for (int i = 16; i < 64; i++) {
    uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t s1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
    uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
    uint32_t t1 = s[7] + s1 + choice + constants[i] + w[i];
    uint32_t s0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
    uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    s[7] = s[6], s[6] = s[5], s[5] = s[4], s[4] = s[3] + t1;
    s[3] = s[2], s[2] = s[1], s[1] = s[0], s[0] = t1 + s0 + majority;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

static uint64_t run(void) {
  uint64_t sum = CHECKSUM_START;
  uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t at = 0; at < SIZE; at += 64) block(state, data + at);
    uint32_t crc = ~0u;
    for (size_t i = 0; i < SIZE; i++) crc = crc_table[(crc ^ data[i]) & 255] ^ crc >> 8;
    data[round] ^= (unsigned char)crc;
    sum = checksum(sum, &crc, sizeof crc);
  }
  return checksum(sum, state, sizeof state);
}

const struct program hash_program = { "integer", "hash", prepare, run, 0 };
