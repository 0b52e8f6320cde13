"""CenterNet (arXiv:1904.07850) on MobileNet V2 with a feature pyramid, as NXP's model zoo exports it.

The TF2 Object Detection API's centernet_mobilenetv2fpn_512x512_coco17_od without its post-processing: the outputs are
the maps of the three heads and the features that they read. The heads' convolutions are separable.
"""

from __future__ import annotations

from npufit.graph import Activation
from npufit.zoo import mobilenet_v2
from npufit.zoo.builder import Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.shaping import ShapingBuilder
from npufit.zoo.spec import ZooSpec
from npufit.zoo.weights import Target

SIZE_STEP = 32
_CLASSES = 90
_HEAD_DEPTH = 256
_PYRAMID = ((9, 64, 32), (5, 32, 24), (2, 24, 24))
"""The block that each step joins, the depth of the sum and that of the following convolution."""

_HEADS = (
    ("object_center", _CLASSES, Target(-2.5, 1.2)),
    ("box/scale", 2, Target(0.0, 1.0)),
    ("box/offset", 2, Target(0.0, 1.0)),
)


def draw_centernet(spec: ZooSpec) -> Draft:
    """Return the detector."""
    builder = ShapingBuilder(Dialect.STATIC, "CenterNet")
    image = builder.image(spec.image_size, "input")
    features = mobilenet_v2.draw_features(builder, image, 1.0, mobilenet_v2.DETECTION_API)
    signal = builder.convolution(features.last, 64, "fpn/top")
    for block, depth, next_depth in _PYRAMID:
        finer = features.blocks[block]
        signal = builder.resize_nearest(signal, (finer.shape[1], finer.shape[2]), f"fpn/{block}/upsample")
        signal = builder.add(signal, builder.convolution(finer, depth, f"fpn/{block}/lateral"), f"fpn/{block}/add")
        signal = _separable(builder, signal, next_depth, f"fpn/{block}")
    for name, depth, target in _HEADS:
        head = _separable(builder, signal, _HEAD_DEPTH, name)
        builder.outputs(builder.convolution(head, depth, f"{name}/out", target=target))
    builder.outputs(signal)
    return builder.draft


def _separable(builder: ShapingBuilder, ifm: Signal, depth: int, name: str) -> Signal:
    signal = builder.depthwise(ifm, f"{name}/depthwise")
    return builder.convolution(signal, depth, f"{name}/pointwise", activation=Activation.RELU)
