"""The inputs of a proof: the user's samples or seeded random values, and the extremes that find wrong borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from npufit.errors import InputError
from npufit.execution import Array, Values, is_operand, pixel_range, random_inputs, read_inputs
from npufit.graph import Model, Tensor

RANDOM_INPUTS = 8
MOST_SAMPLES = 1000
_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".npy", ".npz", ".png", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True)
class ProofInput:
    """One set of inputs and its name. Extremes are not data that the model is made for."""

    name: str
    values: Values
    is_extreme: bool = False


def seeded_inputs(model: Model, count: int | None = None, seed: int = 0) -> tuple[ProofInput, ...]:
    """Return `count` random inputs of `model`, 8 by default: those of `npufit run` with the seeds from `seed` on."""
    return tuple(
        ProofInput(f"random values of seed {seed + number}", random_inputs(model, seed + number))
        for number in range(RANDOM_INPUTS if count is None else count)
    )


def read_samples(model: Model, folder: Path, count: int | None = None) -> tuple[ProofInput, ...]:
    """Return an input for each image, .npy or .npz file in `folder`, by name, at most `count`.

    Raises InputError if there are none, or if one does not fit.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
    except OSError as error:
        raise InputError(f"{folder}: the samples cannot be read: {error.strerror or error}.") from None
    if not files:
        raise InputError(
            f"{folder}: there are no samples. Expected images, .npy or .npz files, one for each inference."
        )
    chosen = islice(files, MOST_SAMPLES if count is None else min(count, MOST_SAMPLES))
    # NAME=FILE is never meant here; an absolute path to an existing file is not read as one.
    return tuple(ProofInput(path.name, read_inputs(model, [str(path.resolve())])) for path in chosen)


def extreme_inputs(model: Model) -> tuple[ProofInput, ...]:
    """Return all inputs at their lowest, at their highest, at zero, and alternating between lowest and highest.

    Shapes, axes and indices keep their values, because operators do not accept extremes of these.
    """
    makers: dict[str, Callable[[Array, Any, Any, Any], Array]] = {
        "all lowest": lambda like, low, _high, _zero: np.full_like(like, low),
        "all highest": lambda like, _low, high, _zero: np.full_like(like, high),
        "all zero": lambda like, _low, _high, zero: np.full_like(like, zero),
        "checkerboard": lambda like, low, high, _zero: _checkerboard(like, low, high),
    }
    given = random_inputs(model)
    operands = {index: values for index, values in given.items() if is_operand(model, index)}
    forms = {
        index: (values, *_limits(model, index, values)) for index, values in given.items() if index not in operands
    }
    return tuple(
        ProofInput(name, {**operands, **{index: make(*form) for index, form in forms.items()}}, is_extreme=True)
        for name, make in makers.items()
    )


def _limits(model: Model, index: int, like: Array) -> tuple[Any, Any, Any]:
    """Return the lowest and the highest value of an input, and the value that stands for zero."""
    tensor: Tensor = model.main.tensors[index]
    if like.dtype.kind == "b":
        return False, True, False
    if like.dtype.kind == "f":
        return *pixel_range(model, index), 0.0
    low, high = tensor.element.integer_range
    return low, high, min(max(tensor.quantization.zero_point, low), high)


def _checkerboard(like: Array, low: Any, high: Any) -> Array:
    parity = np.zeros(like.shape, np.uint8)
    for axis, size in enumerate(like.shape):
        shape = [1] * like.ndim
        shape[axis] = size
        parity ^= (np.arange(size, dtype=np.uint8) & 1).reshape(shape)
    board = np.full_like(like, low)
    board[parity == 1] = high
    return board
