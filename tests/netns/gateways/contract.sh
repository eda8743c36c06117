# The refusals of GP-9, sourced by all gateways of this folder.
[ "$GP_CONTRACT" = 1 ] || exit 89
for word in $(echo "$GP_FEATURES" | tr , ' '); do
  [ "$word" = pcg ] || exit 89
done
