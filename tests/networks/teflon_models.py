"""A short way to build networks of a few operators, and to place them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from npufit.graph import (
    NO_BUFFER,
    NO_TENSOR,
    Activation,
    Buffer,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    Model,
    Operator,
    Options,
    Padding,
    Quantization,
    Subgraph,
    Tensor,
)
from npufit.stacks import Placement, PlaceOptions, Target, load_stack

VERSIONS = ("25.3", "26.0", "26.1", "26.2.0", "26.2", "main")
INT8, UINT8, INT16, INT32, INT64 = (
    ElementType.INT8,
    ElementType.UINT8,
    ElementType.INT16,
    ElementType.INT32,
    ElementType.INT64,
)
SIX = Quantization((0.0235294122248888,), (-128,))
"""6/255 as a 32-bit float: an int8 range that is exactly that of RELU6."""

_CODES = {INT8: "b", UINT8: "B", INT16: "h", INT32: "i", INT64: "q"}


def quantized(scale: float, zero_point: int) -> Quantization:
    """Return the quantization of a whole tensor."""
    return Quantization((scale,), (zero_point,))


@dataclass
class Network:
    """A subgraph under construction. Every method returns the index of the tensor that it adds."""

    tensors: list[Tensor] = field(default_factory=list[Tensor])
    operators: list[Operator] = field(default_factory=list[Operator])
    inputs: list[int] = field(default_factory=list[int])

    def tensor(
        self,
        shape: Sequence[int] | None,
        element: ElementType = INT8,
        quantization: Quantization = SIX,
        buffer: Buffer = NO_BUFFER,
    ) -> int:
        """Add a tensor that nobody writes yet."""
        size = None if shape is None else tuple(shape)
        self.tensors.append(Tensor(f"t{len(self.tensors)}", size, element, quantization, buffer))
        return len(self.tensors) - 1

    def input(
        self, *shape: int, element: ElementType = INT8, quantization: Quantization = SIX, known: bool = True
    ) -> int:
        """Add an input of the network."""
        index = self.tensor(shape if known else None, element, quantization)
        self.inputs.append(index)
        return index

    def zeros(self, *shape: int, element: ElementType = INT8, quantization: Quantization = SIX) -> int:
        """Add a constant of zeros."""
        size = Tensor("", shape, element).size_bytes
        return self.tensor(shape, element, quantization, Buffer(bytes(size)))

    def integers(self, *values: int, element: ElementType = INT32, shape: Sequence[int] | None = None) -> int:
        """Add a constant vector of integers, or one of another shape."""
        data = array(_CODES[element], values).tobytes()
        return self.tensor((len(values),) if shape is None else shape, element, SIX, Buffer(data))

    def apply(
        self,
        operator_type: str,
        inputs: Sequence[int],
        shape: Sequence[int] | None,
        options: Options | None = None,
        *,
        element: ElementType = INT8,
        quantization: Quantization = SIX,
        version: int = 2,
        custom_code: str | None = None,
    ) -> int:
        """Add an operator with one output."""
        output = self.tensor(shape, element, quantization)
        self.operators.append(
            Operator(operator_type, tuple(inputs), (output,), options, version, custom_code=custom_code)
        )
        return output

    def convolve(
        self,
        ifm: int,
        depth: int = 8,
        kernel: int = 1,
        stride: int = 1,
        *,
        padding: Padding = Padding.VALID,
        activation: Activation = Activation.NONE,
        dilation: int = 1,
        version: int = 2,
        depthwise: bool = False,
        weights: int | None = None,
        weights_quantization: Quantization = SIX,
        bias: int | None = None,
        element: ElementType = INT8,
        quantization: Quantization = SIX,
    ) -> int:
        """Add a CONV_2D, or a DEPTHWISE_CONV_2D, with a square kernel; `bias` may be NO_TENSOR."""
        n, height, width, channels = self.tensors[ifm].shape or (1, 1, 1, 1)
        if weights is None:
            shape = (1, kernel, kernel, depth) if depthwise else (depth, kernel, kernel, channels)
            weights = self.zeros(*shape, element=element, quantization=weights_quantization)
        if bias is None:
            bias = self.zeros(depth, element=INT32)
        span = (kernel - 1) * dilation + 1 if padding is Padding.VALID else 1
        height, width = (-(-(size - span + 1) // stride) for size in (height, width))
        if depthwise:
            options: Options = DepthwiseConv2DOptions(padding, stride, stride, 1, activation, dilation, dilation)
        else:
            options = Conv2DOptions(padding, stride, stride, activation, dilation, dilation)
        return self.apply(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
            (ifm, weights, bias),
            (n, height, width, depth),
            options,
            element=element,
            quantization=quantization,
            version=version,
        )

    def pad(self, ifm: int, *amounts: int) -> int:
        """Add a PAD with constant paddings, two for each dimension."""
        shape = self.tensors[ifm].shape or ()
        paddings = self.integers(*amounts, shape=(len(shape), 2))
        after = [size + amounts[2 * axis] + amounts[2 * axis + 1] for axis, size in enumerate(shape)]
        return self.apply("PAD", (ifm, paddings), after)

    def cpu(self, ifm: int) -> int:
        """Add an operator that every release leaves on the CPU."""
        return self.apply("CUSTOM", (ifm,), self.tensors[ifm].shape, custom_code="Stay")

    def model(self, *outputs: int) -> Model:
        """Return the model; the last tensor is the output where none is given."""
        chosen = outputs or (len(self.tensors) - 1,)
        return Model("tiny", (Subgraph(tuple(self.tensors), tuple(self.inputs), chosen, tuple(self.operators)),))


def place(model: Model, version: str, chip: str = "imx93") -> Placement:
    """Return where Teflon of a release runs the operators of `model`."""
    return load_stack("teflon").place(model, Target(chip, "teflon", version), PlaceOptions())


def refusals(model: Model, version: str, chip: str = "imx93") -> list[str]:
    """Return the ids of the rules that keep operators off the NPU."""
    return [operator.finding.rule.id for operator in place(model, version, chip).operators if operator.finding]


def hazards(model: Model, version: str, chip: str = "imx93") -> list[str]:
    """Return the ids of the hazards."""
    return [hazard.rule.id for hazard in place(model, version, chip).hazards]


__all__ = [
    "INT8", "INT16", "INT32", "INT64", "NO_TENSOR", "SIX", "UINT8", "VERSIONS", "Network", "hazards", "place",
    "quantized", "refusals",
]  # fmt: skip
