// `bench NAME` runs one program and prints "NAME seconds checksum"; `bench list` prints the names by group.
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static const struct program *const programs[] = {
  &compress_program, &hash_program,   &sort_program,   &bytecode_program, &recursion_program, &nbody_program,
  &mandelbrot_program, &spectral_program, &packed_program, &copy_program, &random_program, &scan_program,
  &getpid_program,   &spawn_program,  &pipe_program,   &faults_program,   &switch_program,    &shell_program,
  &awk_program,      &gzip_program,   &textsort_program,
};
#define PROGRAMS (sizeof programs / sizeof *programs)

void fail(const char *what) {
  perror(what);
  exit(1);
}

const char *scratch(const char *name) {
  static char path[4096];
  const char *folder = getenv("BENCH_SCRATCH");
  snprintf(path, sizeof path, "%s/%s", folder ? folder : "/tmp", name);
  return path;
}

void make_text(char *to, size_t length, uint64_t seed) {
  static const char *const words[] = {
    "the",   "of",     "machine", "page",  "and",    "to",    "a",       "in",     "register", "memory", "is",    "that",
    "write", "kernel", "was",     "value", "for",    "on",    "address", "device", "with",     "as",     "guest", "queue",
    "it",    "which",  "number",  "be",    "branch", "table", "from",    "clock",  "at",       "block",  "not",   "driver",
  };
  size_t at = 0;
  unsigned column = 0;
  while (at < length) {
    uint64_t random = next_random(&seed);
    char word[32];
    int size;
    if ((random & 15) == 0) size = snprintf(word, sizeof word, "%u", (unsigned)(random >> 32) % 100000);
    else size = snprintf(word, sizeof word, "%s", words[(random >> 8) % (sizeof words / sizeof *words)]);
    column++;
    word[size++] = column % 11 == 0 ? '\n' : ' ';
    for (int i = 0; i < size && at < length; i++) to[at++] = word[i];
  }
  to[length - 1] = '\n';
}

void stay_on_one_cpu(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  // A kernel that refuses leaves the process where it is: a slower measurement, not a wrong one.
  if (sched_setaffinity(0, sizeof set, &set) != 0) return;
}

static double now(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) fail("clock_gettime");
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int measure(const struct program *program) {
  if (program->prepare) program->prepare();
  double start = now();
  uint64_t sum = program->run();
  double end = now();
  if (program->finish) program->finish();
  printf("%s %.6f %016llx\n", program->name, end - start, (unsigned long long)sum);
  return 0;
}

int main(int count, char **arguments) {
  const char *name = count == 2 ? arguments[1] : "";
  // What fork and exec measure starts this program again.
  if (strcmp(name, "nothing") == 0) return 0;
  for (size_t i = 0; i < PROGRAMS; i++) {
    if (strcmp(name, "list") == 0) printf("%s %s\n", programs[i]->group, programs[i]->name);
    else if (strcmp(name, programs[i]->name) == 0) return measure(programs[i]);
  }
  if (strcmp(name, "list") == 0) return 0;
  fprintf(stderr, "usage: bench NAME | list\n");
  return 2;
}
