"""ResNet50 (arXiv:1512.03385) as `keras.applications.ResNet50` writes it.

The first 1x1 convolution of a stack has the stride, as in the paper; later code bases move it to the 3x3 one (v1.5).
"""

from __future__ import annotations

from npufit.graph import Activation, Padding
from npufit.zoo.builder import ExplicitPadding, GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import classify_by_matrix
from npufit.zoo.spec import PadStyle, Precision, ZooSpec

_DEEP = (("conv2", 64, 3, 1), ("conv3", 128, 4, 2), ("conv4", 256, 6, 2), ("conv5", 512, 3, 2))
"""Name, depth, number of blocks, and stride of the first of them."""


def draw_resnet50(spec: ZooSpec) -> Draft:
    """Return the classification network; its batch is fixed for uint8, a format older than dynamic batches."""
    dialect = Dialect.STATIC if spec.precision is Precision.UINT8 else Dialect.KERAS
    builder = GraphBuilder(dialect, "resnet50", fold_padding=spec.pad is PadStyle.FOLDED)
    image = builder.image(spec.image_size, "input_1")
    border = ExplicitPadding("conv1_pad", (3, 3), (3, 3))
    relu = Activation.RELU
    signal = builder.convolution(image, 64, "conv1_conv", kernel=7, stride=2, border=border, activation=relu)
    border = ExplicitPadding("pool1_pad", (1, 1), (1, 1))
    signal = builder.max_pool(signal, "pool1_pool", kernel=3, stride=2, border=border)
    for name, depth, count, first_stride in _DEEP:
        for position in range(1, count + 1):
            stride = first_stride if position == 1 else 1
            signal = _bottleneck(builder, signal, f"{name}_block{position}", depth, stride, widen=position == 1)
    classify_by_matrix(builder, signal)
    return builder.draft


def _bottleneck(builder: GraphBuilder, ifm: Signal, name: str, depth: int, stride: int, *, widen: bool) -> Signal:
    """Append one bottleneck and return the rectified sum with the shortcut."""
    relu, valid = Activation.RELU, Padding.VALID
    shortcut = ifm
    if widen:
        shortcut = builder.convolution(ifm, 4 * depth, f"{name}_0_conv", stride=stride, border=valid)
    signal = builder.convolution(ifm, depth, f"{name}_1_conv", stride=stride, border=valid, activation=relu)
    signal = builder.convolution(signal, depth, f"{name}_2_conv", kernel=3, activation=relu)
    signal = builder.convolution(signal, 4 * depth, f"{name}_3_conv", border=valid)
    return builder.add(shortcut, signal, f"{name}_out", activation=relu)
