#!/bin/sh
# Records expected/NAME.txt for each program NAME.* of this folder, natively, in the file system of the image `lab`. Needs root.
# Usage: record.sh DISK [NAME…]
set -eu
here=$(dirname "$(readlink -f "$0")")
disk=$(readlink -f "$1")
shift
if [ "${LAB_ROOT-}" = "" ]; then
	LAB_ROOT=$(mktemp -d) exec unshare --mount --pid --fork --kill-child "$0" "$disk" "$@"
fi
mount -o loop,ro,noload "$disk" "$LAB_ROOT"
mount -t tmpfs tmpfs "$LAB_ROOT/tmp"
mount -t proc proc "$LAB_ROOT/proc"
mount --rbind /dev "$LAB_ROOT/dev"
mkdir "$LAB_ROOT/tmp/lab"
cp "$here"/* "$LAB_ROOT/tmp/lab/" 2>/dev/null || true
cd "$here"
for program in $(grep -ls '^#!' ./*); do
	name=$(basename "${program%.*}")
	[ "$name" != record ] || continue
	case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
	chmod +x "$LAB_ROOT/tmp/lab/$program"
	begun=$(date +%s.%N)
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 chroot "$LAB_ROOT" "/tmp/lab/$program" >"expected/$name.txt"
	echo "$name: $(wc -l <"expected/$name.txt") lines, $(echo "$(date +%s.%N) - $begun" | bc) s"
done
