# Two seconds of good behaviour, which are longer than the adapter probe looks; sourced.
. ./contract.sh
trap 'exit 0' TERM
timeout 2 tail -f /dev/null &
wait
