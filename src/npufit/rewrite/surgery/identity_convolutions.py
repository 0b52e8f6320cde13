"""Operators that copy exactly and that all NPUs support: 1x1 convolutions with ones and zeros."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npufit.graph import Conv2DOptions, DepthwiseConv2DOptions, Padding, Quantization, eight_bit_operator
from npufit.rewrite.surgery.editor import Editor

_ONE = Quantization((1.0,), (0,))


def add_shift(editor: Editor, source: int, result: int, near: int) -> int:
    """Write `result`, which differs from the 8-bit map `source` only in its zero point, by a 1x1 depthwise convolution.

    Its weights are 1 with a scale of 1, so its multiplier is exactly 1: the result is the source, saturated if the new
    zero point leaves no room. Return the operator's index.
    """
    tensor = editor.tensor(source)
    depth = (tensor.shape or (1,))[-1]
    weights = _add_ones(editor, f"{tensor.name}/ones", np.ones((1, 1, 1, depth), tensor.element.value))
    bias = _add_zeros(editor, source, depth)
    options = DepthwiseConv2DOptions(Padding.VALID, stride_w=1, stride_h=1, depth_multiplier=1)
    return editor.add(eight_bit_operator("DEPTHWISE_CONV_2D", (source, weights, bias), (result,), options), near)


def add_selection(editor: Editor, source: int, channels: Sequence[int], result: int, near: int) -> int:
    """Write `result`, the given `channels` of the 8-bit map `source`, by a 1x1 convolution; return its index."""
    tensor = editor.tensor(source)
    depth = (tensor.shape or (1,))[-1]
    kernel = np.zeros((len(channels), 1, 1, depth), tensor.element.value)
    kernel[np.arange(len(channels)), 0, 0, list(channels)] = 1
    weights = _add_ones(editor, f"{tensor.name}/selection", kernel)
    bias = _add_zeros(editor, source, len(channels))
    options = Conv2DOptions(Padding.VALID, stride_w=1, stride_h=1)
    return editor.add(eight_bit_operator("CONV_2D", (source, weights, bias), (result,), options), near)


def _add_ones(editor: Editor, name: str, values: object) -> int:
    return editor.add_constant(name, values, _ONE)


def _add_zeros(editor: Editor, source: int, depth: int) -> int:
    tensor = editor.tensor(source)
    quantization = Quantization((tensor.quantization.scale,), (0,))
    return editor.add_constant(f"{tensor.name}/no_bias", np.zeros(depth, np.int32), quantization)
