"""Ultra-Fast-Lane-Detection (arXiv:2004.11757): ResNet18 and two matrices that place lanes in rows of the image.

The padding of the PyTorch code is explicit where TensorFlow's SAME differs, and flattened tensors are first put into
PyTorch's order, as converters from PyTorch do.
"""

from __future__ import annotations

from npufit.graph import Activation, Padding
from npufit.zoo.builder import Border, ExplicitPadding, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.shaping import ShapingBuilder
from npufit.zoo.spec import ZooSpec
from npufit.zoo.weights import Target

SIZE_STEP = 32
_CELLS, _ROWS, _LANES = 101, 56, 4
"""TuSimple's configuration: the position of each of four lanes in each of 56 rows, in 100 cells or nowhere."""

_HIDDEN = 2048
_STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))
"""Depth and first stride of the stages, each of two blocks."""


def draw_ultra_fast_lane(spec: ZooSpec) -> Draft:
    """Return the lane detector without its segmentation branch, which only training needs."""
    builder = ShapingBuilder(Dialect.STATIC, "parsing_net")
    relu = Activation.RELU
    signal = builder.image(spec.image_size, "input", highest=1.0)
    border = ExplicitPadding("conv1_pad", (3, 3), (3, 3))
    signal = builder.convolution(signal, 64, "conv1", kernel=7, stride=2, border=border, activation=relu)
    border = ExplicitPadding("maxpool_pad", (1, 1), (1, 1))
    signal = builder.max_pool(signal, "maxpool", kernel=3, stride=2, border=border)
    for stage, (depth, stride) in enumerate(_STAGES, 1):
        signal = _block(builder, signal, depth, stride, f"layer{stage}/0")
        signal = _block(builder, signal, depth, 1, f"layer{stage}/1")
    signal = builder.convolution(signal, 8, "pool")
    signal = builder.flatten_channels_first(signal, "view")
    signal = builder.fully_connected(signal, _HIDDEN, "cls/0", activation=relu)
    signal = builder.fully_connected(signal, _CELLS * _ROWS * _LANES, "cls/2", target=Target(0.0, 1.5))
    builder.outputs(builder.reshape(signal, (1, _CELLS, _ROWS, _LANES), "view_1"))
    return builder.draft


def _block(builder: ShapingBuilder, ifm: Signal, depth: int, stride: int, name: str) -> Signal:
    """Append two 3x3 convolutions and return the rectified sum with the shortcut."""
    relu = Activation.RELU
    border: Border = ExplicitPadding(f"{name}/pad", (1, 1), (1, 1)) if stride > 1 else Padding.SAME
    signal = builder.convolution(ifm, depth, f"{name}/conv1", kernel=3, stride=stride, border=border, activation=relu)
    signal = builder.convolution(signal, depth, f"{name}/conv2", kernel=3)
    if stride > 1:
        ifm = builder.convolution(ifm, depth, f"{name}/downsample", stride=stride, border=Padding.VALID)
    return builder.add(signal, ifm, f"{name}/add", activation=relu)
