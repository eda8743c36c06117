#!/bin/sh
# Has children in its own group, as any wrapper has.
. ./contract.sh
tail -f /dev/null &
tail -f /dev/null &
wait
