#!/bin/sh
# /init of the guests between which a network is measured: gives the card the address of the kernel's command line
# (address=10.1.1.1/24), then runs the lines that come over the serial port and prints "bench: end STATUS" after each.
/bin/busybox --install -s
. /lib/init.sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount_kernel_filesystems
mount -t tmpfs tmpfs /tmp
modprobe virtio_pci
modprobe virtio_net
ip link set lo up
ip address add "$(option address)" dev eth0
ip link set eth0 up
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty raw -echo
echo 1 >/proc/sys/kernel/printk
echo 'bench: ready'
while read -r line; do
	eval "$line"
	echo "bench: end $?"
done
