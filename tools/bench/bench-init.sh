#!/bin/sh
# /init of the benchmark guest: reads lines from the serial port and runs what they name.
#   run ARCHITECTURE PROGRAM SECONDS    prints what the program prints, then "bench: end STATUS"
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin BENCH_SCRATCH=/tmp
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty raw -echo
echo 1 >/proc/sys/kernel/printk
echo 'bench: ready'
while read -r command architecture program seconds; do
	[ "$command" = run ] || continue
	export BENCH_BUSYBOX=/bench/$architecture/busybox
	timeout -s KILL "$seconds" /bench/$architecture/bench "$program"
	echo "bench: end $?"
done
