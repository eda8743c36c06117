#!/bin/sh
# Well behaved in the probe, then says that it lacks a feature which its manifest declares.
. ./later.sh
exit 89
