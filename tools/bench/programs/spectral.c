// Floating point: products with a matrix whose elements are computed: integer to double, divisions, sums.
#include "bench.h"

enum { N = 320, ROUNDS = 60 };

static double element(int i, int k) { return 1.0 / ((i + k) * (i + k + 1) / 2 + i + 1); }

static void multiply(const double *from, double *to, int transposed) {
  for (int i = 0; i < N; i++) {
    double sum = 0;
    for (int k = 0; k < N; k++) sum += (transposed ? element(k, i) : element(i, k)) * from[k];
    to[i] = sum;
  }
}

static uint64_t run(void) {
  static double u[N], v[N], half[N];
  for (int i = 0; i < N; i++) u[i] = 1;
  for (int round = 0; round < ROUNDS; round++) {
    multiply(u, half, 0);
    multiply(half, v, 1);
    multiply(v, half, 0);
    multiply(half, u, 1);
  }
  return checksum(checksum(CHECKSUM_START, u, sizeof u), v, sizeof v);
}

const struct program spectral_program = { "float", "spectral", 0, run, 0 };
