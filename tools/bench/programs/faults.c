// System: page faults: fresh memory is touched page by page, and pages shared by fork are written to.
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { PAGE = 4096, PAGES = 4096, ROUNDS = 4 };

static uint64_t touch(volatile unsigned char *area, int value) {
  uint64_t sum = 0;
  for (int i = 0; i < PAGES; i++) {
    area[i * PAGE] = (unsigned char)(value + i);
    sum += area[i * PAGE];
  }
  return sum;
}

static uint64_t run(void) {
  uint64_t sum = 0;
  for (int round = 0; round < ROUNDS; round++) {
    unsigned char *area = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) fail("mmap");
    // Small pages everywhere, whatever the kernel's default is.
    madvise(area, PAGES * PAGE, MADV_NOHUGEPAGE);
    sum += touch(area, round);
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) _exit((int)(touch(area, round + 1) & 0x7f));
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) fail("waitpid");
    sum += (uint64_t)WEXITSTATUS(status);
    if (munmap(area, PAGES * PAGE) != 0) fail("munmap");
  }
  return sum;
}

const struct program faults_program = { "system", "faults", stay_on_one_cpu, run, 0 };
