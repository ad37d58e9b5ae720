#!/bin/sh
# Makes a Debian root file system in /target and an ext4 image of it in
# /disk.img. Runs in a folder with just enough unpacked Debian to do so (never
# configured), under fakeroot, so that owners are right whoever builds.
#
# What rootfs.mjs has put here: /debs/essential and /debs/others (packages),
# /overlay (files for the new system), /modules, /programs (C files), /finish.sh.
set -eu
target=/target
fakeroot_library=/usr/lib/x86_64-linux-gnu/libfakeroot

export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true

step() {
	echo "step: $1"
}

in_target() {
	chroot $target "$@"
}

# What is there only while packages are installed.
add_scaffold() {
	mkdir -p $target/$fakeroot_library $target/usr/sbin
	cp $fakeroot_library/* $target/$fakeroot_library/
	# Tells maintainer scripts to start no service.
	printf '#!/bin/sh\nexit 101\n' >$target/usr/sbin/policy-rc.d
	chmod 755 $target/usr/sbin/policy-rc.d
}

remove_scaffold() {
	umount -R $target/proc 2>/dev/null || true
	for device in $target/dev/*; do umount "$device" 2>/dev/null || true; done
	rm -rf $target/dev/* $target/usr/sbin/policy-rc.d $target/debs
	rm -rf $target/$fakeroot_library
}

# The essential packages work only when all are there: unpacked by tar first,
# then installed in due form over that.
install_essential() {
	for folder in bin sbin lib lib64; do
		mkdir -p $target/usr/$folder
		ln -sfn usr/$folder $target/$folder
	done
	for package in /debs/essential/*.deb; do
		# Without the folder on which the machine's /proc is mounted.
		dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --exclude=./proc -C $target
	done
	mkdir -p $target/var/lib/dpkg/info $target/var/lib/dpkg/updates
	: >>$target/var/lib/dpkg/status
	# The accounts that the first packages' files belong to.
	for name in passwd group; do
		[ -e $target/etc/$name ] || cp $target/usr/share/base-passwd/$name.master $target/etc/$name
	done
	mkdir -p $target/debs
	ln /debs/essential/*.deb /debs/others/*.deb $target/debs/
	in_target dpkg --install --force-depends --force-unsafe-io $(names essential)
}

install_others() {
	in_target dpkg --unpack --force-depends --force-unsafe-io $(names others)
	in_target dpkg --configure --pending --force-unsafe-io
}

names() {
	for package in /debs/"$1"/*.deb; do echo "/debs/${package##*/}"; done
}

install_modules() {
	mkdir -p $target/lib/modules
	cp -r /modules/. $target/lib/modules/
	in_target depmod "$KERNEL_RELEASE"
}

# Static, so that a program depends on nothing but the kernel.
compile_programs() {
	while read -r source path; do
		mkdir -p "$target/$(dirname "$path")"
		gcc -O3 -static -pthread -s -Wall -Wextra -Werror -o "$target/$path" "/programs/$source"
	done </programs/list
}

# Logs, backups and caches that differ from build to build, and documentation.
clean() {
	cd $target
	rm -rf usr/share/man/* usr/share/info/* usr/share/locale/* usr/share/lintian
	find usr/share/doc -not -type d -not -name copyright -delete
	find usr/share/doc -mindepth 1 -depth -type d -empty -delete
	rm -rf var/log/* var/cache/apt/* var/cache/ldconfig/* var/cache/debconf/*-old tmp/* run/*
	rm -f var/lib/dpkg/*-old etc/passwd- etc/shadow- etc/group- etc/gshadow- etc/.pwd.lock
	rm -f var/lib/systemd/random-seed var/lib/dbus/machine-id
	# As new as /usr: systemd has nothing to update at the first boot.
	touch etc/.updated var/.updated
	find . -xdev -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	cd /
}

make_disk() {
	# One time for the file system's own records; nothing left for the guest to
	# initialise: the image is a new file, so its inode tables are zero already.
	export E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH"
	mke2fs -q -F -t ext4 -L tabvisor -U "$TARGET_UUID" \
		-E "hash_seed=$TARGET_UUID,assume_storage_prezeroed=1,root_owner=0:0" \
		-m 1 -d $target /disk.img "${TARGET_SIZE_MB}M"
	fix_times
	e2fsck -fn /disk.img
	fallocate --dig-holes /disk.img
}

# mke2fs copies the times of last access and change, which no tool can set on a
# file, so they are set in the image. It numbers its inodes without gaps.
fix_times() {
	count() { dumpe2fs -h /disk.img 2>/dev/null | sed -n "s/^$1: *//p"; }
	used=$(($(count "Inode count") - $(count "Free inodes")))
	for inode in 2 $(seq 11 "$used"); do
		echo "set_inode_field <$inode> atime @$SOURCE_DATE_EPOCH"
		echo "set_inode_field <$inode> ctime @$SOURCE_DATE_EPOCH"
	done >/times
	debugfs -w -f /times /disk.img >/dev/null
}

step "installing the essential packages"
add_scaffold
install_essential
step "installing the other packages"
install_others
step "installing the kernel's modules"
install_modules
if [ -s /programs/list ]; then
	step "compiling programs"
	compile_programs
fi
step "settings and cleaning up"
cp -r --no-dereference --preserve=mode,links /overlay/. $target/
in_target /bin/sh -eu -c "$(cat /finish.sh)"
remove_scaffold
clean
step "making the ext4 file system"
make_disk
