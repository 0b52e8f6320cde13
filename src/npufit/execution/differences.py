"""How far outputs are from those of an earlier model: in real numbers, over many inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npufit.execution.values import Array, Values
from npufit.graph import Model, Tensor
from npufit.graph.arrays import real_values


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """How one output differs over all inputs; `tensor` is its index in the earlier model.

    `largest` and `mean` are absolute differences in real units (dequantized), `largest_steps` in steps of the
    quantization, None without one. `cosine` is that of all values together. `top_1` is the share of positions at which
    the last axis has its largest value in the same place, None if that axis has a single value. `spread` is the largest
    absolute real value of the earlier output.
    """

    tensor: int
    name: str
    largest: float
    mean: float
    largest_steps: float | None
    cosine: float
    top_1: float | None
    spread: float

    @property
    def is_equal(self) -> bool:
        """True if every value is the same."""
        return self.largest == 0.0


def differences(model: Model, before: Sequence[Values], after: Sequence[Values]) -> tuple[OutputDifference, ...]:
    """Return how the outputs of `model` differ: `before` and `after` have them for each input, by tensor index."""
    return tuple(
        _difference(model, index, [values[index] for values in before], [values[index] for values in after])
        for index in dict.fromkeys(model.main.outputs)
    )


def _difference(model: Model, index: int, before: list[Array], after: list[Array]) -> OutputDifference:
    tensor = model.main.tensors[index]
    scale = tensor.quantization.scale or None
    if [values.shape for values in before] != [values.shape for values in after]:
        return OutputDifference(index, tensor.name, np.inf, np.inf, None, 0.0, None, 0.0)
    count, total, largest, spread = 0, 0.0, 0.0, 0.0
    product, old_length, new_length = 0.0, 0.0, 0.0
    agreeing, positions = 0, 0
    for old, new in zip(before, after, strict=True):
        first, second = (_real(values, tensor) for values in (old, new))
        distance = _distance(first, second)
        count += distance.size
        total += float(distance.sum())
        largest = max(largest, float(distance.max(initial=0.0)))
        first, second = np.nan_to_num(first), np.nan_to_num(second)
        spread = max(spread, float(np.abs(first).max(initial=0.0)))
        product += float(np.vdot(first, second))
        old_length += float(np.vdot(first, first))
        new_length += float(np.vdot(second, second))
        if first.ndim and first.shape[-1] > 1 and first.size:
            same = np.argmax(first, axis=-1) == np.argmax(second, axis=-1)
            agreeing, positions = agreeing + int(np.count_nonzero(same)), positions + same.size
    lengths = float(np.sqrt(old_length) * np.sqrt(new_length))
    cosine = min(1.0, product / lengths) if lengths else float(old_length == new_length)
    return OutputDifference(
        index,
        tensor.name,
        largest,
        total / count if count else 0.0,
        largest / scale if scale else None,
        cosine,
        agreeing / positions if positions else None,
        spread,
    )


def _distance(first: Array, second: Array) -> Array:
    """Return the absolute differences; NaN equals NaN, and is infinitely far from every number."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(first - second)
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))


def _real(values: Array, tensor: Tensor) -> Array:
    return real_values(np.abs(values) if values.dtype.kind == "c" else values, tensor.quantization)
