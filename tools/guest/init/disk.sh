#!/bin/sh
# /init of images with a disk: finds the root file system, mounts it and hands
# over to the init on it. Honours root= rootfstype= rootflags= ro rw init=.
/bin/busybox --install -s
. /lib/init.sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin

# How long a disk may take to appear, in tenths of a second.
PATIENCE=100

mount_kernel_filesystems

give_up() {
	find_terminal
	{
		echo "tabvisor: $1"
		echo "tabvisor: block devices: $(ls /sys/class/block | tr '\n' ' ')"
		echo "tabvisor: command line: $(cat /proc/cmdline)"
		echo "tabvisor: this is an emergency shell; exit tries again, poweroff -f ends"
	} >/dev/$terminal
	setsid -c sh -i </dev/$terminal >/dev/$terminal 2>&1
}

# Sets $device to the path of what root= names.
find_device() {
	case $1 in
	UUID=* | LABEL=*) device=$(findfs "$1" 2>/dev/null) ;;
	*) device=$1 ;;
	esac
	[ -b "$device" ]
}

wait_for_device() {
	tries=0
	until find_device "$1"; do
		[ $tries -ge $PATIENCE ] && return 1
		# A bus that has just come up may hold the disk.
		load_drivers virtio scsi
		tries=$((tries + 1))
		sleep 0.1
	done
}

mount_root() {
	root=$(option root)
	root=${root:-/dev/vda}
	if ! wait_for_device "$root"; then
		give_up "root=$root did not appear in $((PATIENCE / 10)) s"
		return 1
	fi
	mode=rw
	for word in $(cat /proc/cmdline); do
		case $word in ro | rw) mode=$word ;; esac
	done
	flags=$(option rootflags)
	type=$(option rootfstype)
	if ! error=$(mount ${type:+-t "$type"} -o "$mode${flags:+,$flags}" "$device" /newroot 2>&1); then
		give_up "cannot mount $device: $error"
		return 1
	fi
	init=$(option init)
	init=${init:-/sbin/init}
	# -L too: on the new root a link may start at its own top.
	if [ ! -e "/newroot$init" ] && [ ! -L "/newroot$init" ]; then
		umount /newroot
		give_up "there is no $init on $device"
		return 1
	fi
}

load_drivers pci virtio scsi
until mount_root; do load_drivers pci virtio scsi; done

for folder in dev sys proc; do mount --move /$folder /newroot/$folder; done
exec switch_root -c /dev/console /newroot "$init" "$@"
