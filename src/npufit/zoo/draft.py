"""A network before its number format is chosen: operators, shapes, real-valued weights and expected ranges.

One draft gives the float and all quantized files of a network, so these compute the same function.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from npufit.graph import Operator, Tensor

if TYPE_CHECKING:
    from npufit.zoo.moments import Floats
    from npufit.zoo.remembered import WeightValues


class Dialect(Enum):
    """The tool whose habits a file follows, beyond what the network and its number format decide."""

    KERAS = "TFLiteConverter 2.15 on a Keras model: the batch is dynamic"
    STATIC = "the MLIR converter on a graph with batch 1"
    TOCO = "the converter before MLIR: drops activations that the output's range implies, repeats shapes in options"


@dataclass(frozen=True, slots=True)
class Activations:
    """A computed tensor, and the range of real values that it is expected to stay in."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The weights of a convolution or matrix product; `axis` counts the output channels."""

    source: WeightValues
    axis: int
    may_be_per_channel: bool = True

    @property
    def values(self) -> Floats:
        """The real values."""
        return self.source.array


@dataclass(frozen=True, slots=True, eq=False)
class Bias:
    """A bias: its scale is that of the tensor `ifm` times that of the tensor `weights`."""

    values: Floats
    ifm: int
    weights: int


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A constant that is quantized like an activation: an operand of MUL and ADD, or anchors."""

    values: Floats


class AsIs(Enum):
    """A tensor that no number format changes: integers of shapes, and floats outside the quantized part."""

    AS_IS = "as is"


Role = Activations | Weights | Bias | Parameter | AsIs


@dataclass(frozen=True, slots=True)
class DraftTensor:
    """A tensor and what quantization needs to know about it. `tensor.element` is float32 until then."""

    tensor: Tensor
    role: Role


@dataclass(slots=True)
class Draft:
    """A whole network. `tied` lists groups of tensors that quantization must give one scale."""

    dialect: Dialect
    tensors: list[DraftTensor] = field(default_factory=list[DraftTensor])
    operators: list[Operator] = field(default_factory=list[Operator])
    inputs: list[int] = field(default_factory=list[int])
    outputs: list[int] = field(default_factory=list[int])
    tied: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
