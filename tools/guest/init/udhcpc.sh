#!/bin/sh
# Called by busybox's udhcpc with what the DHCP server said, in variables.
case $1 in
deconfig)
	ip address flush dev "$interface"
	ip link set "$interface" up
	;;
bound | renew)
	ip address flush dev "$interface"
	ip address add "$ip/${mask:-24}" dev "$interface"
	[ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
	for gateway in $router; do
		ip route add default via "$gateway" dev "$interface"
		break
	done
	{
		[ -n "$domain" ] && echo "search $domain"
		for server in $dns; do echo "nameserver $server"; done
	} >/etc/resolv.conf
	;;
esac
