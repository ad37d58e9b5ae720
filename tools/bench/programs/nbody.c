// Floating point: gravity between five bodies, in scalar double precision with divisions and square roots.
#include <math.h>

#include "bench.h"

enum { BODIES = 5, STEPS = 250000 };

static struct body {
  double x, y, z, vx, vy, vz, mass;
} bodies[BODIES];

static void prepare(void) {
  uint64_t seed = 3;
  for (int i = 0; i < BODIES; i++) {
    double *values = &bodies[i].x;
    for (int k = 0; k < 6; k++) {
      double unit = (double)(int32_t)(next_random(&seed) >> 32) / 2147483648.0;
      values[k] = k < 3 ? unit * 20 : unit * 0.5;
    }
    bodies[i].mass = i == 0 ? 39.0 : 0.01 * (i + 1);
  }
}

static void step(double dt) {
  for (int i = 0; i < BODIES; i++) {
    struct body *a = &bodies[i];
    for (int k = i + 1; k < BODIES; k++) {
      struct body *b = &bodies[k];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double squared = dx * dx + dy * dy + dz * dz + 0.01;
      double force = dt / (squared * sqrt(squared));
      a->vx -= dx * b->mass * force;
      a->vy -= dy * b->mass * force;
      a->vz -= dz * b->mass * force;
      b->vx += dx * a->mass * force;
      b->vy += dy * a->mass * force;
      b->vz += dz * a->mass * force;
    }
  }
  for (int i = 0; i < BODIES; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

static uint64_t run(void) {
  for (int i = 0; i < STEPS; i++) step(0.001);
  return checksum(CHECKSUM_START, bodies, sizeof bodies);
}

const struct program nbody_program = { "float", "nbody", prepare, run, 0 };
