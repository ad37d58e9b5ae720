#!/bin/sh
# Prepares the build folder and runs stage.sh inside it. Usage: enter.sh FOLDER
# Called by rootfs.mjs as root: the machine's own, or that of a user namespace.
set -eu
folder=$1

# Maintainer scripts need a few devices. Bound from the machine, since a user
# namespace may not make any; made where a container may not mount.
for root in "$folder" "$folder/target"; do
	mkdir -p "$root/dev" "$root/proc"
	for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9; do
		name=${device%%:*}
		numbers=${device#*:}
		: >"$root/dev/$name"
		mount --bind "/dev/$name" "$root/dev/$name" 2>/dev/null && continue
		rm "$root/dev/$name"
		mknod -m 666 "$root/dev/$name" c "${numbers%:*}" "${numbers#*:}"
	done
	ln -sfn /proc/self/fd "$root/dev/fd"
	mount -t proc proc "$root/proc" 2>/dev/null ||
		mount --rbind /proc "$root/proc" 2>/dev/null ||
		echo "no /proc for the build: mounting is not allowed here" >&2
done

exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
	TARGET_UUID="$TARGET_UUID" TARGET_SIZE_MB="$TARGET_SIZE_MB" \
	SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" KERNEL_RELEASE="$KERNEL_RELEASE" \
	chroot "$folder" fakeroot-sysv /bin/sh /stage.sh
