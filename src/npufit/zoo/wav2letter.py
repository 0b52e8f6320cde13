"""Wav2Letter (arXiv:1609.03193), speech to letters, as `ARM-software/ML-zoo` converts it (wav2letter_int8)."""

from __future__ import annotations

from npufit.zoo.builder import GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.spec import ZooSpec
from npufit.zoo.weights import Target

WAV2LETTER_SHAPE = (296, 39)
"""Frames and MFCCs of each."""

_LETTERS = 29
_SLOPE = 0.2
_LOGITS = Target(0.0, 3.0)


def draw_wav2letter(spec: ZooSpec) -> Draft:
    """Return the network: convolutions over time, written as images one pixel high."""
    builder = GraphBuilder(Dialect.STATIC, "model")
    frames = builder.vector(WAV2LETTER_SHAPE, "input_2")
    signal = builder.reshape(frames, (1, 1, *WAV2LETTER_SHAPE), "reshape")
    signal = _leaky(builder, signal, 250, 48, 0, stride=2)
    for layer in range(1, 8):
        signal = _leaky(builder, signal, 250, 7, layer)
    signal = _leaky(builder, signal, 2000, 32, 8)
    signal = _leaky(builder, signal, 2000, 1, 9)
    letters = builder.convolution(signal, _LETTERS, "conv2d_10", target=_LOGITS)
    builder.outputs(builder.softmax(letters, "softmax"))
    return builder.draft


def _leaky(builder: GraphBuilder, ifm: Signal, depth: int, width: int, layer: int, *, stride: int = 1) -> Signal:
    """Append CONV_2D over time and LEAKY_RELU."""
    target = Target(0.25, 1.0)
    signal = builder.convolution(ifm, depth, f"conv2d_{layer}", kernel=(1, width), stride=(1, stride), target=target)
    return builder.leaky_relu(signal, _SLOPE, f"leaky_re_lu_{layer}")
