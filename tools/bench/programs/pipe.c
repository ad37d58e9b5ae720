// System: a byte goes to and fro between two processes through pipes.
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { TURNS = 12000 };

static uint64_t run(void) {
  int there[2], back[2];
  if (pipe(there) != 0 || pipe(back) != 0) fail("pipe");
  pid_t child = fork();
  if (child < 0) fail("fork");
  unsigned char value = 0;
  if (child == 0) {
    close(there[1]);
    while (read(there[0], &value, 1) == 1) {
      value++;
      if (write(back[1], &value, 1) != 1) _exit(1);
    }
    _exit(0);
  }
  close(there[0]);
  uint64_t sum = CHECKSUM_START;
  for (int i = 0; i < TURNS; i++) {
    if (write(there[1], &value, 1) != 1 || read(back[0], &value, 1) != 1) fail("pipe: it broke");
    sum = checksum(sum, &value, 1);
  }
  close(there[1]);
  if (waitpid(child, 0, 0) != child) fail("waitpid");
  close(back[0]);
  close(back[1]);
  return sum;
}

const struct program pipe_program = { "system", "pipe", stay_on_one_cpu, run, 0 };
