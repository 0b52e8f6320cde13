"""ResNet50 V2 (arXiv:1603.05027) as `keras.applications.ResNet50V2` writes it."""

from __future__ import annotations

from npufit.graph import Activation, Padding
from npufit.zoo.builder import ExplicitPadding, GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import classify_by_matrix
from npufit.zoo.spec import PadStyle, Precision, ZooSpec

_STACKS = (("conv2", 64, 3, 2), ("conv3", 128, 4, 2), ("conv4", 256, 6, 2), ("conv5", 512, 3, 1))
"""Name, depth, number of blocks, and stride of the last of them."""


def draw_resnet50_v2(spec: ZooSpec) -> Draft:
    """Return the classification network; its batch is fixed for uint8, a format older than dynamic batches."""
    dialect = Dialect.STATIC if spec.precision is Precision.UINT8 else Dialect.KERAS
    builder = GraphBuilder(dialect, "resnet50v2", fold_padding=spec.pad is PadStyle.FOLDED)
    image = builder.image(spec.image_size, "input_1")
    border = ExplicitPadding("conv1_pad", (3, 3), (3, 3))
    signal = builder.convolution(image, 64, "conv1_conv", kernel=7, stride=2, border=border)
    border = ExplicitPadding("pool1_pad", (1, 1), (1, 1))
    signal = builder.max_pool(signal, "pool1_pool", kernel=3, stride=2, border=border)
    for name, depth, count, last_stride in _STACKS:
        for position in range(1, count + 1):
            stride = last_stride if position == count else 1
            signal = _block(builder, signal, f"{name}_block{position}", depth, stride, widen=position == 1)
    classify_by_matrix(builder, builder.normalisation(signal, "post_bn"))
    return builder.draft


def _block(builder: GraphBuilder, ifm: Signal, name: str, depth: int, stride: int, *, widen: bool) -> Signal:
    """Append one bottleneck, preceded by its normalisation, and return the sum with the shortcut."""
    relu, valid = Activation.RELU, Padding.VALID
    active = builder.normalisation(ifm, f"{name}_preact")
    if widen:
        shortcut = builder.convolution(active, 4 * depth, f"{name}_0_conv", stride=stride, border=valid)
    elif stride > 1:
        shortcut = builder.max_pool(ifm, f"{name}_pool", kernel=1, stride=stride, border=valid)
    else:
        shortcut = ifm
    signal = builder.convolution(active, depth, f"{name}_1_conv", border=valid, activation=relu)
    border = ExplicitPadding(f"{name}_2_pad", (1, 1), (1, 1))
    signal = builder.convolution(
        signal, depth, f"{name}_2_conv", kernel=3, stride=stride, border=border, activation=relu
    )
    signal = builder.convolution(signal, 4 * depth, f"{name}_3_conv", border=valid)
    return builder.add(shortcut, signal, f"{name}_out")
