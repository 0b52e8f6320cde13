"""EfficientNet-Lite 0 to 4: EfficientNet (arXiv:1905.11946) without squeeze-and-excite, with ReLU6.

As exported by `tensorflow/tpu/models/official/efficientnet/lite`: batch 1, a local pool over the whole map. Stem and
head keep their width, the first and the last stage their depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import ceil

from npufit.graph import Activation
from npufit.zoo.builder import GraphBuilder, Signal
from npufit.zoo.depths import rounded_depth
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import KERAS_CLASSES, LOGITS, average_all
from npufit.zoo.spec import ZooSpec

EFFICIENTNET_STAGES = (
    (1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 2, 5, 2), (6, 80, 3, 3, 2), (6, 112, 3, 5, 1), (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)  # fmt: skip
"""Expansion, depth, number of blocks, kernel, and stride of the first block."""


@dataclass(frozen=True, slots=True)
class LiteVariant:
    """One size of the network: factors of width and depth, and the usual resolution."""

    width: float
    depth: float
    size: int


LITE_VARIANTS = (
    LiteVariant(1.0, 1.0, 224),
    LiteVariant(1.0, 1.1, 240),
    LiteVariant(1.1, 1.2, 260),
    LiteVariant(1.2, 1.4, 280),
    LiteVariant(1.4, 1.8, 300),
)


def lite_drawer(variant: LiteVariant) -> Callable[[ZooSpec], Draft]:
    """Return the function that draws one of the sizes."""
    return partial(_draw, variant)


def _draw(variant: LiteVariant, spec: ZooSpec) -> Draft:
    builder = GraphBuilder(Dialect.STATIC, "efficientnet-lite")
    relu6 = Activation.RELU6
    image = builder.image(spec.image_size, "images")
    signal = builder.convolution(image, 32, "stem/conv2d", kernel=3, stride=2, activation=relu6)
    block = 0
    for stage, (expansion, depth, count, kernel, stride) in enumerate(EFFICIENTNET_STAGES):
        is_end = stage in (0, len(EFFICIENTNET_STAGES) - 1)
        for position in range(count if is_end else ceil(count * variant.depth)):
            name, ofm_depth = f"blocks_{block}", rounded_depth(depth, variant.width)
            step = stride if position == 0 else 1
            signal = _block(builder, signal, name, expansion, ofm_depth, kernel, step)
            block += 1
    signal = builder.convolution(signal, 1280, "head/conv2d", activation=relu6)
    average = average_all(builder, signal, "head", stride=1)
    logits = builder.fully_connected(
        builder.reshape(average, (1, 1280), "head/Squeeze"), KERAS_CLASSES, "head/dense", target=LOGITS
    )
    builder.outputs(builder.softmax(logits, "Softmax"))
    return builder.draft


def _block(
    builder: GraphBuilder, ifm: Signal, name: str, expansion: int, depth: int, kernel: int, stride: int
) -> Signal:
    """Append one inverted residual and return its output."""
    relu6 = Activation.RELU6
    signal = ifm
    if expansion > 1:
        signal = builder.convolution(ifm, expansion * ifm.depth, f"{name}/expand", activation=relu6)
    signal = builder.depthwise(signal, f"{name}/depthwise", kernel=kernel, stride=stride, activation=relu6)
    signal = builder.convolution(signal, depth, f"{name}/project")
    return builder.add(signal, ifm, f"{name}/Add") if stride == 1 and ifm.depth == depth else signal
