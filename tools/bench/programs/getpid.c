// System: the cheapest system call there is, again and again.
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

enum { CALLS = 400000 };

static uint64_t run(void) {
  long mine = getpid();
  for (int i = 0; i < CALLS; i++) {
    if (syscall(SYS_getpid) != mine) fail("getpid: another number");
  }
  return CALLS;
}

const struct program getpid_program = { "system", "getpid", 0, run, 0 };
