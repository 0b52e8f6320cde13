"""The multiply-accumulates of each operator type that has any.

Positions of operands are those of LiteRT's kernels (`tflite/kernels`, `tflite/kernels/internal/reference`). Types that
have none on purpose stand in `without_macs.py`; together the two tables name every type of the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from npufit.graph.model import CUSTOM, NO_TENSOR, Operator, Subgraph
from npufit.graph.options import BatchMatMulOptions, OtherOptions
from npufit.graph.without_macs import CUSTOM_WITHOUT_MACS, WITHOUT_MACS


def count_macs(subgraph: Subgraph, operator: Operator) -> int | None:
    """Return the multiply-accumulates of `operator`, one of `subgraph`; None where they are not known.

    That is so for custom operators that the tables do not name, and where an operand is missing or has no shape. A
    dimension that is only known at run time counts as `Tensor.shape` has it, which is what the interpreter allocates.
    """
    if operator.type == CUSTOM:
        if operator.custom_code in CUSTOM_WITHOUT_MACS:
            return 0
        count = _CUSTOM.get(operator.custom_code or "")
    else:
        if operator.type in WITHOUT_MACS:
            return 0
        count = MACS.get(operator.type)
    if count is None:
        return None
    try:
        return count(_Operands(subgraph, operator))
    except _UnknownError:
        return None


class _UnknownError(Exception):
    """An operand is missing, or its shape is unknown or of another rank."""


@dataclass(frozen=True, slots=True)
class _Operands:
    subgraph: Subgraph
    operator: Operator

    def has(self, position: int) -> bool:
        return self.operator.input(position) != NO_TENSOR

    def input(self, position: int, rank: int | None = None) -> tuple[int, ...]:
        """Return the shape of an input, of `rank` where that is fixed."""
        return self._shape(self.operator.input(position), rank)

    def values(self) -> int:
        """Return how many values the first output has."""
        outputs = self.operator.outputs
        return prod(self._shape(outputs[0] if outputs else NO_TENSOR, None))

    def dimensions(self, field: str, rank: int) -> tuple[int, ...]:
        """Return the dimensions in `field` of options that the graph has no class for, empty where it is left out."""
        options = self.operator.options
        value = dict(options.fields).get(field) if isinstance(options, OtherOptions) else None
        found = value if isinstance(value, tuple) else () if value is None else (value,)
        dimensions = tuple(value for value in found if isinstance(value, int) and 0 <= value < rank)
        if len(dimensions) != len(found):
            raise _UnknownError
        return dimensions

    def _shape(self, index: int, rank: int | None) -> tuple[int, ...]:
        if index == NO_TENSOR:
            raise _UnknownError
        tensor = self.subgraph.tensors[index]
        shape = tensor.shape or None if not tensor.has_rank else tensor.shape  # files store unknown shapes as empty
        if shape is None or (rank is not None and len(shape) != rank) or any(size < 0 for size in shape):
            raise _UnknownError
        return shape


def _convolution(operands: _Operands) -> int:
    """Weights are out x height x width x in; with groups, in is the depth of one of them."""
    return operands.values() * prod(operands.input(1, 4)[1:])


def _depthwise(operands: _Operands) -> int:
    """Weights are 1 x height x width x out."""
    return operands.values() * prod(operands.input(1, 4)[1:3])


def _transpose_convolution(operands: _Operands) -> int:
    """Each value of the input (operand 2) is spread over out x height x width; weights end in the input's depth."""
    return prod(operands.input(2, 4)) * prod(operands.input(1, 4)[:-1])


def _convolution_3d(operands: _Operands) -> int:
    """Weights are depth x height x width x in x out."""
    return operands.values() * prod(operands.input(1, 5)[:-1])


def _transpose_convolution_3d(operands: _Operands) -> int:
    """Weights are depth x height x width x out x in; the input is operand 2."""
    return prod(operands.input(2, 5)) * prod(operands.input(1, 5)[:-1])


