"""How far the outputs of two sides are apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npufit.errors import InputError
from npufit.evaluating.reading import Reading, Task
from npufit.evaluating.records import OutputChange
from npufit.execution import Array, Values
from npufit.graph import Model, Tensor
from npufit.graph.arrays import real_values


def output_changes(
    models: Sequence[Model], outputs: Sequence[Values], readings: Sequence[Reading]
) -> tuple[OutputChange, ...]:
    """Return the changes of the outputs of two sides, in order; those that a side could not compute are left out.

    Raises InputError if the sides do not have the same number of outputs, or outputs of other sizes.
    """
    first, second = (model.main.outputs for model in models)
    if len(first) != len(second):
        names = " and ".join(model.name for model in models)
        raise InputError(f"{names} have {len(first)} and {len(second)} outputs; both models need the same.")
    is_map = all(reading.task is Task.SEGMENTATION for reading in readings)
    return tuple(
        _change(own, [model.main.tensors[index] for model, index in zip(models, pair, strict=True)], values, is_map)
        for own, *pair in zip(first, first, second, strict=True)
        for values in [[found.get(index) for found, index in zip(outputs, pair, strict=True)]]
        if values[0] is not None and values[1] is not None
    )


def _change(output: int, tensors: Sequence[Tensor], values: Sequence[Array | None], is_map: bool) -> OutputChange:
    first, second = values
    assert first is not None
    assert second is not None
    if first.size != second.size:
        raise InputError(f"output {output} has {first.size} values on one side and {second.size} on the other.")
    same_meaning = tensors[0].quantization == tensors[1].quantization
    if same_meaning and first.dtype == second.dtype and np.array_equal(first.reshape(-1), second.reshape(-1)):
        pixels = class_map(first).size if is_map else 0
        return OutputChange(output, first.size, 0, 0.0, pixels, pixels)
    real = [
        np.nan_to_num(real_values(array, tensor.quantization).reshape(first.shape), posinf=1e30, neginf=-1e30)
        for array, tensor in zip((first, second), tensors, strict=True)
    ]
    distance = np.abs(real[0] - real[1])
    maps = [class_map(array) for array in real] if is_map else []
    return OutputChange(
        output,
        first.size,
        int(np.count_nonzero(distance)),
        float(distance.max(initial=0.0)),
        maps[0].size if maps else 0,
        int(np.count_nonzero(maps[0] == maps[1])) if maps else 0,
    )


def class_map(values: Array) -> Array:
    """Return the class of each pixel: the values themselves, or of scores (rank 4) the class with the best one."""
    return values.argmax(axis=-1) if values.ndim == 4 else values
