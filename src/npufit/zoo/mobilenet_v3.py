"""MobileNet V3 (arXiv:1905.02244) as `keras.applications.MobileNetV3Small` and `MobileNetV3Large` write it.

The image has values in 0..255, which the network itself scales to -1..1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from npufit.graph import Activation, Padding
from npufit.zoo.builder import Border, ExplicitPadding, GraphBuilder, Signal
from npufit.zoo.depths import rounded_depth
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import KERAS_CLASSES, LOGITS
from npufit.zoo.spec import PadStyle, Precision, ZooSpec
from npufit.zoo.weights import Target

IMAGE_RANGE = (0.0, 255.0)

_BEFORE_SWISH = Target(0.5, 1.5)
_BEFORE_GATE = Target(3.0, 1.2)
"""Around the middle of min(max(x, 0), 6), of which the gate is a sixth."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One inverted residual: factor of its expansion, depth, kernel, stride, and extras."""

    expansion: float
    depth: int
    kernel: int
    stride: int
    squeezes: bool
    swishes: bool


@dataclass(frozen=True, slots=True)
class _Variant:
    scope: str
    blocks: tuple[_Block, ...]
    last_depth: int


_SMALL = _Variant(
    "MobilenetV3small",
    (
        _Block(1, 16, 3, 2, True, False),
        _Block(72 / 16, 24, 3, 2, False, False),
        _Block(88 / 24, 24, 3, 1, False, False),
        _Block(4, 40, 5, 2, True, True),
        _Block(6, 40, 5, 1, True, True),
        _Block(6, 40, 5, 1, True, True),
        _Block(3, 48, 5, 1, True, True),
        _Block(3, 48, 5, 1, True, True),
        _Block(6, 96, 5, 2, True, True),
        _Block(6, 96, 5, 1, True, True),
        _Block(6, 96, 5, 1, True, True),
    ),
    1024,
)
_LARGE = _Variant(
    "MobilenetV3large",
    (
        _Block(1, 16, 3, 1, False, False),
        _Block(4, 24, 3, 2, False, False),
        _Block(3, 24, 3, 1, False, False),
        _Block(3, 40, 5, 2, True, False),
        _Block(3, 40, 5, 1, True, False),
        _Block(3, 40, 5, 1, True, False),
        _Block(6, 80, 3, 2, False, True),
        _Block(2.5, 80, 3, 1, False, True),
        _Block(2.3, 80, 3, 1, False, True),
        _Block(2.3, 80, 3, 1, False, True),
        _Block(6, 112, 3, 1, True, True),
        _Block(6, 112, 3, 1, True, True),
        _Block(6, 160, 5, 2, True, True),
        _Block(6, 160, 5, 1, True, True),
        _Block(6, 160, 5, 1, True, True),
    ),
    1280,
)


def _draw(variant: _Variant, spec: ZooSpec) -> Draft:
    dialect = Dialect.STATIC if spec.precision is Precision.UINT8 else Dialect.KERAS
    builder = GraphBuilder(dialect, variant.scope, fold_padding=spec.pad is PadStyle.FOLDED)
    low, high = IMAGE_RANGE
    image = builder.vector((*spec.image_size, 3), "input_1", low=low, high=high)
    scaled = builder.shift(builder.scale(image, 2 / high, "rescaling/mul"), -1.0, "rescaling/add")
    signal = builder.convolution(scaled, 16, "Conv", kernel=3, stride=2, target=_BEFORE_SWISH)
    signal = builder.hard_swish(signal, "Conv/hard_swish")
    for number, block in enumerate(variant.blocks):
        name = f"expanded_conv_{number}" if number else "expanded_conv"
        signal = _append(builder, signal, block, name, expands=number > 0)
    signal = _activated(builder, _pointwise(builder, signal, 6 * signal.depth, "Conv_1", swishes=True), "Conv_1")
    signal = builder.spatial_mean(signal, "global_average_pooling2d", keep_dims=True)
    signal = _activated(builder, _pointwise(builder, signal, variant.last_depth, "Conv_2", swishes=True), "Conv_2")
    logits = builder.convolution(signal, KERAS_CLASSES, "Logits", target=LOGITS)
    builder.outputs(builder.softmax(builder.flatten(logits, "flatten"), "Predictions"))
    return builder.draft


def _append(builder: GraphBuilder, ifm: Signal, block: _Block, name: str, *, expands: bool) -> Signal:
    """Append one inverted residual and return its output."""
    signal = ifm
    if expands:
        depth = rounded_depth(1, ifm.depth * block.expansion)
        signal = _pointwise(builder, ifm, depth, f"{name}/expand", swishes=block.swishes)
        signal = _activated(builder, signal, f"{name}/expand") if block.swishes else signal
    signal = builder.depthwise(
        signal,
        f"{name}/depthwise",
        kernel=block.kernel,
        stride=block.stride,
        border=_border(signal, block, name),
        activation=Activation.NONE if block.swishes else Activation.RELU,
        target=_BEFORE_SWISH if block.swishes else None,
    )
    signal = _activated(builder, signal, f"{name}/depthwise") if block.swishes else signal
    if block.squeezes:
        signal = builder.multiply(
            signal, _gate(builder, signal, f"{name}/squeeze_excite"), f"{name}/squeeze_excite/Mul"
        )
    projected = builder.convolution(signal, block.depth, f"{name}/project")
    if block.stride == 1 and ifm.depth == block.depth:
        return builder.add(ifm, projected, f"{name}/Add")
    return projected


def _gate(builder: GraphBuilder, ifm: Signal, name: str) -> Signal:
    """Append squeeze and excite, whose hard sigmoid is RELU6 after a shifted bias and a sixth of it."""
    mean = builder.spatial_mean(ifm, f"{name}/AvgPool", keep_dims=True)
    depth = rounded_depth(1, 0.25 * ifm.depth)
    squeezed = builder.convolution(mean, depth, f"{name}/Conv", activation=Activation.RELU)
    excited = builder.convolution(
        squeezed, ifm.depth, f"{name}/Conv_1", activation=Activation.RELU6, target=_BEFORE_GATE
    )
    return builder.scale(excited, 1 / 6, f"{name}/mul")


def _pointwise(builder: GraphBuilder, ifm: Signal, depth: int, name: str, *, swishes: bool) -> Signal:
    if swishes:
        return builder.convolution(ifm, depth, name, target=_BEFORE_SWISH)
    return builder.convolution(ifm, depth, name, activation=Activation.RELU)


def _activated(builder: GraphBuilder, ifm: Signal, name: str) -> Signal:
    return builder.hard_swish(ifm, f"{name}/hard_swish")


def _border(ifm: Signal, block: _Block, name: str) -> Border:
    """Return the border of the depthwise convolution: Keras' zeros depend on the parity of the size."""
    if block.stride == 1:
        return Padding.SAME
    half = block.kernel // 2
    rows, columns = ((half - 1 + side % 2, half) for side in ifm.shape[1:3])
    return ExplicitPadding(f"{name}/depthwise/pad", rows, columns)


draw_mobilenet_v3_small: Callable[[ZooSpec], Draft] = partial(_draw, _SMALL)
draw_mobilenet_v3_large: Callable[[ZooSpec], Draft] = partial(_draw, _LARGE)
