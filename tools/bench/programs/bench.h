// What the benchmark programs share. Each file is one program: a function that does a fixed amount of work and returns a
// checksum, by which the harness sees that every machine computed the same.
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t (*work)(void);

/** Work in three parts, so that making inputs is not timed. `prepare` and `finish` may be 0. */
struct program {
  const char *group;
  const char *name;
  void (*prepare)(void);
  work run;
  void (*finish)(void);
};

/** Pseudo-random numbers that are the same everywhere (xorshift64*). */
static inline uint64_t next_random(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545f4914f6cdd1dull;
}

/** FNV-1a, 64 bits. */
static inline uint64_t checksum(uint64_t hash, const void *data, size_t length) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 0x100000001b3ull;
  return hash;
}

#define CHECKSUM_START 0xcbf29ce484222325ull

/** Ends the program with a message; the harness reports it. */
void fail(const char *what) __attribute__((noreturn));
/** A path in the folder for scratch files. The result is overwritten by the next call. */
const char *scratch(const char *name);
/** Text that resembles prose, the same for the same seed. Not terminated. */
void make_text(char *to, size_t length, uint64_t seed);
/** Keeps this process on one processor, so that hosts with several measure the same as guests with one. */
void stay_on_one_cpu(void);

extern const struct program compress_program, hash_program, sort_program, bytecode_program, recursion_program;
extern const struct program nbody_program, mandelbrot_program, spectral_program, packed_program;
extern const struct program copy_program, random_program, scan_program;
extern const struct program getpid_program, spawn_program, pipe_program, faults_program, switch_program;
extern const struct program shell_program, awk_program, gzip_program, textsort_program;

#endif
