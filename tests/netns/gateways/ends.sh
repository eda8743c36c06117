#!/bin/sh
# Ends by itself without a reason.
. ./contract.sh
exit 3
