// The source is that of the 32-bit program.
#include "descriptors_32.c"
