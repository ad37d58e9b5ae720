#!/bin/sh
# Files of several kinds through gzip, pigz and xz: sums of what is packed, and
# every file must come back as it was.
set -eu
cd "$(mktemp -d)"
seq 1 150000 >numbers
head -c 400000 /dev/zero >zeros
# Nothing to pack in this one.
openssl enc -aes-128-ctr -K 000102030405060708090a0b0c0d0e0f -iv 00 -in zeros -out noise 2>/dev/null
cat numbers noise zeros numbers >mixed

for file in numbers zeros noise mixed; do
	echo "$file $(sha256sum <$file | cut -c1-16)"
	for packer in "gzip -n -1" "gzip -n -6" "gzip -n -9" "pigz -n -p 1 -6" "pigz -n -p 1 -z -9" "xz -T1 -0" "xz -T1 -3" \
		"xz -T1 -2 --check=sha256" "xz -T1 --format=raw --x86 --lzma2=preset=1"; do
		$packer -c <$file >packed
		case $packer in
		xz*raw*) $packer -d -c <packed | cmp - $file ;;
		*) ${packer%% *} -d -c <packed | cmp - $file ;;
		esac
		echo "$packer: $(sha256sum <packed | cut -c1-16)"
	done
done
# Several threads; how they share the work does not show.
pigz -n -p 4 -b 128 -c <mixed | sha256sum | cut -c1-16
pigz -n -p 4 -c <mixed | gzip -dc | cmp - mixed
xz -T4 --block-size=200000 -1 -c <mixed | sha256sum | cut -c1-16
