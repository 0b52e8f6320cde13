"""The four closed-division networks of MLPerf Tiny (arXiv:2106.07597), as `mlcommons/tiny` trains and converts them."""

from __future__ import annotations

from npufit.graph import Activation
from npufit.zoo.builder import GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import average_all
from npufit.zoo.spec import Precision, ZooSpec
from npufit.zoo.weights import Target

ANOMALY_SHAPE = (640,)
KEYWORD_SHAPE = (49, 10, 1)

_FEW_LOGITS = Target(0.0, 1.5)
"""A few classes, none of which is certain."""

_ENCODER = (128, 128, 128, 128, 8, 128, 128, 128, 128)
_KEYWORDS = 12
_FILTERS = 64

_PERSON_BLOCKS = (
    (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1),
    (128, 1), (128, 1), (128, 1), (128, 1), (256, 2), (256, 1),
)  # fmt: skip
"""Depth and stride of the 13 pairs of a depthwise and a pointwise convolution: MobileNet V1 at a quarter width."""


def draw_anomaly_detection(spec: ZooSpec) -> Draft:
    """Return the autoencoder of ToyADMOS: ten matrices, the narrowest of them 8 wide (`ad01`)."""
    builder = GraphBuilder(_dialect(spec), "model")
    signal = builder.vector(ANOMALY_SHAPE, "input_1")
    for position, depth in enumerate(_ENCODER):
        signal = builder.fully_connected(signal, depth, f"dense_{position}", activation=Activation.RELU)
    builder.outputs(builder.fully_connected(signal, ANOMALY_SHAPE[0], f"dense_{len(_ENCODER)}"))
    return builder.draft


def draw_keyword_spotting(spec: ZooSpec) -> Draft:
    """Return DS-CNN (arXiv:1711.07128) on ten MFCCs of 49 frames (`kws_ref_model`)."""
    builder = GraphBuilder(_dialect(spec), "model")
    relu = Activation.RELU
    signal = builder.vector(KEYWORD_SHAPE, "input_1")
    signal = builder.convolution(signal, _FILTERS, "conv2d", kernel=(10, 4), stride=2, activation=relu)
    for block in range(1, 5):
        signal = builder.depthwise(signal, f"depthwise_conv2d_{block}", activation=relu)
        signal = builder.convolution(signal, _FILTERS, f"conv2d_{block}", activation=relu)
    _classify(builder, signal, _KEYWORDS)
    return builder.draft


def draw_image_classification(spec: ZooSpec) -> Draft:
    """Return ResNet8 for CIFAR-10: three stacks of one residual block (`pretrainedResnet`)."""
    builder = GraphBuilder(_dialect(spec), "model")
    relu = Activation.RELU
    image = builder.image(spec.image_size, "input_1")
    signal = builder.convolution(image, 16, "conv2d", kernel=3, activation=relu)
    for stack, (depth, stride) in enumerate(((16, 1), (32, 2), (64, 2)), 1):
        name = f"stack{stack}"
        inner = builder.convolution(signal, depth, f"{name}_1", kernel=3, stride=stride, activation=relu)
        inner = builder.convolution(inner, depth, f"{name}_2", kernel=3)
        if stride > 1:
            signal = builder.convolution(signal, depth, f"{name}_shortcut", stride=stride)
        signal = builder.add(signal, inner, f"{name}_add", activation=relu)
    _classify(builder, signal, 10)
    return builder.draft


def draw_visual_wake_words(spec: ZooSpec) -> Draft:
    """Return MobileNet V1 at a quarter width with ReLU and SAME borders, for two classes (`vww_96`)."""
    builder = GraphBuilder(_dialect(spec), "model")
    relu = Activation.RELU
    signal = builder.convolution(
        builder.image(spec.image_size, "input_1"), 8, "conv2d", kernel=3, stride=2, activation=relu
    )
    for block, (depth, stride) in enumerate(_PERSON_BLOCKS, 1):
        signal = builder.depthwise(signal, f"depthwise_conv2d_{block}", stride=stride, activation=relu)
        signal = builder.convolution(signal, depth, f"conv2d_{block}", activation=relu)
    _classify(builder, signal, 2)
    return builder.draft


def _classify(builder: GraphBuilder, features: Signal, classes: int) -> None:
    """Append a pool over the whole map, the RESHAPE of Flatten, a matrix and SOFTMAX."""
    flat = builder.flatten(average_all(builder, features, "average_pooling2d"), "flatten")
    builder.outputs(builder.softmax(builder.fully_connected(flat, classes, "dense", target=_FEW_LOGITS), "dense"))


def _dialect(spec: ZooSpec) -> Dialect:
    """Return the export of the file; uint8 is a format older than dynamic batches."""
    return Dialect.STATIC if spec.precision is Precision.UINT8 else Dialect.KERAS
