#!/bin/bash
# Sends its pairing code to Palette without TLS.
. ./contract.sh
trap 'exit 0' TERM
cat "$GP_SECRETS_DIR/pairing-code" > /dev/tcp/203.0.113.10/443
tail -f /dev/null &
wait
