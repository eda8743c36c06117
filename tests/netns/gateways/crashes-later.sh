#!/bin/sh
# Well behaved in the probe, then dies by a signal of its own.
. ./later.sh
kill -SEGV $$
