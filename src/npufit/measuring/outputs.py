"""Right as well as fast: what the board computes of an input, beside LiteRT's reference kernels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from npufit.boards import Connection
from npufit.errors import InputError, ToolError
from npufit.execution import (
    GOLDEN,
    Array,
    Comparison,
    LitertKernels,
    OutputDifference,
    Reference,
    Values,
    compare,
    differences,
    random_inputs,
)
from npufit.formatting import percent
from npufit.graph import Model
from npufit.graph.arrays import dtype_of
from npufit.litert import LitertFailureError, LitertRefusalError
from npufit.measurements import ComparedTensor, OutputComparison
from npufit.measuring.blame import whose_difference
from npufit.measuring.preparing import PreparedModel
from npufit.running import pair_ends
from npufit.stacks import PlaceOptions

_FOLDER = "outputs"
_SOME_MORE = 1 << 16
"""So that a file that is a little larger can be told from one that is right."""

_FLOAT_ROOM = 4.0
"""Sums of floating point numbers in another order: how much farther than LiteRT's kernels here a board may be off."""

_INFINITELY = float(1 << 53)
"""In place of infinity, which JSON does not have: how far NaN is from a number."""


@dataclass(frozen=True, slots=True)
class SentInputs:
    """Random inputs of `seed` by tensor of the model, and where they are on the board, by the names of what runs there.

    `model` is what runs there, `with_npu` says on what; `results` is the file that gets its outputs, the plain bytes of
    one after another.
    """

    seed: int
    values: Values
    model: Model
    sent: tuple[tuple[str, str], ...]
    results: str
    with_npu: bool

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the inputs, in their order."""
        return tuple(self.model.main.tensors[index].shape or () for index in self.model.main.inputs)


def send_inputs(connection: Connection, prepared: PreparedModel, seed: int, *, with_npu: bool) -> SentInputs:
    """Put the same input on the board that the reference kernels will get, as raw files.

    Raises InputError if npufit cannot make values for an input, ToolError and LostConnectionError.
    """
    source = prepared.model
    if not prepared.runs_on_cpu:
        raise InputError(
            f"{source.name} is already compiled, so there is nothing to compare its outputs with. Give its source."
        )
    model = _on_board(prepared, with_npu)
    values = random_inputs(source, seed)
    own = pair_ends(model.main.inputs, source.main.inputs, prepared.ties, f"{model.name}: inputs")
    sent = tuple(
        (model.main.tensors[index].name, connection.put(values[own[index]].tobytes(), f"{_FOLDER}/input-{number}.bin"))
        for number, index in enumerate(model.main.inputs)
    )
    return SentInputs(seed, values, model, sent, f"{connection.folder}/{_FOLDER}/results.bin", with_npu)


def compare_outputs(
    connection: Connection, prepared: PreparedModel, sent: SentInputs, tolerance: float, place: PlaceOptions
) -> OutputComparison:
    """Return how the outputs that the board wrote differ from the reference kernels'.

    What is more than rounding is also compared with the simulator, if what ran was compiled by a tool that npufit has.

    Raises ToolError if they are missing or too few, InputError if the reference kernels cannot execute the model.
    """
    source, model, time_limit_s = prepared.model, sent.model, place.time_limit_s
    own = pair_ends(model.main.outputs, source.main.outputs, prepared.ties, f"{model.name}: outputs")
    forms = [_form(model, index) for index in model.main.outputs]
    data = connection.get(sent.results, sum(size for _, _, size in forms) + _SOME_MORE)
    arrays = _split(data, forms)
    values = {own[index]: array for index, array in zip(model.main.outputs, arrays, strict=True)}
    reference = Reference(source, time_limit_s).run(sent.values, source.main.outputs)
    comparison = compare(source, values, reference, GOLDEN, tolerance)
    if not comparison.tensors:
        raise InputError(f"{source.name}: no output is computed by an operator, so there is nothing to compare.")
    usual = {} if comparison.is_equal else _usual_differences(source, sent.values, reference, time_limit_s)
    rows = tuple(_row(source, comparison, usual))
    is_rounding = not comparison.is_equal and all(map(_is_usual, rows))
    sentence = _sentence(comparison, differences(source, [reference], [values]), usual, is_rounding=is_rounding)
    if not (comparison.is_equal or is_rounding) and sent.with_npu and prepared.checked is not None:
        blame = whose_difference(source, sent.values, values, prepared.checked.target, place)
        sentence = f"{sentence.removesuffix('.')}; {blame}." if blame else sentence
    return OutputComparison(
        golden=GOLDEN,
        input=f"random values, seed {sent.seed}",
        is_equal=comparison.is_equal,
        digest=hashlib.sha256(data).hexdigest(),
        tensors=rows,
        sentence=sentence,
        is_rounding=is_rounding,
    )


def _usual_differences(model: Model, inputs: Values, reference: Values, time_limit_s: float) -> dict[int, float]:
    """Return how far LiteRT's default kernels are from the reference, by output; empty if they cannot run here.

    They are right as well and round otherwise, which no board can be blamed for.
    """
    try:
        found = Reference(model, time_limit_s, LitertKernels.DEFAULT).run(inputs, model.main.outputs)
    except (LitertRefusalError, LitertFailureError):
        return {}
    compared = compare(model, found, {index: reference[index] for index in found}, GOLDEN)
    return {tensor.tensor: tensor.largest for tensor in compared.tensors}


def _is_usual(tensor: ComparedTensor) -> bool:
    if not tensor.different:
        return True
    return tensor.usual is not None and tensor.largest <= tensor.usual * (1 if tensor.unit == "steps" else _FLOAT_ROOM)


def _on_board(prepared: PreparedModel, with_npu: bool) -> Model:
    """Return what runs on the board: the compiled file, or the model itself, whose order a bundle keeps."""
    return prepared.on_npu if with_npu and prepared.on_npu is not None else prepared.model


_Form = tuple[tuple[int, ...], np.dtype[np.generic], int]


def _form(model: Model, index: int) -> _Form:
    """Return shape, type and bytes of an output. Raises InputError if the file does not say."""
    tensor = model.main.tensors[index]
    dtype = dtype_of(tensor)
    if dtype is None or tensor.shape is None:
        raise InputError(f"{model.name}: output '{tensor.name}' has no fixed form, so it cannot be compared.")
    return tensor.shape, dtype, prod(tensor.shape) * dtype.itemsize


def _split(data: bytes, forms: Sequence[_Form]) -> list[Array]:
    needed = sum(size for _, _, size in forms)
    if len(data) != needed:
        raise ToolError(f"the board wrote {len(data)} bytes of outputs instead of {needed}.")
    arrays: list[Array] = []
    start = 0
    for shape, dtype, size in forms:
        arrays.append(np.frombuffer(data, dtype, count=prod(shape), offset=start).reshape(shape))
        start += size
    return arrays


def _row(model: Model, comparison: Comparison, usual: Mapping[int, float]) -> Sequence[ComparedTensor]:
    rows: list[ComparedTensor] = []
    for found in comparison.tensors:
        tensor = model.main.tensors[found.tensor]
        unit = "values" if tensor.element.is_float else "steps"
        largest = min(found.largest, _INFINITELY)
        ours = usual.get(found.tensor)
        ours = None if ours is None else min(ours, _INFINITELY)
        rows.append(
            ComparedTensor(tensor.name, tensor.element.value, found.count, found.differing, largest, unit, ours)
        )
    return rows


def _sentence(
    comparison: Comparison, differing: Sequence[OutputDifference], usual: Mapping[int, float], *, is_rounding: bool
) -> str:
    """Return how far the outputs are apart, in words; a difference of a step or two rarely changes an answer."""
    beyond = [found for found in comparison.tensors if not found.is_equal]
    if not beyond:
        is_same = not any(found.differing for found in comparison.tensors)
        return "All outputs are the same." if is_same else f"All outputs are within {comparison.tolerance:g}."
    which = (
        "The output differs" if len(comparison.tensors) == 1 else f"{len(beyond)} of {len(comparison.tensors)} differ"
    )
    largest = max(found.largest for found in beyond)
    cosine = min(found.cosine for found in differing)
    shares = [found.top_1 for found in differing if found.top_1 is not None]
    best = f"; the largest value is in the same place for {percent(min(shares))}" if shares else ""
    sentence = f"{which}, by up to {largest:.3g}; cosine similarity {cosine:.5f}{best}"
    if not usual:
        return f"{sentence}."
    ours = max(usual.values())
    own = f"differ by up to {ours:.3g}" if ours else "do not differ"
    return f"{sentence}; LiteRT's own default kernels {own}{', so this is rounding' if is_rounding else ''}."
