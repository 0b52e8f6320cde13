"""Inception V1 (GoogLeNet, arXiv:1409.4842) with the 3x3 branches and folded batch normalisation of TF-slim."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.graph import Activation, Padding
from npufit.zoo.builder import HIGHEST_BYTE, GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.heads import SLIM_CLASSES, average_all, classify_by_convolution
from npufit.zoo.spec import Precision, ZooSpec


@dataclass(frozen=True, slots=True)
class _Pool:
    """A maximum pool that halves the size."""

    name: str
    kernel: int

    def append(self, builder: GraphBuilder, ifm: Signal) -> Signal:
        """Append the pool and return its output."""
        return builder.max_pool(ifm, self.name, kernel=self.kernel, stride=2)


@dataclass(frozen=True, slots=True)
class _Module:
    """Four branches: 1x1; 1x1 and 3x3, narrow and wide reduction; a pool and 1x1. The fields are their depths."""

    name: str
    direct: int
    middle: tuple[int, int]
    wide: tuple[int, int]
    pooled: int

    def append(self, builder: GraphBuilder, ifm: Signal) -> Signal:
        """Append the branches and return their concatenation."""
        relu, name = Activation.RELU, self.name
        branches = [builder.convolution(ifm, self.direct, f"{name}/Branch_0/Conv2d_0a_1x1", activation=relu)]
        for branch, (reduced, depth) in enumerate((self.middle, self.wide), 1):
            layer = f"{name}/Branch_{branch}/Conv2d_0"
            signal = builder.convolution(ifm, reduced, f"{layer}a_1x1", activation=relu)
            branches.append(builder.convolution(signal, depth, f"{layer}b_3x3", kernel=3, activation=relu))
        signal = builder.max_pool(ifm, f"{name}/Branch_3/MaxPool_0a_3x3", kernel=3, stride=1)
        layer = f"{name}/Branch_3/Conv2d_0b_1x1"
        branches.append(builder.convolution(signal, self.pooled, layer, activation=relu))
        return builder.concatenation(branches, f"{name}/concat")


_BODY = (
    _Pool("MaxPool_3a_3x3", 3),
    _Module("Mixed_3b", 64, (96, 128), (16, 32), 32),
    _Module("Mixed_3c", 128, (128, 192), (32, 96), 64),
    _Pool("MaxPool_4a_3x3", 3),
    _Module("Mixed_4b", 192, (96, 208), (16, 48), 64),
    _Module("Mixed_4c", 160, (112, 224), (24, 64), 64),
    _Module("Mixed_4d", 128, (128, 256), (24, 64), 64),
    _Module("Mixed_4e", 112, (144, 288), (32, 64), 64),
    _Module("Mixed_4f", 256, (160, 320), (32, 128), 128),
    _Pool("MaxPool_5a_2x2", 2),
    _Module("Mixed_5b", 256, (160, 320), (32, 128), 128),
    _Module("Mixed_5c", 384, (192, 384), (48, 128), 128),
)


def draw_inception_v1(spec: ZooSpec) -> Draft:
    """Return the classification network: as slim writes it for uint8, as a Keras model for the other formats."""
    slim = spec.precision is Precision.UINT8
    builder = GraphBuilder(Dialect.STATIC if slim else Dialect.KERAS, "InceptionV1")
    name, highest = ("input", HIGHEST_BYTE) if slim else ("input_1", 1.0)
    image = builder.image(spec.image_size, name, highest=highest)
    relu = Activation.RELU
    signal = builder.convolution(image, 64, "Conv2d_1a_7x7", kernel=7, stride=2, activation=relu)
    signal = builder.max_pool(signal, "MaxPool_2a_3x3", kernel=3, stride=2)
    signal = builder.convolution(signal, 64, "Conv2d_2b_1x1", activation=relu)
    signal = builder.convolution(signal, 192, "Conv2d_2c_3x3", kernel=3, activation=relu)
    for part in _BODY:
        signal = part.append(builder, signal)
    average = average_all(builder, signal, "Logits/AvgPool_0a_7x7", stride=1 if slim else None)
    border = Padding.SAME if slim else Padding.VALID
    classify_by_convolution(
        builder, average, SLIM_CLASSES, "Logits/Conv2d_0c_1x1", "Logits/SpatialSqueeze", border=border
    )
    return builder.draft
