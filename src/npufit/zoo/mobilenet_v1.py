"""MobileNet V1 (arXiv:1704.04861), as Keras and as TF-slim write it."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.graph import Activation, Padding
from npufit.zoo.builder import HIGHEST_BYTE, Border, ExplicitPadding, GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import KERAS_CLASSES, SLIM_CLASSES, average_all, classify_by_convolution
from npufit.zoo.spec import PadStyle, Precision, ZooSpec, size_text

_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1),
    (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
"""Depth and stride of the 13 pairs of a depthwise and a pointwise convolution."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Differences between Keras and slim: names, and whether zeros before stride 2 are explicit."""

    stem: str
    depthwise: str
    pointwise: str
    pad: str | None

    def border(self, block: int, stride: int) -> Border:
        """Return the border of a block's depthwise convolution."""
        if stride == 1 or self.pad is None:
            return Padding.SAME
        return ExplicitPadding(self.pad.format(block), (0, 1), (0, 1))


KERAS = _Layout("conv1", "conv_dw_{}", "conv_pw_{}", "conv_pad_{}")
SLIM = _Layout("Conv2d_0", "Conv2d_{}_depthwise", "Conv2d_{}_pointwise", None)


def draw_mobilenet_v1(spec: ZooSpec) -> Draft:
    """Return the classification network: slim's for uint8, Keras' for the other formats."""
    return _draw_slim(spec) if spec.precision is Precision.UINT8 else _draw_keras(spec)


def _draw_slim(spec: ZooSpec) -> Draft:
    builder = GraphBuilder(Dialect.STATIC, "MobilenetV1/MobilenetV1")
    features = draw_features(builder, builder.image(spec.image_size, "input", highest=HIGHEST_BYTE), spec.alpha, SLIM)[
        -1
    ]
    builder.scope = "MobilenetV1"
    average = average_all(builder, features, "Logits/AvgPool_1a", stride=2)
    classify_by_convolution(builder, average, SLIM_CLASSES, "Logits/Conv2d_1c_1x1", "Logits/SpatialSqueeze")
    return builder.draft


def _draw_keras(spec: ZooSpec) -> Draft:
    scope = f"mobilenet_{spec.alpha:.2f}_{size_text(spec.size, spec.width)}"
    builder = GraphBuilder(Dialect.KERAS, scope, fold_padding=spec.pad is PadStyle.FOLDED)
    features = draw_features(builder, builder.image(spec.image_size, "input_1"), spec.alpha, KERAS)[-1]
    average = builder.spatial_mean(features, "global_average_pooling2d", keep_dims=True)
    classify_by_convolution(builder, average, KERAS_CLASSES, "conv_preds", "reshape_2")
    return builder.draft


def draw_features(builder: GraphBuilder, image: Signal, alpha: float, layout: _Layout) -> list[Signal]:
    """Append the convolutions and return the output of each of the 13 blocks."""
    relu6 = Activation.RELU6
    signal = builder.convolution(image, int(32 * alpha), layout.stem, kernel=3, stride=2, activation=relu6)
    outputs: list[Signal] = []
    for block, (depth, stride) in enumerate(_BLOCKS, 1):
        border = layout.border(block, stride)
        name = layout.depthwise.format(block)
        signal = builder.depthwise(signal, name, stride=stride, border=border, activation=relu6)
        signal = builder.convolution(signal, int(depth * alpha), layout.pointwise.format(block), activation=relu6)
        outputs.append(signal)
    return outputs
