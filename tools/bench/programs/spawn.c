// System: fork, exec and wait, with this program as the one that is started.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { CHILDREN = 120 };

static uint64_t run(void) {
  uint64_t ended = 0;
  for (int i = 0; i < CHILDREN; i++) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      execl("/proc/self/exe", "bench", "nothing", (char *)0);
      _exit(1);
    }
    int status;
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    ended += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return ended;
}

const struct program spawn_program = { "system", "spawn", stay_on_one_cpu, run, 0 };
