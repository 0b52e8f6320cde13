"""A stand-in for NXP's converter, which is closed and not here, with a cliff: larger inputs lose their convolutions.

It says that it is a stand-in in its first line of output. The size of its cliff is written down only here.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from npufit.tflite import read_model, serialize_model
from stacks.neutron.stand_in_converter import FIRST_LINE, Convention, convert_model, write_log

LARGEST_CONVERTED = 203
"""Pixels of the longest side up to which everything but the ends is converted."""

_ENDS = frozenset({"QUANTIZE", "DEQUANTIZE"})
_LOST = frozenset({"DEPTHWISE_CONV_2D", "ADD"})


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--hang-at", type=int, default=0, help="a side at which it never ends")
    parser.add_argument("--fail-from", type=int, default=1 << 20, help="a side from which it fails")
    given = parser.parse_args()
    sys.stdout.write(FIRST_LINE + "\n")
    source = read_model(given.input)
    side = max((source.main.tensors[source.main.inputs[0]].shape or ())[1:3])
    if side == given.hang_at:
        time.sleep(600)
    if side >= given.fail_from:
        sys.stdout.write("Global format selection has failed\n")
        return 3
    is_lost = side > LARGEST_CONVERTED
    converted = convert_model(source, Convention(left=_ENDS | _LOST if is_lost else _ENDS))
    Path(given.output).write_bytes(serialize_model(converted.model))
    sys.stdout.write(write_log(source, converted, given.target))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
