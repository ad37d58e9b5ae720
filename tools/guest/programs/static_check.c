// A program as gcc builds it: statically linked, with vectorised loops, 128-bit and x87 arithmetic, signals, processes and
// threads. It prints what it computed, a line each; whoever runs it knows the answers.

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBERS = 100000, THREADS = 4, ROUNDS = 20000, TICKS = 5 };

static uint32_t next(uint32_t *state) {
	*state = *state * 1664525u + 1013904223u;
	return *state;
}

static int compare(const void *a, const void *b) {
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void sort_numbers(void) {
	uint32_t *numbers = malloc(NUMBERS * sizeof *numbers), state = 1, hash = 2166136261u;
	for (int i = 0; i < NUMBERS; i++) numbers[i] = next(&state);
	qsort(numbers, NUMBERS, sizeof *numbers, compare);
	for (int i = 0; i < NUMBERS; i++) hash = (hash ^ numbers[i]) * 16777619u;
	printf("sorted %08x\n", hash);
	free(numbers);
}

static void vectors(void) {
	static float a[4096], b[4096];
	static int32_t n[4096];
	for (int i = 0; i < 4096; i++) a[i] = (float)i * 0.5f, b[i] = 4096.0f - (float)i, n[i] = i * i;
	for (int i = 0; i < 4096; i++) a[i] = a[i] * b[i] + 1.0f;
	double sum = 0;
	int64_t whole = 0;
	for (int i = 0; i < 4096; i++) sum += a[i], whole += n[i] ^ i;
	printf("vectors %.1f %lld\n", sum, (long long)whole);
}

// Fermat's little theorem for 2^89 - 1, a prime: products of up to 178 bits, by 128-bit steps.
static unsigned __int128 multiply(unsigned __int128 x, unsigned __int128 y, unsigned __int128 modulus) {
	unsigned __int128 product = 0;
	for (; y != 0; y >>= 1) {
		if (y & 1) product = (product + x) % modulus;
		x = (x + x) % modulus;
	}
	return product;
}

static void wide_numbers(void) {
	unsigned __int128 modulus = ((unsigned __int128)1 << 89) - 1, power = 1, base = 3;
	for (unsigned __int128 exponent = modulus - 1; exponent != 0; exponent >>= 1) {
		if (exponent & 1) power = multiply(power, base, modulus);
		base = multiply(base, base, modulus);
	}
	printf("fermat %llu\n", (unsigned long long)power);
}

static void long_doubles(void) {
	long double sum = 0, factorial = 1;
	for (int i = 1; i < 25; i++) sum += 1 / factorial, factorial *= i;
	printf("e %.17Lf\n", sum);
}

static sigjmp_buf back;
static volatile sig_atomic_t ticks;
static void *volatile fault_address;

static void on_fault(int number, siginfo_t *info, void *context) {
	(void)context;
	fault_address = info->si_addr;
	siglongjmp(back, number);
}

static void on_tick(int number) {
	(void)number;
	ticks++;
}

static void faults(void) {
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int number = sigsetjmp(back, 1);
	if (number == 0) *(volatile char *)(page + 5) = 1;
	printf("segv %d %d\n", number == SIGSEGV, fault_address == page + 5);
	volatile int zero = 0;
	number = sigsetjmp(back, 1);
	if (number == 0) zero = 7 / zero;
	printf("fpe %d\n", number == SIGFPE);
}

static void timers(void) {
	struct sigaction action = {.sa_handler = on_tick};
	sigaction(SIGALRM, &action, NULL);
	struct itimerval every = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000}, never = {0};
	setitimer(ITIMER_REAL, &every, NULL);
	while (ticks < TICKS) pause();
	setitimer(ITIMER_REAL, &never, NULL);
	printf("ticks %d\n", ticks >= TICKS);
}

static void processes(void) {
	int ends[2], status = 0;
	char text[16] = "";
	if (pipe(ends) != 0) exit(1);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) _exit(write(ends[1], "from child", 10) == 10 ? 42 : 1);
	ssize_t got = read(ends[0], text, sizeof text - 1);
	waitpid(child, &status, 0);
	printf("child %d \"%s\" %d\n", (int)got, text, WEXITSTATUS(status));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long locked, atomically;

static void *count(void *unused) {
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		locked++;
		pthread_mutex_unlock(&lock);
		__atomic_add_fetch(&atomically, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void threads(void) {
	pthread_t all[THREADS];
	for (int i = 0; i < THREADS; i++) pthread_create(&all[i], NULL, count, NULL);
	for (int i = 0; i < THREADS; i++) pthread_join(all[i], NULL);
	printf("threads %ld %ld\n", locked, atomically);
}

int main(void) {
	sort_numbers();
	vectors();
	wide_numbers();
	long_doubles();
	faults();
	timers();
	processes();
	threads();
	return 0;
}
