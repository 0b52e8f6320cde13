"""Operators on the CPU that need not be computed: the reference kernels had the same bytes and the same operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from npufit.execution.segment import Segment
from npufit.execution.steps import Compute
from npufit.execution.values import Array, Values
from npufit.graph import NO_TENSOR, Model, Operator, Tensor, wire


class Reuse:
    """Results of the reference kernels on the whole model, offered to segments that have the same operators.

    A kernel is a function of its inputs. So a segment whose inputs are the bytes that the reference kernels computed
    for the same tensors would compute their results: it takes them instead. If one byte differs, it computes.
    """

    def __init__(self, segments: Iterable[Segment], results: Values) -> None:
        """Offer `results`, by tensor of the segments' model, to `segments`."""
        self._segments, self._results = set(segments), results
        self.count = 0

    def around(self, segment: Segment) -> Compute:
        """Return the way in which `segment` is run; `count` rises where nothing is computed."""
        return (lambda values: self._answer(segment, values)) if segment in self._segments else segment.run

    def _answer(self, segment: Segment, values: Values) -> dict[int, Array]:
        results = self._results
        known = all(index in results for index in (*segment.inputs, *segment.leaving))
        if not known or segment.left_out or not all(_same(values[index], results[index]) for index in segment.inputs):
            return segment.run(values)
        self.count += 1
        return {index: results[index] for index in segment.leaving}


def shared_segments(
    segments: Iterable[Segment], model: Model, source: Model, ties: Mapping[int, int]
) -> tuple[Segment, ...]:
    """Return the `segments` of `model` whose operators are those of `source`, and which hold no state.

    `ties` has the tensor of `source` for each tensor of `model`. Everything that a kernel sees must be the same: type,
    version, options, shapes, quantization and constants.
    """
    producer = wire(source.main).producer

    def is_shared(index: int) -> bool:
        own = model.main.operators[index]
        writer = producer[ties[own.outputs[0]]] if own.outputs and own.outputs[0] in ties else None
        other = None if writer is None else source.main.operators[writer]
        return other is not None and _is_same_call(own, other) and _have_same_operands(own, other)

    def _have_same_operands(own: Operator, other: Operator) -> bool:
        pairs = [*zip(own.inputs, other.inputs, strict=True), *zip(own.outputs, other.outputs, strict=True)]
        return all(_is_same_operand(first, second) for first, second in pairs)

    def _is_same_operand(first: int, second: int) -> bool:
        if NO_TENSOR in (first, second):
            return first == second
        own, other = model.main.tensors[first], source.main.tensors[second]
        if own.is_variable or other.is_variable or not _have_same_form(own, other):
            return False
        if own.is_constant or other.is_constant:
            return own.buffer.data == other.buffer.data
        return ties.get(first) == second

    return tuple(segment for segment in segments if all(map(is_shared, segment.operators)))


def _is_same_call(first: Operator, second: Operator) -> bool:
    def form(operator: Operator) -> tuple[object, ...]:
        counts = len(operator.inputs), len(operator.outputs)
        return operator.type, operator.version, operator.custom_code, operator.custom_options, operator.options, counts

    return form(first) == form(second)


def _have_same_form(first: Tensor, second: Tensor) -> bool:
    def form(tensor: Tensor) -> tuple[object, ...]:
        quantization = tensor.quantization
        return tensor.element, tensor.shape or (), quantization.scales, quantization.zero_points, quantization.details

    return form(first) == form(second)


def _same(first: Array, second: Array) -> bool:
    return first.dtype == second.dtype and first.shape == second.shape and np.array_equal(first, second)
