#!/bin/sh
# Dies by a signal of its own, as after a bad memory access.
. ./contract.sh
kill -SEGV $$