def _biased_transpose_convolution(operands: _Operands) -> int:
    """MediaPipe's operator: like TRANSPOSE_CONV, with the input first."""
    return prod(operands.input(0, 4)) * prod(operands.input(1, 4)[:-1])


def _fully_connected(operands: _Operands) -> int:
    """Weights are out x in. Zeros of sparse weights count."""
    return operands.values() * operands.input(1, 2)[-1]


def _batch_matmul(operands: _Operands) -> int:
    first = operands.input(0)
    if len(first) < 2:
        raise _UnknownError
    options = operands.operator.options
    transposed = isinstance(options, BatchMatMulOptions) and options.adj_x
    return operands.values() * first[-2 if transposed else -1]


def _dot_general(operands: _Operands) -> int:
    """Each output value is a sum over the contracting dimensions."""
    first = operands.input(0)
    return operands.values() * prod(
        first[dimension] for dimension in operands.dimensions("lhs_contracting_dimensions", len(first))
    )


def _stablehlo_convolution(operands: _Operands) -> int:
    """Each output value reads the kernel without its output features; options say which dimension these are."""
    kernel = operands.input(1)
    features = operands.dimensions("kernel_output_feature_dimension", len(kernel))
    if not features:
        raise _UnknownError
    return operands.values() * prod(size for dimension, size in enumerate(kernel) if dimension not in features)


def _sparse_embedding(operands: _Operands) -> int:
    """Operand 0 names rows of operand 4, which are weighted and added up."""
    table = operands.input(4)
    return prod(operands.input(0)) * prod(table[1:])


def _svdf(operands: _Operands) -> int:
    """The features of this step (filters x input), then a filter over the memory of past ones (filters x memory)."""
    batch = operands.input(0, 2)[0]
    return batch * (prod(operands.input(1, 2)) + prod(operands.input(2, 2)))


def _recurrent(*matrices: int) -> Callable[[_Operands], int]:
    """Return the count of a cell that multiplies with each matrix at `matrices` that it has, once a step and batch."""

    def count(operands: _Operands) -> int:
        sizes = [prod(operands.input(position, 2)) for position in matrices if operands.has(position)]
        steps = operands.input(0)[:-1]
        if not sizes or not steps:
            raise _UnknownError
        return prod(steps) * sum(sizes)

    return count


_lstm_of_gates = _recurrent(*range(1, 9), 16)
_lstm_of_one_matrix = _recurrent(2)


def _lstm(operands: _Operands) -> int:
    """The basic kernel has five operands and one matrix for all gates; the full one a matrix for each, and one that
    projects. Peepholes are vectors and do not count.
    """
    return (_lstm_of_one_matrix if len(operands.operator.inputs) == 5 else _lstm_of_gates)(operands)


MACS: dict[str, Callable[[_Operands], int]] = {
    "CONV_2D": _convolution,
    "CONV_3D": _convolution_3d,
    "CONV_3D_TRANSPOSE": _transpose_convolution_3d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transpose_convolution,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "EMBEDDING_LOOKUP_SPARSE": _sparse_embedding,
    "SVDF": _svdf,
    "RNN": _recurrent(1, 2),
    "UNIDIRECTIONAL_SEQUENCE_RNN": _recurrent(1, 2),
    "BIDIRECTIONAL_SEQUENCE_RNN": _recurrent(1, 2, 5, 6, 10, 11),
    "LSTM": _lstm,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm_of_gates,
    "BIDIRECTIONAL_SEQUENCE_LSTM": _recurrent(*range(1, 9), 16, *range(18, 26), 33, *range(40, 48)),
    "STABLEHLO_DOT_GENERAL": _dot_general,
    "STABLEHLO_CONVOLUTION": _stablehlo_convolution,
}
"""How to count, by operator type. Integer, hybrid and float kernels multiply alike."""

_CUSTOM: dict[str, Callable[[_Operands], int]] = {"Convolution2DTransposeBias": _biased_transpose_convolution}
