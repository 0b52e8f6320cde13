"""SSDLite on MobileDet for the Edge TPU (arXiv:2004.14525), as the TF Object Detection API exports it for TFLite.

Its first stages use full convolutions instead of the MobileNets' depthwise ones, because those suit accelerators
better. The predictors and the extra feature maps use depthwise ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from npufit.graph import Activation
from npufit.zoo.builder import GraphBuilder, Signal
from npufit.zoo.draft import Draft
from npufit.zoo.spec import ZooSpec
from npufit.zoo.ssd_mobilenet import EXTRA_LAYERS, Predictor, detect, start
from npufit.zoo.weights import Target

_BASE = 8
"""Depths are multiples of this."""


@dataclass(frozen=True, slots=True)
class _Fused:
    """A full convolution that widens, and a 1x1 one."""

    depth: int
    expansion: int
    kernel: int = 3
    stride: int = 1
    adds: bool = True

    def append(self, builder: GraphBuilder, ifm: Signal, name: str) -> Signal:
        """Append the block and return its output."""
        wide, relu6 = self.expansion * ifm.depth, Activation.RELU6
        signal = builder.convolution(
            ifm, wide, f"{name}/Conv", kernel=self.kernel, stride=self.stride, activation=relu6
        )
        signal = builder.convolution(signal, self.depth, f"{name}/Conv_1")
        return builder.add(signal, ifm, f"{name}/add") if self.adds else signal


@dataclass(frozen=True, slots=True)
class _Inverted:
    """An inverted bottleneck: a 1x1 convolution that widens, a depthwise and a 1x1 one."""

    depth: int
    expansion: int
    kernel: int = 3
    stride: int = 1
    adds: bool = True

    def append(self, builder: GraphBuilder, ifm: Signal, name: str) -> Signal:
        """Append the block and return its output."""
        wide, relu6 = self.expansion * ifm.depth, Activation.RELU6
        signal = builder.convolution(ifm, wide, f"{name}/Conv", activation=relu6)
        signal = builder.depthwise(
            signal, f"{name}/SeparableConv2d", kernel=self.kernel, stride=self.stride, activation=relu6
        )
        signal = builder.convolution(signal, self.depth, f"{name}/Conv_1")
        return builder.add(signal, ifm, f"{name}/add") if self.adds else signal


@dataclass(frozen=True, slots=True)
class _Tucker:
    """A bottleneck of full convolutions, whose inner depths are shares of the input's and of the output's."""

    depth: int
    input_share: float
    output_share: float

    def append(self, builder: GraphBuilder, ifm: Signal, name: str) -> Signal:
        """Append the block and return its output."""
        relu6 = Activation.RELU6
        signal = builder.convolution(ifm, _share(ifm.depth, self.input_share), f"{name}/Conv", activation=relu6)
        inner = _share(self.depth, self.output_share)
        signal = builder.convolution(signal, inner, f"{name}/Conv_1", kernel=3, activation=relu6)
        return builder.convolution(signal, self.depth, f"{name}/Conv_2")


_FINE = (
    _Tucker(16, 0.25, 0.75),
    _Fused(16, 8, stride=2, adds=False), _Fused(16, 4), _Fused(16, 8), _Fused(16, 4),
    _Fused(40, 8, kernel=5, stride=2, adds=False), _Fused(40, 4), _Fused(40, 4), _Fused(40, 4),
    _Inverted(72, 8, stride=2, adds=False), _Inverted(72, 8), _Fused(72, 4), _Fused(72, 4),
    _Inverted(96, 8, kernel=5, adds=False), _Inverted(96, 8, kernel=5), _Inverted(96, 8), _Inverted(96, 8),
)  # fmt: skip
"""The blocks up to the finest map that the predictors read."""

_COARSE = (
    _Inverted(120, 8, kernel=5, stride=2, adds=False), _Inverted(120, 8), _Inverted(120, 4, kernel=5),
    _Inverted(120, 8), _Inverted(384, 8, kernel=5, adds=False),
)  # fmt: skip


def draw_ssdlite_mobiledet(spec: ZooSpec) -> Draft:
    """Return the detector on six feature maps."""
    builder, image = start(spec, "FeatureExtractor/MobileDetEdgeTPU")
    signal = builder.convolution(image, 32, "Conv", kernel=3, stride=2, activation=Activation.RELU6)
    maps: list[Signal] = []
    for stage, blocks in enumerate((_FINE, _COARSE), 4):
        for index, block in enumerate(blocks):
            signal = block.append(builder, signal, f"C{stage}/block_{index}")
        maps.append(signal)
    for position, depth in enumerate(EXTRA_LAYERS, 2):
        name = f"layer_{position}"
        signal = builder.convolution(signal, depth // 2, f"{name}_1x1", activation=Activation.RELU6)
        signal = builder.depthwise(signal, f"{name}_3x3_s2_depthwise", stride=2, activation=Activation.RELU6)
        signal = builder.convolution(signal, depth, f"{name}_3x3_s2", activation=Activation.RELU6)
        maps.append(signal)
    detect(builder, maps, spec, _predictor(builder))
    return builder.draft


def _predictor(builder: GraphBuilder) -> Predictor:
    def predict(ifm: Signal, depth: int, name: str, target: Target | None) -> Signal:
        signal = builder.depthwise(ifm, f"{name}_depthwise", activation=Activation.RELU6)
        return builder.convolution(signal, depth, name, target=target)

    return predict


def _share(depth: int, share: float) -> int:
    return max(int(depth * share / _BASE + 0.5) * _BASE, _BASE)
