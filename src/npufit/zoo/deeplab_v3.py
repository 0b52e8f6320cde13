"""DeepLab V3 (arXiv:1706.05587) on MobileNet V2, as TensorFlow's research/deeplab exports it for Pascal VOC.

The features are 16 times smaller than the image: the last stages keep the size, and their depthwise convolutions skip
pixels. uint8 is the file of quantization-aware training, which ends in ARG_MAX; the other formats are the
post-training files, which end in the scores.
"""

from __future__ import annotations

from npufit.graph import Activation, Padding
from npufit.zoo.builder import HIGHEST_BYTE, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.shaping import ShapingBuilder
from npufit.zoo.spec import Precision, ZooSpec
from npufit.zoo.weights import Target

_CLASSES = 21
_STAGES = (
    (6, 24, 2, 2, 1), (6, 32, 3, 2, 1), (6, 64, 4, 2, 1), (6, 96, 3, 1, 1), (6, 160, 3, 1, 2), (6, 320, 1, 1, 2),
)  # fmt: skip
"""Expansion, depth, number of blocks, stride of the first of them, and dilation of the blocks after the first dropped
stride: that of depth 160."""

_POOLED = 256
_LEAST_DEPTH = 8


def draw_deeplab_v3(spec: ZooSpec) -> Draft:
    """Return the segmentation network."""
    is_old = spec.precision is Precision.UINT8
    builder = ShapingBuilder(Dialect.STATIC, "MobilenetV2")
    image = builder.image(spec.image_size, "ImageTensor", highest=HIGHEST_BYTE if is_old else 1.0)
    features = _features(builder, image, spec.alpha)
    builder.scope = ""
    relu, size = Activation.RELU, (features.shape[1], features.shape[2])
    whole = builder.average_pool(features, "image_pooling", kernel=size, stride=1, padding=Padding.VALID)
    whole = builder.convolution(whole, _POOLED, "image_pooling", activation=relu)
    whole = builder.resize_bilinear(whole, size, "image_pooling/ResizeBilinear", align_corners=True)
    if is_old:
        whole = builder.requantize(whole, "image_pooling/quantize")
    local = builder.convolution(features, _POOLED, "aspp0", activation=relu)
    signal = builder.concatenation((whole, local), "concat")
    signal = builder.convolution(signal, _POOLED, "concat_projection", activation=relu)
    signal = builder.convolution(signal, _CLASSES, "logits/semantic", target=Target(0.0, 2.0))
    signal = builder.resize_bilinear(signal, size, "ResizeBilinear_1", align_corners=True)
    signal = builder.resize_bilinear(signal, spec.image_size, "ResizeBilinear_2", align_corners=True)
    if is_old:
        builder.argmax_output(signal, "ArgMax")
    else:
        builder.outputs(signal)
    return builder.draft


def _features(builder: ShapingBuilder, image: Signal, alpha: float) -> Signal:
    """Append MobileNet V2 up to its last bottleneck; depths are not rounded, unlike in the classifier."""
    relu6 = Activation.RELU6
    signal = builder.convolution(image, _depth(32, alpha), "Conv", kernel=3, stride=2, activation=relu6)
    signal = builder.depthwise(signal, "expanded_conv/depthwise", activation=relu6)
    signal = builder.convolution(signal, _depth(16, alpha), "expanded_conv/project")
    block, dilation = 0, 1
    for expansion, depth, count, first_stride, next_dilation in _STAGES:
        for position in range(count):
            block += 1
            name, stride = f"expanded_conv_{block}", first_stride if position == 0 else 1
            inner = builder.convolution(signal, expansion * signal.depth, f"{name}/expand", activation=relu6)
            inner = builder.depthwise(inner, f"{name}/depthwise", stride=stride, dilation=dilation, activation=relu6)
            inner = builder.convolution(inner, _depth(depth, alpha), f"{name}/project")
            dilation = next_dilation
            signal = inner if position == 0 else builder.add(inner, signal, f"{name}/add")
    return signal


def _depth(depth: int, alpha: float) -> int:
    return max(int(depth * alpha), _LEAST_DEPTH)
