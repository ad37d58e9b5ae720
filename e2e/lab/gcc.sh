#!/bin/sh
# Debian's gcc on a few thousand generated lines: the sum of the assembly at each level, and what the programs print, which
# must be the same for all of one width.
set -eu
here=$(dirname "$(readlink -f "$0")")
cd "$(mktemp -d)"
echo "gcc $(dpkg-query -W -f '${Version}' gcc-12)"
python3 "$here/generate_c.py" >work.c
echo "source $(sha256sum <work.c | cut -c1-16)"
for flags in "-O0" "-O2" "-m32 -O2"; do
	gcc $flags -S work.c -o work.s
	echo "$flags $(sha256sum <work.s | cut -c1-16)"
	gcc $flags work.s -o "program$flags"
done
./program-O0 | tee plain
./program-O2 | cmp - plain
# x87 arithmetic is wider: an answer of its own.
"./program-m32 -O2" | sha256sum | cut -c1-16
