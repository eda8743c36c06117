#!/bin/sh
# A kill command: what it was called with goes to its own log.
echo "asked to kill $1"
