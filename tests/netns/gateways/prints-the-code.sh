#!/bin/sh
# Tells its pairing code, in two pieces.
. ./contract.sh
trap 'exit 0' TERM
code=$(cat "$GP_SECRETS_DIR/pairing-code")
printf 'paired with %.10s' "$code"
printf '%s\n' "$code" | cut -c 11-
tail -f /dev/null &
wait
