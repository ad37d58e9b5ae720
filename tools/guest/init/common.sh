# Read by every /init of our initramfs images (busybox sh).

mount_kernel_filesystems() {
	mount -t proc -o nosuid,nodev,noexec proc /proc
	mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
	mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
	mkdir -p /dev/pts /dev/shm
}

# Loads a driver for each device that is there. A driver can bring up a bus with
# more devices (virtio-pci, then virtio-scsi, then a disk): three rounds.
load_drivers() {
	for bus in "$@"; do
		cat /sys/bus/$bus/devices/*/modalias 2>/dev/null | sort -u | xargs -r modprobe -a -b -q 2>/dev/null
	done
}

# The value of NAME=… on the kernel's command line, the last one if repeated.
option() {
	for word in $(cat /proc/cmdline); do
		case $word in "$1"=*) value=${word#*=} ;; esac
	done
	echo "$value"
	unset value
}

can_open() {
	(: <"/dev/$1") 2>/dev/null
}

# The terminal for a shell: the virtio console if the machine has one, or the
# last console= of the command line that exists. Sets $terminal.
find_terminal() {
	terminal=console
	for word in $(cat /proc/cmdline); do
		case $word in console=*)
			name=${word#console=}
			name=${name%%,*}
			can_open "$name" && terminal=$name
			;;
		esac
	done
	# With several ports the device announces its console by a message: wait a little.
	for try in 1 2 3 4 5 6 7 8 9 10; do
		can_open hvc0 && terminal=hvc0 && return
		[ -e /sys/bus/virtio/drivers/virtio_console ] || return
		ls /sys/bus/virtio/drivers/virtio_console | grep -q '^virtio' || return
		sleep 0.1
	done
}
