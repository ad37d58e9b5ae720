// Floating point: SSE's packed instructions: a product of matrices in single precision and a filter over pixels.
#include <emmintrin.h>

#include "bench.h"

enum { N = 192, PIXELS = 1 << 16, ROUNDS = 24 };

static float a[N][N] __attribute__((aligned(16))), b[N][N] __attribute__((aligned(16))), c[N][N] __attribute__((aligned(16)));
static unsigned char pixels[PIXELS] __attribute__((aligned(16)));
static double samples[PIXELS / 8] __attribute__((aligned(16)));

static void prepare(void) {
  uint64_t seed = 5;
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < N; k++) {
      a[i][k] = (float)(next_random(&seed) >> 40) / 16777216.0f;
      b[i][k] = (float)(next_random(&seed) >> 40) / 16777216.0f;
    }
  }
  for (int i = 0; i < PIXELS; i++) pixels[i] = (unsigned char)next_random(&seed);
  for (int i = 0; i < PIXELS / 8; i++) samples[i] = (double)(i % 97) / 7;
}

static void multiply(void) {
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < N; k += 8) {
      __m128 low = _mm_setzero_ps(), high = _mm_setzero_ps();
      for (int m = 0; m < N; m++) {
        __m128 factor = _mm_set1_ps(a[i][m]);
        low = _mm_add_ps(low, _mm_mul_ps(factor, _mm_load_ps(&b[m][k])));
        high = _mm_add_ps(high, _mm_mul_ps(factor, _mm_load_ps(&b[m][k + 4])));
      }
      _mm_store_ps(&c[i][k], low);
      _mm_store_ps(&c[i][k + 4], high);
    }
  }
}

/** Integer lanes: average with the neighbours, then spread the contrast in 16-bit steps. */
static void filter(void) {
  __m128i zero = _mm_setzero_si128(), gain = _mm_set1_epi16(5), middle = _mm_set1_epi16(512);
  for (int i = 16; i < PIXELS - 32; i += 16) {
    __m128i here = _mm_load_si128((const __m128i *)(pixels + i));
    __m128i next = _mm_loadu_si128((const __m128i *)(pixels + i + 1));
    __m128i mean = _mm_avg_epu8(here, next);
    __m128i low = _mm_mullo_epi16(_mm_unpacklo_epi8(mean, zero), gain);
    __m128i high = _mm_mullo_epi16(_mm_unpackhi_epi8(mean, zero), gain);
    low = _mm_srai_epi16(_mm_sub_epi16(low, middle), 2);
    high = _mm_srai_epi16(_mm_sub_epi16(high, middle), 2);
    _mm_store_si128((__m128i *)(pixels + i), _mm_packus_epi16(low, high));
  }
}

static void smooth(void) {
  __m128d quarter = _mm_set1_pd(0.25), half = _mm_set1_pd(0.5);
  for (int i = 2; i < PIXELS / 8 - 2; i += 2) {
    __m128d sides = _mm_add_pd(_mm_loadu_pd(samples + i - 1), _mm_loadu_pd(samples + i + 1));
    __m128d value = _mm_add_pd(_mm_mul_pd(_mm_load_pd(samples + i), half), _mm_mul_pd(sides, quarter));
    _mm_store_pd(samples + i, _mm_max_pd(_mm_sqrt_pd(value), quarter));
  }
}

static uint64_t run(void) {
  for (int round = 0; round < ROUNDS; round++) {
    multiply();
    for (int i = 0; i < 8; i++) filter();
    for (int i = 0; i < 8; i++) smooth();
    a[0][round] = c[round][round] / 64;
  }
  uint64_t sum = checksum(checksum(CHECKSUM_START, c, sizeof c), pixels, sizeof pixels);
  return checksum(sum, samples, sizeof samples);
}

const struct program packed_program = { "float", "packed", prepare, run, 0 };
