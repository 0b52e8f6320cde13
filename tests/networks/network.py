"""The builder of test networks: operator by operator, with weights that are seeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from networks.elements import FLOAT32, HALF, INT8, INT16, INT32, UINT8, quantized
from npufit.graph import (
    NO_BUFFER,
    NOT_QUANTIZED,
    Activation,
    Buffer,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    Metadata,
    Model,
    Operator,
    Options,
    Padding,
    Pool2DOptions,
    Quantization,
    Signature,
    Subgraph,
    Tensor,
)

_FIRST = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SHAPE", "QUANTIZE", "PACK", "ABS", "NEG")
"""Operators that take int8 in their version 1; the others do in version 2."""

_QUANTIZED = (INT8, UINT8, INT16)


class Network:
    """A network under construction. Methods return the index of the tensor that they add.

    Tensors have the type `element` and, if that is an integer of 8 or 16 bits, `quantization`, unless told otherwise.
    """

    def __init__(self, element: ElementType = INT8, seed: int = 0, *, quantization: Quantization = HALF) -> None:
        self.element = element
        self.quantization = quantization
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.inputs: list[int] = []
        self._generator = np.random.default_rng(seed)

    def tensor(
        self,
        shape: Sequence[int] | None,
        quantization: Quantization | None = None,
        element: ElementType | None = None,
        buffer: Buffer = NO_BUFFER,
        *,
        variable: bool = False,
    ) -> int:
        """Add a tensor that nobody writes yet; its shape may be unknown."""
        element = element or self.element
        if quantization is None:
            quantization = self.quantization if element in _QUANTIZED else NOT_QUANTIZED
        size = None if shape is None else tuple(shape)
        self.tensors.append(Tensor(f"t{len(self.tensors)}", size, element, quantization, buffer, variable))
        return len(self.tensors) - 1

    def input(
        self,
        *shape: int,
        quantization: Quantization | None = None,
        element: ElementType | None = None,
        known: bool = True,
    ) -> int:
        """Add an input; its shape may be unknown."""
        self.inputs.append(self.tensor(shape if known else None, quantization, element))
        return self.inputs[-1]

    def constant(self, values: Any, quantization: Quantization = NOT_QUANTIZED) -> int:
        """Add a constant that holds a NumPy array; lists become int32."""
        array = np.asarray(values, None if isinstance(values, np.ndarray) else np.int32)
        return self.tensor(array.shape, quantization, ElementType(array.dtype.name), Buffer(array.tobytes()))

    def numbers(
        self,
        *values: float,
        element: ElementType = INT32,
        shape: Sequence[int] | None = None,
        quantization: Quantization | None = None,
    ) -> int:
        """Add a constant vector, or one of another shape."""
        array = np.array(values, element.value).reshape((len(values),) if shape is None else tuple(shape))
        return self.tensor(array.shape, quantization, element, Buffer(array.tobytes()))

    def zeros(self, *shape: int, element: ElementType | None = None, quantization: Quantization | None = None) -> int:
        """Add a constant of zeros."""
        size = Tensor("", shape, element or self.element).size_bytes
        return self.tensor(shape, quantization, element, Buffer(bytes(size)))

    def random(
        self, *shape: int, quantization: Quantization = NOT_QUANTIZED, element: ElementType | None = None
    ) -> int:
        """Add a constant with values over the whole range of its type."""
        element = element or self.element
        if element is FLOAT32:
            return self.constant(self._generator.uniform(-1, 1, shape).astype(np.float32))
        low, high = element.integer_range
        low = max(low, -127)
        values = self._generator.integers(low, high + 1, shape)
        return self.constant(values.astype(element.value), quantization)

    def apply(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: Sequence[int] | None,
        options: Options | None = None,
        *,
        quantization: Quantization | None = None,
        element: ElementType | None = None,
        version: int | None = None,
        custom_code: str | None = None,
    ) -> int:
        """Add an operator with one output."""
        output = self.tensor(shape, quantization, element)
        version = version or (1 if kind in _FIRST else 2)
        self.operators.append(Operator(kind, tuple(inputs), (output,), options, version, custom_code=custom_code))
        return output

    def cpu(self, source: int) -> int:
        """Add an operator that every stack leaves on the CPU."""
        return self.apply("CUSTOM", (source,), self.tensors[source].shape, custom_code="Stay")

    def pad(self, ifm: int, *amounts: int) -> int:
        """Add a PAD by top, bottom, left and right of an image, or by two amounts for each dimension."""
        tensor = self.tensors[ifm]
        shape = tensor.shape or ()
        pairs = [amounts[place : place + 2] for place in range(0, len(amounts), 2)]
        if len(shape) == 4 and len(pairs) == 2:
            pairs = [(0, 0), *pairs, (0, 0)]
        after = [size + sum(pair) for size, pair in zip(shape, pairs, strict=True)]
        inputs = ifm, self.constant(pairs)
        return self.apply("PAD", inputs, after, quantization=tensor.quantization, element=tensor.element)

    def convolve(
        self,
        ifm: int,
        depth: int | None = None,
        kernel: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        *,
        padding: Padding = Padding.VALID,
        activation: Activation = Activation.NONE,
        dilation: int = 1,
        depthwise: bool = False,
        quantization: Quantization | None = None,
        element: ElementType | None = None,
        weights: int | None = None,
        weights_quantization: Quantization | None = None,
        bias: int | None = None,
        version: int | None = None,
    ) -> int:
        """Add a CONV_2D or a DEPTHWISE_CONV_2D, with random weights and bias unless given; `bias` may be NO_TENSOR.

        Types that NumPy cannot draw have weights of zero.
        Without `depth` a depthwise convolution keeps that of its input; others have 4 channels.
        """
        element = element or self.element
        tensor = self.tensors[ifm]
        n, h, w, channels = tensor.shape or (1, 1, 1, 1)
        kernels = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        strides = stride if isinstance(stride, tuple) else (stride, stride)
        if depth is None:
            depth = channels if depthwise else 4
        if weights is None:
            shape = (1, *kernels, depth) if depthwise else (depth, *kernels, channels)
            count = kernels[0] * kernels[1] * (1 if depthwise else channels)
            scale = weights_quantization or _fitting(
                element, tensor.quantization, quantization or self.quantization, count
            )
            draw = self.random if element in (*_QUANTIZED, FLOAT32) else self.zeros
            weights = draw(*shape, quantization=scale, element=element)
        if bias is None:
            bias = self._bias(depth, element, tensor.quantization, self.tensors[weights].quantization)
        options: Options
        if depthwise:
            options = DepthwiseConv2DOptions(padding, strides[1], strides[0], 1, activation, dilation, dilation)
        else:
            options = Conv2DOptions(padding, strides[1], strides[0], activation, dilation, dilation)
        out = _windows((h, w), kernels, strides, dilation, padding)
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        inputs = ifm, weights, bias
        return self.apply(
            kind, inputs, (n, *out, depth), options, quantization=quantization, element=element, version=version
        )

    def _bias(self, depth: int, element: ElementType, ifm: Quantization, weights: Quantization) -> int:
        if element is FLOAT32:
            return self.constant(self._generator.uniform(-1, 1, depth).astype(np.float32))
        units = tuple(float(np.float32(ifm.scale * one)) for one in weights.scales) if ifm.scales else ()
        values = self._generator.integers(-2000, 2000, depth).astype(np.int32)
        return self.constant(values, Quantization(units, (0,) * len(units)))

    def pool(
        self, ifm: int, kernel: int = 3, stride: int = 2, *, padding: Padding = Padding.VALID, kind: str = "MAX_POOL_2D"
    ) -> int:
        """Add a pooling with a square window."""
        tensor = self.tensors[ifm]
        n, h, w, channels = tensor.shape or (1, 1, 1, 1)
        out = _windows((h, w), (kernel, kernel), (stride, stride), 1, padding)
        options = Pool2DOptions(padding, stride, stride, kernel, kernel)
        return self.apply(kind, (ifm,), (n, *out, channels), options, quantization=tensor.quantization)

    def unread(self) -> tuple[int, ...]:
        """Return the tensors that an operator writes and none reads."""
        read = {index for operator in self.operators for index in operator.inputs}
        return tuple(index for operator in self.operators for index in operator.outputs if index not in read)

    def subgraph(self, *outputs: int) -> Subgraph:
        """Return the network as a subgraph; the last tensor is the output unless others are named."""
        chosen = outputs or (len(self.tensors) - 1,)
        return Subgraph(tuple(self.tensors), tuple(self.inputs), chosen, tuple(self.operators))

    def model(self, *outputs: int, name: str = "tiny") -> Model:
        """Return the model with a signature and metadata; the last tensor is the output unless others are named."""
        graph = self.subgraph(*outputs)
        ins = tuple((f"in{place}", index) for place, index in enumerate(graph.inputs))
        outs = tuple((f"out{place}", index) for place, index in enumerate(graph.outputs))
        return Model(
            name,
            (graph,),
            metadata=(Metadata("note", Buffer(b"kept")),),
            signatures=(Signature("serving_default", 0, ins, outs),),
        )


def _fitting(element: ElementType, ifm: Quantization, ofm: Quantization, count: int) -> Quantization:
    """Return a scale of weights with which sums of `count` random products fill the range of the result."""
    if element is FLOAT32:
        return NOT_QUANTIZED
    scale = ofm.scale / (ifm.scale if ifm.scales else 1.0) / 40 / count**0.5
    return quantized(scale, 131 if element is UINT8 else 0)


def _windows(
    sizes: tuple[int, int], kernels: tuple[int, int], strides: tuple[int, int], dilation: int, padding: Padding
) -> tuple[int, ...]:
    spans = [1 if padding is Padding.SAME else (kernel - 1) * dilation + 1 for kernel in kernels]
    return tuple(-(-(size - span + 1) // stride) for size, span, stride in zip(sizes, spans, strides, strict=True))
