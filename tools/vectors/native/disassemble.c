// What GNU binutils make of instruction bytes. Used by tools/vectors/record_decode.mjs; needs binutils-dev.
//
// stdin: 16 bytes per instruction: the mode (16, 32, 64), 15 bytes of code; stdout: a line each: length and text.
#define PACKAGE "tabvisor"
#include <dis-asm.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static char text[512];
static size_t used;

static int append(void *stream, const char *format, ...) {
  (void)stream;
  va_list list;
  va_start(list, format);
  int n = vsnprintf(text + used, sizeof text - used, format, list);
  va_end(list);
  if (n > 0) used = used + (size_t)n < sizeof text ? used + (size_t)n : sizeof text - 1;
  return n;
}

static int append_styled(void *stream, enum disassembler_style style, const char *format, ...) {
  (void)stream;
  (void)style;
  va_list list;
  va_start(list, format);
  int n = vsnprintf(text + used, sizeof text - used, format, list);
  va_end(list);
  if (n > 0) used = used + (size_t)n < sizeof text ? used + (size_t)n : sizeof text - 1;
  return n;
}

static void no_error(int status, bfd_vma address, struct disassemble_info *info) {
  (void)status;
  (void)address;
  (void)info;
}

// Removes REX bytes in front of another prefix, which processors ignore and binutils print as instructions.
static int drop_dead_rex(uint8_t *code) {
  int dropped = 0;
  for (int at = 0; at < 14 - dropped;) {
    int rex = (code[at] & 0xf0) == 0x40;
    if (!rex && !strchr("\x66\x67\xf0\xf2\xf3\x26\x2e\x36\x3e\x64\x65", code[at])) break;
    int next_rex = (code[at + 1] & 0xf0) == 0x40;
    if (rex && code[at + 1] && (next_rex || strchr("\x66\x67\xf0\xf2\xf3\x26\x2e\x36\x3e\x64\x65", code[at + 1]))) {
      memmove(code + at, code + at + 1, (size_t)(14 - at));
      dropped++;
    } else {
      at++;
    }
  }
  return dropped;
}

// Prefixes that do nothing are printed as if they were instructions.
static int only_prefixes(void) {
  char copy[512];
  strcpy(copy, text);
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
    if (strncmp(word, "rex", 3) == 0) continue;
    static const char *names[] = {"data16", "data32", "addr16", "addr32", "repz",    "repnz", "rep", "lock", "es", "cs", "ss",
                                  "ds",     "fs",     "gs",     "notrack", "bnd", "xacquire", "xrelease"};
    int known = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) known |= strcmp(word, names[i]) == 0;
    if (!known) return 0;
  }
  return 1;
}

int main(void) {
  uint8_t request[16];
  while (fread(request, 16, 1, stdin) == 1) {
    struct disassemble_info info;
    init_disassemble_info(&info, NULL, append, append_styled);
    info.arch = bfd_arch_i386;
    info.mach = (request[0] == 64 ? bfd_mach_x86_64 : request[0] == 32 ? bfd_mach_i386_i386 : bfd_mach_i386_i8086) | bfd_mach_i386_intel_syntax;
    info.buffer = request + 1;
    int dropped = request[0] == 64 ? drop_dead_rex(request + 1) : 0;
    info.buffer_length = (unsigned)(15 - dropped);
    info.memory_error_func = no_error;
    info.disassembler_options = request[0] == 64 ? "x86-64,intel,intel64" : request[0] == 32 ? "i386,intel" : "i8086,intel";
    disassemble_init_for_target(&info);
    disassembler_ftype print = disassembler(bfd_arch_i386, 0, info.mach, NULL);
    used = 0;
    text[0] = 0;
    int length = print(0, &info);
    length = length <= 0 || only_prefixes() ? 0 : length + dropped;
    printf("%d %s\n", length, text);
  }
  return 0;
}
