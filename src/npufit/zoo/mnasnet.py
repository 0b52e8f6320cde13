"""MnasNet-A1 (arXiv:1807.11626) as `tensorflow/tpu/models/official/mnasnet` writes it.

The network goes from the normalised image to the probabilities. The exporter's image decoding and choice of classes are
not part of it.
"""

from __future__ import annotations

from npufit.graph import Activation
from npufit.zoo.builder import GraphBuilder, Signal
from npufit.zoo.depths import rounded_depth
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import classify_by_matrix
from npufit.zoo.spec import Precision, ZooSpec
from npufit.zoo.weights import Target

_STAGES = (
    (1, 16, 1, 3, 1, False), (6, 24, 2, 3, 2, False), (3, 40, 3, 5, 2, True), (6, 80, 4, 3, 2, False),
    (6, 112, 2, 3, 1, True), (6, 160, 3, 5, 2, True), (6, 320, 1, 3, 1, False),
)  # fmt: skip
"""Expansion, depth, number of blocks, kernel, stride of the first block, and whether they squeeze and excite."""

_BEFORE_GATE = Target(0.0, 1.5)


def draw_mnasnet_a1(spec: ZooSpec) -> Draft:
    """Return the classification network."""
    dialect = Dialect.STATIC if spec.precision is Precision.UINT8 else Dialect.KERAS
    builder = GraphBuilder(dialect, "mnasnet-a1")
    relu = Activation.RELU
    image = builder.image(spec.image_size, "truediv")
    depth = rounded_depth(32, spec.alpha)
    signal = builder.convolution(image, depth, "mnas_stem/conv2d", kernel=3, stride=2, activation=relu)
    block = 0
    for expansion, full_depth, count, kernel, stride, squeezes in _STAGES:
        for position in range(count):
            step = stride if position == 0 else 1
            depth, name = rounded_depth(full_depth, spec.alpha), f"mnas_blocks_{block}"
            signal = _block(builder, signal, name, expansion, depth, kernel, step, squeezes=squeezes)
            block += 1
    classify_by_matrix(builder, builder.convolution(signal, 1280, "mnas_head/conv2d", activation=relu))
    return builder.draft


def _block(
    builder: GraphBuilder,
    ifm: Signal,
    name: str,
    expansion: int,
    depth: int,
    kernel: int,
    stride: int,
    *,
    squeezes: bool,
) -> Signal:
    """Append one inverted residual and return its output."""
    relu = Activation.RELU
    signal = ifm
    if expansion > 1:
        signal = builder.convolution(ifm, expansion * ifm.depth, f"{name}/expand", activation=relu)
    signal = builder.depthwise(signal, f"{name}/depthwise", kernel=kernel, stride=stride, activation=relu)
    if squeezes:
        mean = builder.spatial_mean(signal, f"{name}/se", keep_dims=True)
        squeezed = builder.convolution(mean, max(1, ifm.depth // 4), f"{name}/se/conv2d", activation=relu)
        excited = builder.convolution(squeezed, signal.depth, f"{name}/se/conv2d_1", target=_BEFORE_GATE)
        signal = builder.multiply(builder.logistic(excited, f"{name}/se/Sigmoid"), signal, f"{name}/se/mul")
    signal = builder.convolution(signal, depth, f"{name}/project")
    return builder.add(signal, ifm, f"{name}/Add") if stride == 1 and ifm.depth == depth else signal
