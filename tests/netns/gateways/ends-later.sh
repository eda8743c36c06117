#!/bin/sh
# Well behaved in the probe, then ends by itself.
. ./later.sh
exit 1
