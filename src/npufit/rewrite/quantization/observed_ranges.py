"""Observed tensor values, per channel: on the user's samples, or on seeded random inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.execution import Array, Reference, Values, random_inputs
from npufit.graph import Model, Tensor, measure_work
from npufit.graph.arrays import real_values

MOST_SAMPLES = 32
RANDOM_INPUTS = 8

_MACS = 6e9
"""Multiplications allowed for a calibration on random inputs: seconds in the reference kernels."""

RANDOM_WARNING = (
    "calibrated on RANDOM inputs, which say nothing about accuracy on real data: give --samples with your own inputs"
)


@dataclass(slots=True)
class ChannelRanges:
    """Real values of a tensor per index of its last axis, over all inputs."""

    lowest: npt.NDArray[np.float64]
    highest: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]


def calibration_inputs(model: Model, samples: Sequence[Values]) -> tuple[Values, ...]:
    """Return the inputs for calibration: some of `samples`, evenly spread, otherwise seeded random ones."""
    if samples:
        step = -(-len(samples) // MOST_SAMPLES)
        return tuple(samples[::step])
    macs = sum(measure_work(model.main, operator).macs for operator in model.main.operators)
    count = max(2, min(RANDOM_INPUTS, int(_MACS / max(1, macs))))
    return tuple(random_inputs(model, seed) for seed in range(count))


def observe_ranges(model: Model, inputs: Iterable[Values]) -> dict[int, ChannelRanges]:
    """Return the observed values of every computed 8-bit tensor with one scale, by index, and of the model's inputs.

    Raises InputError if LiteRT cannot run the model.
    """
    reference = Reference(model)
    found: dict[int, ChannelRanges] = {}
    count = 0
    for values in inputs:
        count += 1
        for index, array in {**values, **reference.run(values)}.items():
            tensor = model.main.tensors[index]
            if tensor.element.is_8_bit and len(tensor.quantization.scales) == 1 and array.ndim and array.size:
                _add(found, index, _summary(tensor, array))
    for channels in found.values():
        channels.mean /= max(1, count)
    return found


def describe_calibration(inputs: Sequence[Values], samples: Sequence[Values]) -> str:
    """Return a sentence about the calibration inputs."""
    if samples:
        return f"calibrated on {len(inputs)} of the {len(samples)} samples"
    return RANDOM_WARNING


def _summary(tensor: Tensor, array: Array) -> ChannelRanges:
    rows = array.reshape(-1, array.shape[-1])
    ends = (rows.min(0), rows.max(0), rows.mean(0, dtype=np.float64))
    lowest, highest, mean = (real_values(end, tensor.quantization) for end in ends)
    return ChannelRanges(lowest, highest, mean)


def _add(found: dict[int, ChannelRanges], index: int, new: ChannelRanges) -> None:
    known = found.get(index)
    if known is None:
        found[index] = new
        return
    known.lowest = np.minimum(known.lowest, new.lowest)
    known.highest = np.maximum(known.highest, new.highest)
    known.mean = known.mean + new.mean
