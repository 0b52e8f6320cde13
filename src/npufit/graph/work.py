"""How much arithmetic and memory traffic an operator means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from npufit.graph.model import Operator, Subgraph
from npufit.graph.options import BatchMatMulOptions
from npufit.graph.tensor import Tensor


@dataclass(frozen=True, slots=True)
class Work:
    """Multiply-accumulates of one operator, and the bytes of the tensors that it reads and writes once."""

    macs: int
    bytes_read: int
    bytes_written: int


_Count = Callable[[Operator, tuple[Tensor, ...], tuple[Tensor, ...]], int]


def measure_work(subgraph: Subgraph, operator: Operator) -> Work:
    """Return the work of `operator`, one of `subgraph`.

    `macs` counts multiply-accumulates of convolutions, matrix products and the gates of LSTMs, without padding
    skipped at borders; operators without any have 0. Bytes count each operand once, constants included.
    """
    inputs = tuple(subgraph.input_tensors(operator))
    outputs = tuple(subgraph.output_tensors(operator))
    count = _MACS.get(operator.type)
    macs = count(operator, inputs, outputs) if count and len(inputs) > 1 and outputs else 0
    return Work(
        macs=macs,
        bytes_read=sum(_stored_bytes(tensor) for tensor in inputs),
        bytes_written=sum(tensor.size_bytes for tensor in outputs),
    )


def _stored_bytes(tensor: Tensor) -> int:
    return tensor.buffer.size_bytes or tensor.size_bytes


def _kernel(weights: Tensor, rank: int) -> tuple[int, ...]:
    """Return the shape of `weights`; zeros where it is unknown or no kernel."""
    return weights.shape if weights.shape is not None and len(weights.shape) == rank else (0,) * rank


def _convolution(operator: Operator, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return outputs[0].element_count * prod(_kernel(inputs[1], 4)[1:])


def _convolution_3d(operator: Operator, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return outputs[0].element_count * prod(_kernel(inputs[1], 5)[:-1])


def _depthwise(operator: Operator, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return outputs[0].element_count * prod(_kernel(inputs[1], 4)[1:3])


def _transpose_convolution(operator: Operator, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    if len(inputs) < 3:
        return 0
    return inputs[2].element_count * prod(_kernel(inputs[1], 4)[:-1])


def _fully_connected(operator: Operator, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return outputs[0].element_count * (inputs[1].shape or (0,))[-1]


def _batch_matmul(operator: Operator, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    first = inputs[0].shape or (0, 0)
    if len(first) < 2:
        return 0
    transposed = isinstance(operator.options, BatchMatMulOptions) and operator.options.adj_x
    return outputs[0].element_count * first[-2 if transposed else -1]


def _is_matrix(tensor: Tensor) -> bool:
    return tensor.is_constant and len(tensor.shape or ()) == 2


def _lstm(operator: Operator, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    matrices = sum(tensor.element_count for tensor in inputs if _is_matrix(tensor))
    steps = prod((inputs[0].shape or (0,))[:-1])
    return matrices * steps


_MACS: dict[str, _Count] = {
    "CONV_2D": _convolution,
    "CONV_3D": _convolution_3d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transpose_convolution,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "LSTM": _lstm,
}
