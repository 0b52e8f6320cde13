"""Two networks of `serengil/deepface`: FaceNet512, which is Inception-ResNet V1 (arXiv:1602.07261), and emotions.

Each residual of FaceNet512 is scaled by a constant, which the converter folds into the preceding convolution.
"""

from __future__ import annotations

from npufit.graph import Activation, Padding
from npufit.zoo.builder import GraphBuilder, Sides, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.spec import Precision, ZooSpec
from npufit.zoo.weights import Target

EMOTION_SHAPE = (48, 48, 1)
EMOTION_RANGE = (0.0, 1.0)

_RESIDUAL = Target(0.0, 0.5)
"""Residuals are scaled down, so that the sum over many blocks stays in range."""

_FEW_LOGITS = Target(0.0, 1.5)


def draw_facenet512(spec: ZooSpec) -> Draft:
    """Return the network from an image to a vector of 512."""
    builder = GraphBuilder(_dialect(spec), "inception_resnet_v1")
    valid = Padding.VALID
    signal = builder.image(spec.image_size, "input_1")
    signal = _rectified(builder, signal, 32, "Conv2d_1a_3x3", 3, stride=2, border=valid)
    signal = _rectified(builder, signal, 32, "Conv2d_2a_3x3", 3, border=valid)
    signal = _rectified(builder, signal, 64, "Conv2d_2b_3x3", 3)
    signal = builder.max_pool(signal, "MaxPool_3a_3x3", kernel=3, stride=2, border=valid)
    signal = _rectified(builder, signal, 80, "Conv2d_3b_1x1", 1, border=valid)
    signal = _rectified(builder, signal, 192, "Conv2d_4a_3x3", 3, border=valid)
    signal = _rectified(builder, signal, 256, "Conv2d_4b_3x3", 3, stride=2, border=valid)
    for number in range(1, 6):
        signal = _residual(builder, signal, f"Block35_{number}", 32, ((), (3,), (3, 3)))
    signal = _reduction(builder, signal, "Mixed_6a", (((0, 384),), ((1, 192), (3, 192), (0, 256))))
    for number in range(1, 11):
        signal = _residual(builder, signal, f"Block17_{number}", 128, ((), ((1, 7), (7, 1))))
    branches = (((1, 256), (0, 384)), ((1, 256), (0, 256)), ((1, 256), (3, 256), (0, 256)))
    signal = _reduction(builder, signal, "Mixed_7a", branches)
    for number in range(1, 7):
        is_last = number == 6
        signal = _residual(builder, signal, f"Block8_{number}", 192, ((), ((1, 3), (3, 1))), is_rectified=not is_last)
    builder.outputs(
        builder.fully_connected(builder.spatial_mean(signal, "AvgPool", keep_dims=False), 512, "Bottleneck")
    )
    return builder.draft


def draw_deepface_emotion(spec: ZooSpec) -> Draft:
    """Return the network from a grey face to seven emotions."""
    builder = GraphBuilder(_dialect(spec), "sequential")
    valid = Padding.VALID
    low, high = EMOTION_RANGE
    signal = builder.vector(EMOTION_SHAPE, "conv2d_input", low=low, high=high)
    signal = _rectified(builder, signal, 64, "conv2d", 5, border=valid)
    signal = builder.max_pool(signal, "max_pooling2d", kernel=5, stride=2, border=valid)
    for stage, depth in enumerate((64, 128)):
        for layer in (1, 2):
            signal = _rectified(builder, signal, depth, f"conv2d_{2 * stage + layer}", 3, border=valid)
        signal = builder.average_pool(signal, f"average_pooling2d_{stage}", kernel=3, stride=2, padding=valid)
    signal = builder.flatten(signal, "flatten")
    for layer in ("dense", "dense_1"):
        signal = builder.fully_connected(signal, 1024, layer, activation=Activation.RELU)
    builder.outputs(builder.softmax(builder.fully_connected(signal, 7, "dense_2", target=_FEW_LOGITS), "dense_2"))
    return builder.draft


def _residual(
    builder: GraphBuilder,
    ifm: Signal,
    name: str,
    depth: int,
    branches: tuple[tuple[Sides, ...], ...],
    *,
    is_rectified: bool = True,
) -> Signal:
    """Append a block: branches of a 1x1 convolution and the given kernels, joined, widened and added to the input."""
    ends: list[Signal] = []
    for number, kernels in enumerate(branches):
        signal = ifm
        for layer, kernel in enumerate((1, *kernels)):
            signal = _rectified(builder, signal, depth, f"{name}_Branch_{number}_Conv2d_{layer}", kernel)
        ends.append(signal)
    joined = builder.concatenation(ends, f"{name}_Concatenate")
    widened = builder.convolution(joined, ifm.depth, f"{name}_Conv2d_1x1", target=_RESIDUAL)
    activation = Activation.RELU if is_rectified else Activation.NONE
    return builder.add(ifm, widened, f"{name}_Activation", activation=activation)


def _reduction(
    builder: GraphBuilder, ifm: Signal, name: str, branches: tuple[tuple[tuple[int, int], ...], ...]
) -> Signal:
    """Append branches of (kernel, depth), where kernel 0 is the 3x3 that halves the map, and a pool; join them."""
    ends: list[Signal] = []
    for number, layers in enumerate(branches):
        signal = ifm
        for layer, (kernel, depth) in enumerate(layers):
            label = f"{name}_Branch_{number}_Conv2d_{layer}"
            if kernel:
                signal = _rectified(builder, signal, depth, label, kernel)
            else:
                signal = _rectified(builder, signal, depth, label, 3, stride=2, border=Padding.VALID)
        ends.append(signal)
    ends.append(builder.max_pool(ifm, f"{name}_MaxPool", kernel=3, stride=2, border=Padding.VALID))
    return builder.concatenation(ends, name)


def _rectified(
    builder: GraphBuilder,
    ifm: Signal,
    depth: int,
    name: str,
    kernel: Sides,
    *,
    stride: int = 1,
    border: Padding = Padding.SAME,
) -> Signal:
    """Append CONV_2D with ReLU."""
    return builder.convolution(
        ifm, depth, name, kernel=kernel, stride=stride, border=border, activation=Activation.RELU
    )


def _dialect(spec: ZooSpec) -> Dialect:
    """Return the export of the file; uint8 is a format older than dynamic batches."""
    return Dialect.STATIC if spec.precision is Precision.UINT8 else Dialect.KERAS
