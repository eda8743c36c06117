#!/bin/sh
# Lacks everything, whatever its manifest says.
exit 89
