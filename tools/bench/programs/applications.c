// Applications: busybox as shell, awk, gzip and sort. The programs differ only in what they start.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { TEXT = 320 << 10 };

static const char *busybox(void) {
  const char *path = getenv("BENCH_BUSYBOX");
  return path ? path : "/bin/busybox";
}

static void write_text(void) {
  static char text[TEXT];
  make_text(text, TEXT, 31);
  int file = open(scratch("bench-text"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) fail("bench-text");
  for (size_t done = 0; done < TEXT;) {
    ssize_t written = write(file, text + done, TEXT - done);
    if (written <= 0) fail("bench-text");
    done += (size_t)written;
  }
  close(file);
}

static void remove_text(void) { unlink(scratch("bench-text")); }

/** Runs busybox with the text as its input; the checksum of what it prints. */
static uint64_t applet(const char *const *arguments, int with_text) {
  int out[2];
  if (pipe(out) != 0) fail("pipe");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    int in = open(with_text ? scratch("bench-text") : "/dev/null", O_RDONLY);
    if (in < 0 || dup2(in, 0) < 0 || dup2(out[1], 1) < 0) _exit(126);
    close(out[0]);
    execv(busybox(), (char *const *)arguments);
    _exit(127);
  }
  close(out[1]);
  uint64_t sum = CHECKSUM_START;
  static unsigned char buffer[65536];
  for (ssize_t got; (got = read(out[0], buffer, sizeof buffer)) > 0;) sum = checksum(sum, buffer, (size_t)got);
  close(out[0]);
  int status;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "%s %s ended with status %d\n", busybox(), arguments[1], status);
    exit(1);
  }
  return sum;
}

static uint64_t run_shell(void) {
  static const char script[] =
    "i=0; total=0\n"
    "double() { total=$((total + $1 * 2)); }\n"
    "while [ $i -lt 10000 ]; do\n"
    "  i=$((i + 1))\n"
    "  case $i in *7) double $i ;; *3*) word=a${word%b}b ;; esac\n"
    "done\n"
    "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo \"$n $(echo $word | tr a-b c-d)\"; done\n"
    "echo $i $total $word\n";
  static const char *const arguments[] = { "busybox", "sh", "-c", script, 0 };
  return applet(arguments, 0);
}

static uint64_t run_awk(void) {
  static const char program[] =
    "{ for (i = 1; i <= NF; i++) { seen[$i]++; if ($i ~ /^[0-9]+$/) sum += $i; else letters += length($i) } }\n"
    "END { for (word in seen) { n++; most = seen[word] > most ? seen[word] : most } print n, most, sum, letters, NR }\n";
  static const char *const arguments[] = { "busybox", "awk", program, 0 };
  return applet(arguments, 1);
}

static uint64_t run_gzip(void) {
  static const char *const arguments[] = { "busybox", "sh", "-c", "exec 3<&0; gzip -9 <&3 | gunzip | md5sum", 0 };
  return applet(arguments, 1);
}

static uint64_t run_sort(void) {
  static const char *const arguments[] = { "busybox", "sh", "-c", "tr ' ' '\\n' | sort | uniq -c | sort -rn", 0 };
  return applet(arguments, 1);
}

const struct program shell_program = { "application", "shell", 0, run_shell, 0 };
const struct program awk_program = { "application", "awk", write_text, run_awk, remove_text };
const struct program gzip_program = { "application", "gzip", write_text, run_gzip, remove_text };
const struct program textsort_program = { "application", "textsort", write_text, run_sort, remove_text };
