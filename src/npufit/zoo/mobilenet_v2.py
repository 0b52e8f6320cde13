"""MobileNet V2 (arXiv:1801.04381), as Keras, TF-slim and the TF2 Model Garden write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.graph import Activation, Padding
from npufit.zoo.builder import HIGHEST_BYTE, Border, ExplicitPadding, GraphBuilder, Signal
from npufit.zoo.depths import rounded_depth
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import SLIM_CLASSES, average_all, classify_by_convolution, classify_by_matrix
from npufit.zoo.spec import Export, PadStyle, Precision, ZooSpec, size_text

_STAGES = ((6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, depth, number of blocks and stride of the first of them, after the block without expansion."""

_DETECTION_BLOCK = 13
"""The block whose expanded input is the finer feature map of detectors (`layer_15/expansion_output`)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Differences between the code bases: names, explicit zeros, the order of ADD's operands, one border."""

    stem: str
    first_block: str
    block: str
    last: str
    pad: str | None
    last_border: Padding
    shortcut_first: bool
    first_number: int = 1

    def border(self, block: int, stride: int, size: Sequence[int]) -> Border:
        """Return the border of a block's depthwise convolution; Keras' zeros depend on the parity."""
        if stride == 1 or self.pad is None:
            return Padding.SAME
        rows, columns = ((1, 1) if side % 2 else (0, 1) for side in size)
        return ExplicitPadding(self.pad.format(block), rows, columns)


KERAS = _Layout(
    stem="Conv1",
    first_block="expanded_conv_",
    block="block_{}_",
    last="Conv_1",
    pad="block_{}_pad",
    last_border=Padding.VALID,
    shortcut_first=True,
)
SLIM = _Layout(
    stem="Conv",
    first_block="expanded_conv/",
    block="expanded_conv_{}/",
    last="Conv_1",
    pad=None,
    last_border=Padding.SAME,
    shortcut_first=False,
)


GARDEN = _Layout(
    stem="Conv2d_0_0",
    first_block="expanded_conv_1/",
    block="expanded_conv_{}/",
    last="Conv2d_18_1",
    pad=None,
    last_border=Padding.SAME,
    shortcut_first=True,
    first_number=2,
)


DETECTION_API = _Layout(
    stem="Conv1",
    first_block="expanded_conv_",
    block="block_{}_",
    last="Conv_1",
    pad=None,
    last_border=Padding.SAME,
    shortcut_first=True,
)
"""Keras' network as the TF2 Object Detection API draws it: with SAME instead of explicit zeros."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The last features, and the finer ones that detectors also use: of one expansion, and of every block."""

    fine: Signal
    last: Signal
    blocks: tuple[Signal, ...]


def draw_mobilenet_v2(spec: ZooSpec) -> Draft:
    """Return the classification network: slim's for uint8, Keras' or the Model Garden's for the other formats."""
    if spec.export is Export.GARDEN:
        return _draw_garden(spec)
    return _draw_slim(spec) if spec.precision is Precision.UINT8 else _draw_keras(spec)


def _draw_garden(spec: ZooSpec) -> Draft:
    builder = GraphBuilder(Dialect.STATIC, "MobileNetV2")
    features = draw_features(builder, builder.image(spec.image_size, "input"), spec.alpha, GARDEN)
    average = builder.spatial_mean(features.last, "top/reduce", keep_dims=True)
    classify_by_convolution(builder, average, SLIM_CLASSES, "top/Conv2d_1x1_output", "top/SpatialSqueeze")
    return builder.draft


def _draw_slim(spec: ZooSpec) -> Draft:
    builder = GraphBuilder(Dialect.STATIC, "MobilenetV2")
    image = builder.image(spec.image_size, "input", highest=HIGHEST_BYTE)
    average = average_all(builder, draw_features(builder, image, spec.alpha, SLIM).last, "Logits", stride=1)
    classify_by_convolution(builder, average, SLIM_CLASSES, "Logits/Conv2d_1c_1x1", "Logits/Squeeze")
    return builder.draft


def _draw_keras(spec: ZooSpec) -> Draft:
    scope = f"mobilenetv2_{spec.alpha:.2f}_{size_text(spec.size, spec.width)}"
    builder = GraphBuilder(Dialect.KERAS, scope, fold_padding=spec.pad is PadStyle.FOLDED)
    features = draw_features(builder, builder.image(spec.image_size, "input_1"), spec.alpha, KERAS)
    classify_by_matrix(builder, features.last)
    return builder.draft


def draw_features(builder: GraphBuilder, image: Signal, alpha: float, layout: _Layout) -> Features:
    """Append the convolutions and return the features."""
    relu6 = Activation.RELU6
    signal = builder.convolution(image, rounded_depth(32, alpha), layout.stem, kernel=3, stride=2, activation=relu6)
    signal = builder.depthwise(signal, f"{layout.first_block}depthwise", activation=relu6)
    signal = builder.convolution(signal, rounded_depth(16, alpha), f"{layout.first_block}project")
    fine = signal
    blocks = [signal]
    strides = [
        (expansion, depth, stride if position == 0 else 1)
        for expansion, depth, count, stride in _STAGES
        for position in range(count)
    ]
    for block, (expansion, depth, stride) in enumerate(strides, 1):
        name = layout.block.format(block + layout.first_number - 1)
        expanded = builder.convolution(signal, expansion * signal.depth, f"{name}expand", activation=relu6)
        if block == _DETECTION_BLOCK:
            fine = expanded
        border = layout.border(block, stride, expanded.shape[1:3])
        filtered = builder.depthwise(expanded, f"{name}depthwise", stride=stride, border=border, activation=relu6)
        projected = builder.convolution(filtered, rounded_depth(depth, alpha), f"{name}project")
        if stride == 1 and projected.depth == signal.depth:
            pair = (signal, projected) if layout.shortcut_first else (projected, signal)
            projected = builder.add(*pair, f"{name}add")
        signal = projected
        blocks.append(signal)
    depth = rounded_depth(1280, max(alpha, 1.0))
    last = builder.convolution(signal, depth, layout.last, border=layout.last_border, activation=relu6)
    return Features(fine, last, tuple(blocks))
