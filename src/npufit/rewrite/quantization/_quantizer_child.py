"""ai-edge-quantizer, run as a script in its own process: `_quantizer_child.py SIGNATURE`.

It reads `model.tflite` and `inputs.npz` (arrays called NUMBER.INPUT) in the current folder and writes
`quantized.tflite` there. It imports nothing from npufit.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


def _main() -> int:
    from ai_edge_quantizer import quantizer, recipe  # pyright: ignore

    key = sys.argv[1]
    tool: Any = quantizer.Quantizer(Path("model.tflite").read_bytes(), recipe.static_wi8_ai8())
    # One thread: the sums of floats, and so the ranges, are the same every time.
    ranges: Any = tool.calibrate({key: _samples()}, num_threads=1)
    result: Any = tool.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    Path("quantized.tflite").write_bytes(result.quantized_model)
    return 0


def _samples() -> list[dict[str, Any]]:
    samples: dict[int, dict[str, Any]] = {}
    with np.load("inputs.npz") as archive:
        for name in archive.files:
            number, _, input_name = name.partition(".")
            samples.setdefault(int(number), {})[input_name] = archive[name]
    return [samples[number] for number in sorted(samples)]


if __name__ == "__main__":
    sys.exit(_main())
