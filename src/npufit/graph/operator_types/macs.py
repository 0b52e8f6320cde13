"""Multiply-accumulates of operators: the formulas that rows of the table name.

Positions of operands are those of LiteRT's kernels (`tflite/kernels`, `tflite/kernels/internal/reference`). Integer,
hybrid and float kernels multiply alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from npufit.graph.model import NO_TENSOR, Operator, Subgraph
from npufit.graph.options import BatchMatMulOptions, OtherOptions


class UnknownMacsError(Exception):
    """An operand is missing, or its shape is unknown or of another rank."""


@dataclass(frozen=True, slots=True)
class Operands:
    """The shapes of an operator's operands; each method raises UnknownMacsError if the value is unknown."""

    subgraph: Subgraph
    operator: Operator

    def has(self, position: int) -> bool:
        """Return whether the input at `position` exists."""
        return self.operator.input(position) != NO_TENSOR

    def input(self, position: int, rank: int | None = None) -> tuple[int, ...]:
        """Return the shape of an input, of `rank` if that is fixed."""
        return self._shape(self.operator.input(position), rank)

    def values(self) -> int:
        """Return how many values the first output has."""
        outputs = self.operator.outputs
        return prod(self._shape(outputs[0] if outputs else NO_TENSOR, None))

    def dimensions(self, field: str, rank: int) -> tuple[int, ...]:
        """Return the dimensions in `field` of options without a class in the graph, empty if omitted."""
        options = self.operator.options
        value = dict(options.fields).get(field) if isinstance(options, OtherOptions) else None
        found = value if isinstance(value, tuple) else () if value is None else (value,)
        dimensions = tuple(value for value in found if isinstance(value, int) and 0 <= value < rank)
        if len(dimensions) != len(found):
            raise UnknownMacsError
        return dimensions

    def _shape(self, index: int, rank: int | None) -> tuple[int, ...]:
        if index == NO_TENSOR:
            raise UnknownMacsError
        tensor = self.subgraph.tensors[index]
        shape = tensor.shape or None if not tensor.has_rank else tensor.shape  # files store unknown shapes as empty
        if shape is None or (rank is not None and len(shape) != rank) or any(size < 0 for size in shape):
            raise UnknownMacsError
        return shape


MacsFormula = Callable[[Operands], int]
"""Returns the multiply-accumulates of an operator; raises UnknownMacsError."""


def convolution(operands: Operands) -> int:
    """Weights are out x height x width x in; with groups, in is the depth of one of them."""
    return operands.values() * prod(operands.input(1, 4)[1:])


def depthwise(operands: Operands) -> int:
    """Weights are 1 x height x width x out."""
    return operands.values() * prod(operands.input(1, 4)[1:3])


def transpose_convolution(operands: Operands) -> int:
    """Each value of the input (operand 2) is spread over out x height x width; weights end in the input's depth."""
    return prod(operands.input(2, 4)) * prod(operands.input(1, 4)[:-1])


def convolution_3d(operands: Operands) -> int:
    """Weights are depth x height x width x in x out."""
    return operands.values() * prod(operands.input(1, 5)[:-1])


def transpose_convolution_3d(operands: Operands) -> int:
    """Weights are depth x height x width x out x in; the input is operand 2."""
    return prod(operands.input(2, 5)) * prod(operands.input(1, 5)[:-1])


def biased_transpose_convolution(operands: Operands) -> int:
    """MediaPipe's operator: like TRANSPOSE_CONV, with the input first."""
    return prod(operands.input(0, 4)) * prod(operands.input(1, 4)[:-1])


def fully_connected(operands: Operands) -> int:
    """Weights are out x in. Zeros of sparse weights count."""
    return operands.values() * operands.input(1, 2)[-1]


def batch_matmul(operands: Operands) -> int:
    """Each output value is a sum over the columns of the first operand."""
    first = operands.input(0)
    if len(first) < 2:
        raise UnknownMacsError
    options = operands.operator.options
    transposed = isinstance(options, BatchMatMulOptions) and options.adj_x
    return operands.values() * first[-2 if transposed else -1]


def dot_general(operands: Operands) -> int:
    """Each output value is a sum over the contracting dimensions."""
    first = operands.input(0)
    return operands.values() * prod(
        first[dimension] for dimension in operands.dimensions("lhs_contracting_dimensions", len(first))
    )


def stablehlo_convolution(operands: Operands) -> int:
    """Each output value reads the kernel without its output features; options say which dimension these are."""
    kernel = operands.input(1)
    features = operands.dimensions("kernel_output_feature_dimension", len(kernel))
    if not features:
        raise UnknownMacsError
    return operands.values() * prod(size for dimension, size in enumerate(kernel) if dimension not in features)


def sparse_embedding(operands: Operands) -> int:
    """Operand 0 names rows of operand 4, which are weighted and added up."""
    table = operands.input(4)
    return prod(operands.input(0)) * prod(table[1:])


def svdf(operands: Operands) -> int:
    """The features of this step (filters x input), then a filter over the memory of past ones (filters x memory)."""
    batch = operands.input(0, 2)[0]
    return batch * (prod(operands.input(1, 2)) + prod(operands.input(2, 2)))


def recurrent(*matrices: int) -> MacsFormula:
    """Return the count of a cell that multiplies with each existing matrix at `matrices`, once per step and batch."""

    def count(operands: Operands) -> int:
        sizes = [prod(operands.input(position, 2)) for position in matrices if operands.has(position)]
        steps = operands.input(0)[:-1]
        if not sizes or not steps:
            raise UnknownMacsError
        return prod(steps) * sum(sizes)

    return count


lstm_of_gates = recurrent(*range(1, 9), 16)
_lstm_of_one_matrix = recurrent(2)


def lstm(operands: Operands) -> int:
    """The basic kernel has five operands and one matrix for all gates; the full one has a matrix for each, and a
    projection. Peepholes are vectors and do not count.
    """
    return (_lstm_of_one_matrix if len(operands.operator.inputs) == 5 else lstm_of_gates)(operands)
