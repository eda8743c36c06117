#!/bin/sh
# Writes without end.
. ./contract.sh
trap 'exit 0' TERM
yes 'a gateway with too much to say' &
wait
