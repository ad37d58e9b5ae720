// System: context switches: processes on one processor hand a turn on through shared memory and sched_yield.
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { PROCESSES = 4, TURNS = 12000 };

/** Takes every turn that is this process's until all turns are over. */
static void take_turns(volatile unsigned *turn, unsigned mine) {
  while (*turn < TURNS) {
    if (*turn % PROCESSES == mine) ++*turn;
    else sched_yield();
  }
}

static uint64_t run(void) {
  volatile unsigned *turn = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (turn == MAP_FAILED) fail("mmap");
  pid_t children[PROCESSES];
  for (unsigned i = 1; i < PROCESSES; i++) {
    children[i] = fork();
    if (children[i] < 0) fail("fork");
    if (children[i] == 0) {
      take_turns(turn, i);
      _exit(0);
    }
  }
  take_turns(turn, 0);
  for (unsigned i = 1; i < PROCESSES; i++) {
    if (waitpid(children[i], 0, 0) != children[i]) fail("waitpid");
  }
  uint64_t turns = *turn;
  munmap((void *)turn, 4096);
  return turns;
}

const struct program switch_program = { "system", "switch", stay_on_one_cpu, run, 0 };
