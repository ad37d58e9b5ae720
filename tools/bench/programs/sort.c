// Integer: sorting, once by qsort with its calls through a pointer, once by a heap sort of its own.
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { COUNT = 400000 };

static uint32_t *source, *work_area;

static void prepare(void) {
  source = malloc(COUNT * sizeof *source);
  work_area = malloc(COUNT * sizeof *work_area);
  if (!source || !work_area) fail("malloc");
  uint64_t seed = 11;
  for (int i = 0; i < COUNT; i++) source[i] = (uint32_t)(next_random(&seed) >> 32);
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void sift(uint32_t *heap, int root, int count) {
  uint32_t value = heap[root];
  for (int child; (child = root * 2 + 1) < count; root = child) {
    if (child + 1 < count && heap[child] < heap[child + 1]) child++;
    if (value >= heap[child]) break;
    heap[root] = heap[child];
  }
  heap[root] = value;
}

static void heap_sort(uint32_t *values, int count) {
  for (int i = count / 2; i-- > 0;) sift(values, i, count);
  while (count-- > 1) {
    uint32_t largest = values[0];
    values[0] = values[count];
    values[count] = largest;
    sift(values, 0, count);
  }
}

static uint64_t run(void) {
  memcpy(work_area, source, COUNT * sizeof *source);
  qsort(work_area, COUNT, sizeof *work_area, compare);
  uint64_t sum = checksum(CHECKSUM_START, work_area, COUNT * sizeof *work_area);
  memcpy(work_area, source, COUNT * sizeof *source);
  heap_sort(work_area, COUNT);
  return checksum(sum, work_area, COUNT * sizeof *work_area);
}

const struct program sort_program = { "integer", "sort", prepare, run, 0 };
