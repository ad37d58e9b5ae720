#!/bin/sh
# /init of the image "tiny": drivers for what is there, then a shell.
/bin/busybox --install -s
. /lib/init.sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin

mount_kernel_filesystems
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
hostname tabvisor
load_drivers pci virtio scsi acpi

# The machine's power button: a key on an input device.
if [ -d /sys/bus/acpi/drivers/button ] && modprobe -q evdev; then
	mkdir -p /etc/acpi/PWRF
	printf '#!/bin/sh\npoweroff -f\n' >/etc/acpi/PWRF/00000080
	chmod +x /etc/acpi/PWRF/00000080
	acpid -l /dev/null -p /run/acpid.pid
fi

find_terminal
export HOME=/root TERM=${TERM:-linux} PS1='tabvisor:\w# '
cd /root
# A session of its own with the terminal as its controlling one: job control works.
setsid -c sh -c 'echo "tabvisor: shell ready"; exec sh -i' </dev/$terminal >/dev/$terminal 2>&1

echo 'tabvisor: the shell has ended, powering off' >/dev/$terminal
sync
poweroff -f
