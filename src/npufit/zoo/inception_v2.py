"""Inception V2 (BN-Inception, arXiv:1502.03167) as TF-slim's `inception_v2` draws it."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.graph import Activation
from npufit.zoo.builder import HIGHEST_BYTE, GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import SLIM_CLASSES, average_all, classify_by_convolution
from npufit.zoo.spec import Precision, ZooSpec

_STEM_MULTIPLIER = 8
"""slim's stem is separable: 7x7 depthwise with 8 outputs for each colour, then 1x1."""


@dataclass(frozen=True, slots=True)
class _Module:
    """A module that keeps the size. The fields are the depths of its branches: 1x1; 1x1 and 3x3; 1x1 and twice 3x3;
    a pool, by average unless `pools_max`, and 1x1."""

    name: str
    direct: int
    middle: tuple[int, int]
    wide: tuple[int, int, int]
    pooled: int
    pools_max: bool = False

    def append(self, builder: GraphBuilder, ifm: Signal) -> Signal:
        """Append the branches and return their concatenation."""
        relu, name = Activation.RELU, self.name
        direct = builder.convolution(ifm, self.direct, f"{name}/Branch_0/Conv2d_0a_1x1", activation=relu)
        middle = _branch(builder, ifm, f"{name}/Branch_1", self.middle, last_stride=1)
        wide = _branch(builder, ifm, f"{name}/Branch_2", self.wide, last_stride=1)
        if self.pools_max:
            pooled = builder.max_pool(ifm, f"{name}/Branch_3/MaxPool_0a_3x3", kernel=3, stride=1)
        else:
            pooled = builder.average_pool(ifm, f"{name}/Branch_3/AvgPool_0a_3x3", kernel=3, stride=1)
        pooled = builder.convolution(pooled, self.pooled, f"{name}/Branch_3/Conv2d_0b_1x1", activation=relu)
        return builder.concatenation((direct, middle, wide, pooled), f"{name}/concat")


@dataclass(frozen=True, slots=True)
class _Reduction:
    """A module that halves the size: two branches of convolutions with the given depths, and a pool."""

    name: str
    middle: tuple[int, int]
    wide: tuple[int, int, int]

    def append(self, builder: GraphBuilder, ifm: Signal) -> Signal:
        """Append the branches and return their concatenation."""
        middle = _branch(builder, ifm, f"{self.name}/Branch_0", self.middle, last_stride=2)
        wide = _branch(builder, ifm, f"{self.name}/Branch_1", self.wide, last_stride=2)
        pooled = builder.max_pool(ifm, f"{self.name}/Branch_2/MaxPool_1a_3x3", kernel=3, stride=2)
        return builder.concatenation((middle, wide, pooled), f"{self.name}/concat")


_BODY = (
    _Module("Mixed_3b", 64, (64, 64), (64, 96, 96), 32),
    _Module("Mixed_3c", 64, (64, 96), (64, 96, 96), 64),
    _Reduction("Mixed_4a", (128, 160), (64, 96, 96)),
    _Module("Mixed_4b", 224, (64, 96), (96, 128, 128), 128),
    _Module("Mixed_4c", 192, (96, 128), (96, 128, 128), 128),
    _Module("Mixed_4d", 160, (128, 160), (128, 160, 160), 96),
    _Module("Mixed_4e", 96, (128, 192), (160, 192, 192), 96),
    _Reduction("Mixed_5a", (128, 192), (192, 256, 256)),
    _Module("Mixed_5b", 352, (192, 320), (160, 224, 224), 128),
    _Module("Mixed_5c", 352, (192, 320), (192, 224, 224), 128, pools_max=True),
)


def draw_inception_v2(spec: ZooSpec) -> Draft:
    """Return the classification network: as slim writes it for uint8, as a Keras model for the other formats."""
    slim = spec.precision is Precision.UINT8
    builder = GraphBuilder(Dialect.STATIC if slim else Dialect.KERAS, "InceptionV2")
    name, highest = ("input", HIGHEST_BYTE) if slim else ("input_1", 1.0)
    image = builder.image(spec.image_size, name, highest=highest)
    relu, stem = Activation.RELU, "Conv2d_1a_7x7"
    signal = builder.depthwise(image, f"{stem}/depthwise", kernel=7, stride=2, multiplier=_STEM_MULTIPLIER)
    signal = builder.convolution(signal, 64, stem, activation=relu)
    signal = builder.max_pool(signal, "MaxPool_2a_3x3", kernel=3, stride=2)
    signal = builder.convolution(signal, 64, "Conv2d_2b_1x1", activation=relu)
    signal = builder.convolution(signal, 192, "Conv2d_2c_3x3", kernel=3, activation=relu)
    signal = builder.max_pool(signal, "MaxPool_3a_3x3", kernel=3, stride=2)
    for part in _BODY:
        signal = part.append(builder, signal)
    average = average_all(builder, signal, "Logits/AvgPool_1a_7x7", stride=2 if slim else None)
    classify_by_convolution(builder, average, SLIM_CLASSES, "Logits/Conv2d_1c_1x1", "Logits/SpatialSqueeze")
    return builder.draft


def _branch(builder: GraphBuilder, ifm: Signal, name: str, depths: tuple[int, ...], *, last_stride: int) -> Signal:
    """Append a 1x1 convolution and one or two 3x3 ones, the last with `last_stride`, and return the output."""
    relu = Activation.RELU
    reduced, *inner, last = depths
    signal = builder.convolution(ifm, reduced, f"{name}/Conv2d_0a_1x1", activation=relu)
    for depth in inner:
        signal = builder.convolution(signal, depth, f"{name}/Conv2d_0b_3x3", kernel=3, activation=relu)
    layer = "Conv2d_1a_3x3" if last_stride > 1 else f"Conv2d_0{'c' if inner else 'b'}_3x3"
    return builder.convolution(signal, last, f"{name}/{layer}", kernel=3, stride=last_stride, activation=relu)
