"""ai-edge-quantizer in its own process: a float network and inputs go in, an int8 network comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import util
from pathlib import Path

import numpy as np

from npufit.child_process import python_script, run_child
from npufit.errors import ToolError
from npufit.execution import Values
from npufit.formatting import printable, shorten
from npufit.graph import Model, Signature
from npufit.tflite import parse_model, serialize_model

TIME_LIMIT_S = 1800.0

_CHILD = Path(__file__).with_name("_quantizer_child.py")
_PACKAGE = "ai_edge_quantizer"
_KEY = "npufit"
_LONGEST_MESSAGE = 300


def is_installed() -> bool:
    """Return whether the quantizer is installed; it is an extra of npufit."""
    return util.find_spec(_PACKAGE) is not None


def quantize_to_int8(model: Model, inputs: Sequence[Values]) -> Model:
    """Return `model` with int8 weights and activations, calibrated on `inputs`; inputs and outputs become int8 as well.

    Operators that the quantizer does not know stay unchanged, between conversions. Raises ToolError if it is not
    installed, fails, or takes longer than `TIME_LIMIT_S`.
    """
    if not is_installed():
        raise ToolError("quantize needs ai-edge-quantizer. Install it with: pip install 'npufit[quantize]'.")
    with tempfile.TemporaryDirectory(prefix="npufit-quantize-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            (folder / "model.tflite").write_bytes(serialize_model(_with_one_signature(model)))
            _write_inputs(folder / "inputs.npz", model, inputs)
            _run(folder)
            quantized = parse_model((folder / "quantized.tflite").read_bytes(), model.name)
        except OSError as error:
            raise ToolError(f"ai-edge-quantizer could not be run: {error}.") from None
    return quantized


def _with_one_signature(model: Model) -> Model:
    """Return `model` with names for its inputs and outputs that the quantizer can rely on: their positions."""
    inputs = tuple((f"input{place}", index) for place, index in enumerate(model.main.inputs))
    outputs = tuple((f"output{place}", index) for place, index in enumerate(model.main.outputs))
    return replace(model, signatures=(Signature(_KEY, 0, inputs, outputs),), attachments=())


def _write_inputs(path: Path, model: Model, inputs: Sequence[Values]) -> None:
    arrays = {
        f"{number}.input{place}": values[index]
        for number, values in enumerate(inputs)
        for place, index in enumerate(model.main.inputs)
    }
    np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]


def _run(folder: Path) -> None:
    done = run_child(python_script(_CHILD, _KEY), TIME_LIMIT_S, folder=folder)
    if done.code is None:
        raise ToolError(
            f"ai-edge-quantizer did not finish within {TIME_LIMIT_S:g} s and was stopped. Use fewer --samples."
        )
    if done.code:
        lines = done.errors.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.code}"]
        raise ToolError(f"ai-edge-quantizer failed: {shorten(printable(lines[-1]), _LONGEST_MESSAGE)}.")
