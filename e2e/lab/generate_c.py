"""Writes a C program of a few thousand lines to standard output, the same every time: functions of random but defined
integer and floating-point arithmetic, switches, loops, structures and calls. It prints a line for each group of them."""

FUNCTIONS = 60
GROUP = 10

state = 0x9E3779B97F4A7C15


def below(limit):
    global state
    state ^= state << 13 & 0xFFFFFFFFFFFFFFFF
    state ^= state >> 7
    state ^= state << 17 & 0xFFFFFFFFFFFFFFFF
    return (state >> 11) % limit


def pick(values):
    return values[below(len(values))]


def number(kind):
    if kind == "f":
        return f"{below(4096) / 64 + 0.5!r}"
    return f"0x{below(1 << pick([4, 8, 16, 31])):x}u"


def leaf(kind):
    if below(4) == 0:
        return number(kind)
    if kind == "f":
        return pick(["f", "g", "r->half", "(double)(int16_t)a", "(double)(uint32_t)c", "(double)s"])
    return pick(["a", "b", "c", "d", "r->count", "(r->bytes[b & 15] + 0u)", "(uint32_t)(int64_t)f", "table[a & 63]", "(d & 255)"])


def expression(kind, depth):
    if depth == 0:
        return leaf(kind)
    x, y = expression(kind, depth - 1), expression(kind, below(depth))
    if kind == "f":
        operator = pick(["+", "-", "*", "/", "min", "abs"])
        if operator == "*":
            return f"({x} * 0.001 * {y})"
        if operator == "/":
            return f"({x} / (1.0 + {y} * {y}))"
        if operator == "min":
            return f"({x} < {y} ? {x} : {y})"
        if operator == "abs":
            return f"__builtin_fabs({x})"
        return f"({x} {operator} {y})"
    operator = pick(["+", "-", "*", "^", "&", "|", "<<", ">>", "/", "%", "?", "rotate", "signed", "bits"])
    if operator in ("<<", ">>"):
        return f"({x} {operator} ({y} & 31))"
    if operator in ("/", "%"):
        return f"({x} {operator} ({y} | 1))"
    if operator == "?":
        return f"({x} {pick(['<', '>=', '==', '!='])} {y} ? {leaf(kind)} : {x})"
    if operator == "rotate":
        count = below(31) + 1
        return f"(({x}) << {count} | ({x}) >> {32 - count})" if depth < 3 else f"({x} + {y})"
    if operator == "signed":
        return f"(uint32_t)((int32_t)({x}) >> {below(31)})"
    if operator == "bits":
        return f"(uint32_t)__builtin_{pick(['popcount', 'bswap32', 'parity'])}({x})"
    return f"({x} {operator} {y})"


def wide():
    return pick(
        [
            "c = c * 6364136223846793005ull + a;",
            "c ^= c >> 29 ^ (uint64_t)b << 17;",
            "c += (uint64_t)((int64_t)c / ((int32_t)(a >> 1) | 1));",
            "c = c % ((uint64_t)b << 20 | 12345) + (uint64_t)d * a;",
            "c = __builtin_bswap64(c) - (uint64_t)s;",
            "s = (int64_t)(c >> 3) >> (b & 15);",
            "s = (int64_t)((uint64_t)s - (uint64_t)((int32_t)a * (int64_t)(int32_t)d));",
        ]
    )


def statement(index, depth):
    kind = below(12)
    if kind < 4 or depth == 0:
        return [f"{pick('abd')} = {expression('i', 2)};"]
    if kind < 6:
        # Kept small: no value may become infinite, and conversions to integers stay defined.
        return [f"{pick('fg')} = limit({expression('f', 2)});"]
    if kind == 6:
        return [wide()]
    if kind == 7:
        body = statement(index, depth - 1) + statement(index, depth - 1)
        return [f"if ({expression('i', 1)} & {1 << below(5)}) {{", *indent(body), "} else {", *indent(statement(index, depth - 1)), "}"]
    if kind == 8:
        body = statement(index, depth - 1) + [f"table[(a + i) & 63] {pick(['+=', '^=', '-='])} b + i;"]
        return [f"for (unsigned i = 0; i < {below(6) + 2}; i++) {{", *indent(body), "}"]
    if kind == 9:
        lines = [f"switch ({pick('abd')} % {below(5) + 6}) {{"]
        for case in range(below(5) + 5):
            lines += [f"case {case}:", *indent(statement(index, 0)), "\tbreak;" if below(5) else "\t/* fall through */;"]
        return [*lines, "default:", f"\td += {number('i')};", "}"]
    if kind == 10 and index > 0:
        return [f"a ^= work{below(index)}(b, c, f, r, fuel - 1);"]
    return [
        f"r->bytes[{below(16)}] = (uint8_t)({expression('i', 1)});",
        f"r->count += {leaf('i')};",
        f"r->half = limit(r->half * 0.5 + {leaf('f')});",
    ]


def indent(lines):
    return [f"\t{line}" for line in lines]


def function(index):
    lines = [
        f"static uint32_t __attribute__((noinline)) work{index}(uint32_t a, uint64_t c, double f, struct record *r, int fuel) {{",
        f"\tuint32_t b = a ^ {number('i')}, d = r->count;",
        f"\tdouble g = {number('f')};",
        "\tint64_t s = (int64_t)(c >> 20);",
        "\tif (fuel <= 0) return a;",
    ]
    for _ in range(below(6) + 4):
        lines += indent(statement(index, 2))
    return [*lines, "\treturn a ^ b ^ d ^ (uint32_t)(c >> 32) ^ (uint32_t)s ^ (uint32_t)(int64_t)(f + g);", "}", ""]


PROLOGUE = """
#include <inttypes.h>
#include <stdio.h>

struct record { double half; uint32_t count; uint8_t bytes[16]; };
static uint32_t table[64];
typedef uint32_t (*work)(uint32_t, uint64_t, double, struct record *, int);
static double limit(double x) { return x > 1e6 ? 1e6 : x < -1e6 ? -1e6 : x; }
"""

MAIN = """
int main(void) {
	struct record r = {1.5, 1, {0}};
	uint32_t sum = 1;
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		for (unsigned round = 0; round < 4000; round++)
			sum = (sum ^ all[i](sum + round, (uint64_t)sum << 21 ^ round, round * 0.75, &r, 5)) * 16777619u;
		if (i % GROUP == GROUP - 1) printf("%u %08" PRIx32 " %08" PRIx32 " %a\\n", i + 1, sum, r.count, r.half);
	}
	for (unsigned i = 0; i < 64; i++) sum = (sum ^ table[i]) * 16777619u;
	printf("table %08" PRIx32 "\\n", sum);
}
"""

print(PROLOGUE)
for index in range(FUNCTIONS):
    print("\n".join(function(index)))
print(f"enum {{ GROUP = {GROUP} }};")
print("static const work all[] = {" + ", ".join(f"work{index}" for index in range(FUNCTIONS)) + "};")
print(MAIN)
