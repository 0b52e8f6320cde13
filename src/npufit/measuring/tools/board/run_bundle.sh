#!/bin/sh
# Runs a bundle of `npufit deploy`, and prints what its run.py found between two marks.
# Usage: run_bundle.sh PYTHON BUNDLE RESULTS OUTPUTS [OPTION of run.py]…
# RESULTS is a path that new files may begin with; OUTPUTS gets the plain bytes of all outputs, unless it is empty.

python=$1 bundle=$2 results=$3 outputs=$4
shift 4
[ -z "$outputs" ] || set -- "$@" --output "$results.outputs"
"$python" "$bundle/run.py" --json "$results.json" "$@"
code=$?
if [ -n "$outputs" ] && [ "$code" = 0 ]; then
    "$python" -c '
import sys, numpy
from pathlib import Path
count = len(list(Path(sys.argv[1]).glob("output_*.npy")))
arrays = [numpy.load(sys.argv[1] + "/output_%d.npy" % place) for place in range(count)]
Path(sys.argv[2]).write_bytes(b"".join(array.tobytes() for array in arrays))' "$results.outputs" "$outputs" || code=3
fi
printf '\n@@npufit-times-begin@@ '
cat "$results.json"
printf ' @@npufit-times-end@@\n'
rm -rf "$results.json" "$results.outputs"
exit "$code"
