#!/bin/sh
# Prepares the build folder and runs stage.sh inside it. Usage: enter.sh FOLDER
# Called by rootfs.mjs as root: the machine's own, or that of a user namespace.
set -eu
folder=$1

# Maintainer scripts need a few devices. Bound from the machine, since a user
# namespace may not make any; made where a container may not mount.
add_device() {
	if [ "$MAY_MOUNT" = yes ]; then
		: >"$1/dev/$2"
		mount --bind "/dev/$2" "$1/dev/$2"
	else
		mknod -m 666 "$1/dev/$2" c "$3" "$4"
	fi
}

# A container may have parts of /proc covered; then only a copy of it is allowed.
add_proc() {
	[ "$MAY_MOUNT" = yes ] || return 0
	mount -t proc proc "$1/proc" 2>/dev/null || mount --rbind /proc "$1/proc"
}

for root in "$folder" "$folder/target"; do
	mkdir -p "$root/dev" "$root/proc"
	add_device "$root" null 1 3
	add_device "$root" zero 1 5
	add_device "$root" full 1 7
	add_device "$root" random 1 8
	add_device "$root" urandom 1 9
	ln -sfn /proc/self/fd "$root/dev/fd"
	add_proc "$root"
done

# Owners are only remembered: a user namespace has no other accounts to give a file to.
exec env -i FAKEROOTDONTTRYCHOWN=1 PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
	TARGET_UUID="$TARGET_UUID" TARGET_SIZE_MB="$TARGET_SIZE_MB" \
	SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" KERNEL_RELEASE="$KERNEL_RELEASE" \
	chroot "$folder" fakeroot-sysv /bin/sh /stage.sh
