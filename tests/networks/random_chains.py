"""Random networks of spatial operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from networks import FLOAT32, HALF, INT8, UINT8, Network, quantized
from npufit.graph import (
    NOT_QUANTIZED,
    Activation,
    AddOptions,
    ConcatenationOptions,
    ElementType,
    Model,
    MulOptions,
    OtherOptions,
    Padding,
    Quantization,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    SplitOptions,
    StridedSliceOptions,
)

SAME, VALID = Padding.SAME, Padding.VALID
_LEAST = 6


class Chain:
    """A network that grows by one random operator at a time; `depth` counts channels of the last map."""

    def __init__(self, choose: np.random.Generator, element: ElementType, size: tuple[int, int]) -> None:
        self.choose = choose
        self.net = Network(element, int(choose.integers(0, 1000)))
        self.quantization: Quantization = HALF if element is INT8 else quantized(0.05, 7)
        if element is FLOAT32:
            self.quantization = NOT_QUANTIZED
        self.last = self.net.input(1, *size, int(choose.integers(1, 4)), quantization=self.quantization)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the last map."""
        return self.net.tensors[self.last].shape or ()

    def one_of(self, *values: Any) -> Any:
        """Return one of the values."""
        return values[int(self.choose.integers(0, len(values)))]

    def grow(self) -> None:
        """Add one operator, or one block of them, that fits the last map."""
        options = [self.window, self.window, self.window, self.pool, self.residual, self.pad, self.pointwise, self.cut]
        self.one_of(*options, self.resize, self.branches, self.constant, self.blocks)()

    def window(self) -> None:
        """Add a convolution."""
        _, height, width, depth = self.shape
        kernels = self.one_of(1, 2, 3, 4, 5), self.one_of(1, 3, 5)
        strides = self.one_of(1, 1, 2, 3), self.one_of(1, 1, 2)
        dilation = self.one_of(1, 1, 2, 3) if strides == (1, 1) else 1
        spans = [(kernel - 1) * dilation + 1 for kernel in kernels]
        padding = self.one_of(SAME, VALID)
        if height < spans[0] + _LEAST * strides[0] or width < spans[1] + _LEAST * strides[1]:
            padding, kernels, strides, dilation = SAME, (3, 3), (1, 1), 1
        filters, activation = self.one_of(2, 4), self.one_of(Activation.NONE, Activation.RELU6)
        depthwise = depth > 1 and self.one_of(True, False)
        self.last = self.net.convolve(
            self.last, None if depthwise else filters, kernels, strides, padding=padding, dilation=dilation,
            activation=activation, depthwise=depthwise, quantization=self.quantization,
        )  # fmt: skip

    def pool(self) -> None:
        """Add a pooling."""
        kernel, stride = self.one_of(1, 2, 3, 4), self.one_of(1, 2, 3)
        if min(self.shape[1:3]) < _LEAST * stride + kernel:
            kernel, stride = 3, 1
        kind = self.one_of("MAX_POOL_2D", "AVERAGE_POOL_2D")
        self.last = self.net.pool(self.last, kernel, stride, padding=self.one_of(SAME, VALID), kind=kind)

    def residual(self) -> None:
        """Add two convolutions around which the map is added again."""
        shortcut, depth = self.last, self.shape[3]
        self.last = self.net.convolve(self.last, 3, padding=SAME, quantization=self.quantization)
        self.last = self.net.convolve(self.last, depth, padding=SAME, quantization=self.quantization)
        inputs = (shortcut, self.last) if self.one_of(True, False) else (self.last, shortcut)
        self.last = self.net.apply("ADD", inputs, self.shape, AddOptions(), quantization=self.quantization)

    def pad(self) -> None:
        """Add a PAD."""
        self.last = self.net.pad(self.last, *(self.one_of(0, 1, 2, 3) for _ in range(4)))

    def pointwise(self) -> None:
        """Add an operator without neighbours."""
        kind = self.one_of("RELU", "LOGISTIC", "TANH")
        own = self.quantization
        if kind == "LOGISTIC" and self.net.element is not FLOAT32:
            own = quantized(1 / 256, -128 if self.net.element is INT8 else 0)
        if kind == "TANH" and self.net.element is not FLOAT32:
            own = quantized(1 / 128, 0 if self.net.element is INT8 else 128)
        self.last = self.net.apply(kind, (self.last,), self.shape, quantization=own)
        self.quantization = own

    def cut(self) -> None:
        """Cut off rows and columns as a window does, with different borders on both axes."""
        self.last = self.net.convolve(self.last, 3, (3, 1), quantization=self.quantization)

    def resize(self) -> None:
        """Make the map larger."""
        n, height, width, depth = self.shape
        if max(height, width) > 24:
            return
        aligned, half = self.one_of((False, False), (False, True), (True, False))
        factor = self.one_of(2, 4)
        edge = 1 if aligned else 0
        sizes = [(size - edge) * factor + edge for size in (height, width)]
        kind, options = self.one_of(
            ("RESIZE_BILINEAR", ResizeBilinearOptions(aligned, half)),
            ("RESIZE_NEAREST_NEIGHBOR", ResizeNearestNeighborOptions(aligned, half)),
        )
        inputs = self.last, self.net.constant(sizes)
        self.last = self.net.apply(kind, inputs, (n, *sizes, depth), options, quantization=self.quantization)

    def branches(self) -> None:
        """Add branches of different reach that are concatenated, and a split of the result."""
        n, height, width, _ = self.shape
        parts = [
            self.net.convolve(self.last, 2, kernel, padding=SAME, quantization=self.quantization)
            for kernel in (1, 3, 5)
        ]
        depth = 6
        options = ConcatenationOptions(self.one_of(3, -1))
        joined = self.net.apply("CONCATENATION", parts, (n, height, width, depth), options,
                                quantization=self.quantization)  # fmt: skip
        axis = self.net.constant(np.array(3, np.int32))
        halves = [self.net.tensor((n, height, width, 3), self.quantization) for _ in range(2)]
        self.net.apply("SPLIT", (axis, joined), (1,), SplitOptions(2))
        self.net.tensors.pop()
        split = self.net.operators.pop()
        self.net.operators.append(type(split)("SPLIT", split.inputs, tuple(halves), split.options, version=2))
        self.last = self.net.apply("ADD", halves, (n, height, width, 3), AddOptions(), quantization=self.quantization)

    def constant(self) -> None:
        """Multiply by a constant: one for each channel, or one for each place."""
        n, height, width, depth = self.shape
        shape = self.one_of((1, 1, 1, depth), (depth,), (1, height, width, depth), (height, 1, 1), (1, 1, width, 1))
        values = self.net.random(*shape, quantization=self.quantization)
        self.last = self.net.apply("MUL", (self.last, values), (n, height, width, depth), MulOptions(),
                                   quantization=self.quantization)  # fmt: skip

    def blocks(self) -> None:
        """Take a slice of the channels, then lay channels out as places and back."""
        n, height, width, depth = self.shape
        if depth > 1:
            bounds = [[0, 0, 0, 1], [n, height, width, depth], [1, 1, 1, 1]]
            inputs = (self.last, *(self.net.constant(one) for one in bounds))
            self.last = self.net.apply("STRIDED_SLICE", inputs, (n, height, width, depth - 1), StridedSliceOptions(),
                                       quantization=self.quantization)  # fmt: skip
        wide = self.net.convolve(self.last, 4, 1, quantization=self.quantization)
        options = OtherOptions("DepthToSpaceOptions", (("block_size", 2),))
        large = self.net.apply("DEPTH_TO_SPACE", (wide,), (n, 2 * height, 2 * width, 1), options,
                               quantization=self.quantization, version=1)  # fmt: skip
        near = self.net.convolve(large, 2, 3, padding=SAME, quantization=self.quantization)
        options = OtherOptions("SpaceToDepthOptions", (("block_size", 2),))
        self.last = self.net.apply("SPACE_TO_DEPTH", (near,), (n, height, width, 8), options,
                                   quantization=self.quantization)  # fmt: skip


def random_chain(seed: int) -> Model:
    """Return a random network; it often has a second output in its middle."""
    choose = np.random.default_rng(seed)
    element = (INT8, UINT8, FLOAT32)[int(choose.integers(0, 3))]
    size = int(choose.integers(12, 36)), int(choose.integers(12, 36))
    chain = Chain(choose, element, size)
    middle: list[int] = []
    count = int(choose.integers(2, 8))
    while len(middle) < count:
        before = chain.last
        chain.grow()
        if chain.last != before:
            middle.append(chain.last)
    outputs = [chain.last]
    if len(middle) > 2 and choose.random() < 0.4:
        outputs.append(middle[len(middle) // 2])
    return chain.net.model(*dict.fromkeys(outputs))
