#!/bin/sh
# Prints what it was given: environment, privileges, descriptors, names; and what it may set.
. ./contract.sh
trap 'exit 0' TERM
env | sed 's/=.*//' | grep -v -e PWD -e SHLVL -e OLDPWD -e '^_$' | sort | tr '\n' ' '
echo
grep -e CapEff -e CapBnd -e NoNewPrivs /proc/self/status | tr '\t\n' '  '
echo
echo "descriptors $(ls /proc/self/fd | tr '\n' ' ')" # 3 is ls's own, of the folder
grep nameserver /etc/resolv.conf
echo "hosts $(wc -c < /etc/hosts)"
(echo 1 > /proc/sys/net/ipv4/ip_default_ttl) 2>/dev/null && echo 'settings open' || echo 'settings closed'
tail -f /dev/null &
wait
