"""WHENet (arXiv:2005.10353), head pose: EfficientNet-B0 of `qubvel/efficientnet` with three matrices on its features.

Its squeeze-and-excite reshapes the averages with a layer, which a dynamic batch turns into SHAPE, STRIDED_SLICE, PACK
and RESHAPE in each of the 16 blocks.
"""

from __future__ import annotations

from npufit.zoo.builder import GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.efficientnet_lite import EFFICIENTNET_STAGES
from npufit.zoo.spec import Precision, ZooSpec
from npufit.zoo.weights import Target

_ANGLES = (("yaw_new", 120), ("pitch_new", 66), ("roll_new", 66))
"""Name and number of bins of three degrees."""

_BEFORE_SWISH = Target(0.5, 1.5)
_BEFORE_GATE = Target(0.0, 1.5)
_BINS = Target(0.0, 3.0)


def draw_whenet(spec: ZooSpec) -> Draft:
    """Return the network; its batch is fixed for uint8, a format older than dynamic batches."""
    dialect = Dialect.STATIC if spec.precision is Precision.UINT8 else Dialect.KERAS
    builder = GraphBuilder(dialect, "model")
    image = builder.image(spec.image_size, "input_1")
    signal = builder.convolution(image, 32, "stem_conv", kernel=3, stride=2, target=_BEFORE_SWISH)
    signal = builder.swish(signal, "stem_activation")
    for stage, (expansion, depth, count, kernel, stride) in enumerate(EFFICIENTNET_STAGES, 1):
        for position in range(count):
            name = f"block{stage}{chr(ord('a') + position)}_"
            signal = _block(builder, signal, name, expansion, depth, kernel, stride if position == 0 else 1)
    signal = _swished(builder, signal, 1280, "top")
    features = builder.spatial_mean(signal, "global_average_pooling2d", keep_dims=False)
    builder.outputs(*(builder.fully_connected(features, bins, name, target=_BINS) for name, bins in _ANGLES))
    return builder.draft


def _block(
    builder: GraphBuilder, ifm: Signal, name: str, expansion: int, depth: int, kernel: int, stride: int
) -> Signal:
    """Append one inverted residual with squeeze and excite, and return its output."""
    signal = _swished(builder, ifm, expansion * ifm.depth, f"{name}expand") if expansion > 1 else ifm
    signal = builder.depthwise(signal, f"{name}dwconv", kernel=kernel, stride=stride, target=_BEFORE_SWISH)
    signal = builder.swish(signal, f"{name}activation")
    mean = builder.spatial_mean(signal, f"{name}se_squeeze", keep_dims=False)
    mean = builder.reshape(mean, (1, 1, 1, signal.depth), f"{name}se_reshape")
    squeezed = _swished(builder, mean, max(1, ifm.depth // 4), f"{name}se_reduce")
    excited = builder.convolution(squeezed, signal.depth, f"{name}se_expand", target=_BEFORE_GATE)
    gate = builder.logistic(excited, f"{name}se_expand/Sigmoid")
    signal = builder.convolution(builder.multiply(signal, gate, f"{name}se_excite"), depth, f"{name}project_conv")
    return builder.add(signal, ifm, f"{name}add") if stride == 1 and ifm.depth == depth else signal


def _swished(builder: GraphBuilder, ifm: Signal, depth: int, name: str) -> Signal:
    """Append a 1x1 convolution and swish."""
    return builder.swish(builder.convolution(ifm, depth, name, target=_BEFORE_SWISH), f"{name}_activation")
