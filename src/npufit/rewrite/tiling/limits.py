"""How large a tensor may be, and which tensors of a network the limit applies to."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from npufit.graph import NO_TENSOR, Subgraph, Tensor

_MOST_TILES = 64


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The limits of every tensor: bytes, and the product of width and channels; and the most tiles of a region."""

    size_bytes: float = inf
    width_channels: float = inf
    tiles: int = _MOST_TILES

    def is_met(self, size_bytes: int, width_channels: int) -> bool:
        """Return whether a tensor of this size may stay."""
        return size_bytes <= self.size_bytes and width_channels <= self.width_channels


def limited_tensors(graph: Subgraph) -> tuple[int, ...]:
    """Return the tensors that a limit applies to, by index.

    These are the activations that operators write, except floating-point ones in a network that computes with integers:
    they exist at its ends, where the CPU converts them.
    """
    written = [tensor for operator in graph.operators for tensor in operator.outputs if tensor != NO_TENSOR]
    integers = any(graph.tensors[tensor].quantization.is_quantized for tensor in written)
    return tuple(
        tensor
        for tensor in written
        if graph.tensors[tensor].shape is not None and not (integers and graph.tensors[tensor].element.is_float)
    )


def largest_tensors(graph: Subgraph) -> tuple[int, int]:
    """Return the bytes of the largest activation that counts, and the largest product of width and channels."""
    found = [graph.tensors[tensor] for tensor in limited_tensors(graph)]
    return max((one.size_bytes for one in found), default=0), max(map(width_channels, found), default=0)


def width_channels(tensor: Tensor) -> int:
    """Return the product of width and channels of a map, 0 for other tensors."""
    shape = tensor.shape or ()
    return shape[2] * shape[3] if len(shape) == 4 else 0
