#!/bin/sh
# Runs a bundle of `npufit deploy`, and prints what its run.py found between two marks.
# Usage: run_bundle.sh PYTHON BUNDLE RESULTS [OPTION of run.py]…
# RESULTS is the path of a file that is made, and removed.

python=$1 bundle=$2 results=$3
shift 3
"$python" "$bundle/run.py" --json "$results" "$@"
code=$?
printf '\n@@npufit-times-begin@@ '
cat "$results"
printf ' @@npufit-times-end@@\n'
rm -f "$results"
exit "$code"
