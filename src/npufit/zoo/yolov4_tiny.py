"""YOLOv4-tiny (arXiv:2011.08036) as NXP's model zoo converts it from Darknet by way of Keras.

Darknet pads at the top and on the left. The boxes are not decoded in the network.
"""

from __future__ import annotations

from npufit.graph import Padding
from npufit.zoo.builder import Border, ExplicitPadding, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.shaping import ShapingBuilder
from npufit.zoo.spec import ZooSpec
from npufit.zoo.weights import Target

SIZE_STEP = 32
_OUTPUTS = 3 * (4 + 1 + 80)
"""Three anchors per position: a box, whether there is an object, and the scores of COCO's 80 classes."""

_LOGITS = Target(0.0, 1.5)


def draw_yolov4_tiny(spec: ZooSpec) -> Draft:
    """Return the detector on two maps, the finer one first."""
    builder = ShapingBuilder(Dialect.STATIC, "Yolov4-tiny")
    signal = _reduce(builder, builder.image(spec.image_size, "input_0"), 32, 0)
    signal = _reduce(builder, signal, 64, 1)
    fine = signal
    for layer, depth in ((2, 64), (10, 128), (18, 256)):
        signal, fine = _stage(builder, signal, depth, layer)
    signal = builder.leaky_convolution(signal, 512, "convn_26", kernel=3)
    shared = builder.leaky_convolution(signal, 256, "convn_27")
    signal = builder.leaky_convolution(shared, 512, "convn_28", kernel=3)
    coarse_boxes = builder.convolution(signal, _OUTPUTS, "convn_29", target=_LOGITS)
    signal = builder.leaky_convolution(shared, 128, "convn_30")
    signal = builder.resize_bilinear(signal, (fine.shape[1], fine.shape[2]), "upsamp_31")
    signal = builder.concatenation((signal, fine), "concat_32")
    signal = builder.leaky_convolution(signal, 256, "convn_33", kernel=3)
    builder.outputs(builder.convolution(signal, _OUTPUTS, "convn_34", target=_LOGITS), coarse_boxes)
    return builder.draft


def _reduce(builder: ShapingBuilder, ifm: Signal, depth: int, layer: int) -> Signal:
    """Append a 3x3 convolution that halves the size."""
    border: Border = ExplicitPadding(f"zerop_{layer}", (1, 0), (1, 0))
    return builder.leaky_convolution(ifm, depth, f"convn_{layer}", kernel=3, stride=2, border=border)


def _stage(builder: ShapingBuilder, ifm: Signal, depth: int, layer: int) -> tuple[Signal, Signal]:
    """Append a stage that bypasses half of its channels; return its pooled output, and the last joined tensor."""
    half = depth // 2
    whole = builder.leaky_convolution(ifm, depth, f"convn_{layer}", kernel=3, border=Padding.SAME)
    signal = builder.second_half(whole, f"split_{layer + 1}")
    first = builder.leaky_convolution(signal, half, f"convn_{layer + 2}", kernel=3)
    second = builder.leaky_convolution(first, half, f"convn_{layer + 3}", kernel=3)
    signal = builder.concatenation((second, first), f"concat_{layer + 4}")
    last = builder.leaky_convolution(signal, depth, f"convn_{layer + 5}")
    signal = builder.concatenation((whole, last), f"concat_{layer + 6}")
    return builder.max_pool(signal, f"layer_{layer + 7}", kernel=2, stride=2), last
