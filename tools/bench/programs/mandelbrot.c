// Floating point: a tight loop of multiplications and additions in scalar double precision, with an exit by comparison.
#include "bench.h"

enum { WIDTH = 320, HEIGHT = 240, STEPS = 500 };

static uint64_t run(void) {
  static uint16_t picture[HEIGHT][WIDTH];
  for (int row = 0; row < HEIGHT; row++) {
    for (int column = 0; column < WIDTH; column++) {
      double cx = column * 3.0 / WIDTH - 2.0, cy = row * 2.0 / HEIGHT - 1.0, x = 0, y = 0;
      int n = 0;
      for (; n < STEPS && x * x + y * y < 4.0; n++) {
        double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
      }
      picture[row][column] = (uint16_t)n;
    }
  }
  return checksum(CHECKSUM_START, picture, sizeof picture);
}

const struct program mandelbrot_program = { "float", "mandelbrot", 0, run, 0 };
