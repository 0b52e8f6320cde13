"""Weights in the order of the hardware against the encoder that Vela uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from ethosu_programs import assemble, feature_map, output_registers

from ethosu import mlw_codec  # pyright: ignore[reportMissingTypeStubs]
from npufit.ethosu import decode
from npufit.ethosu.operations import Convolution, Element, read_operations
from npufit.ethosu.weight_streams import decode_streams
from npufit.ethosu.weights import order_weights


def convolution(
    shape: tuple[int, int, int, int], block: int, stride: int, bits: int, *, depthwise: bool
) -> Convolution:
    """Return a convolution with weights of `shape`; only what their order depends on is filled in."""
    outputs, height, width, inputs = shape
    dilation_x, dilation_y = 1 + (stride >> 3 & 1), 1 + (stride >> 4 & 1)
    registers = [
        *output_registers((1, 1, outputs)),
        *feature_map("OFM", 1, 0, (1, 1, outputs), 1),
        *feature_map("IFM", 1, 0, (1, 1, inputs), 1),
        f"IFM_DEPTH_M1 {inputs - 1}",
        f"KERNEL_HEIGHT_M1 {dilation_y * (height - 1)}",
        f"KERNEL_WIDTH_M1 {dilation_x * (width - 1)}",
        f"KERNEL_STRIDE {stride}",
        f"OFM_BLK_DEPTH_M1 {block - 1}",
    ]
    operation = read_operations(decode(assemble(*registers, "DEPTHWISE" if depthwise else "CONV")))[0]
    assert isinstance(operation, Convolution)
    return replace(operation, ifm=replace(operation.ifm, element=Element(bits, True)))


@pytest.mark.parametrize(
    ("shape", "block", "stride", "bits", "depthwise"),
    [
        ((24, 1, 1, 40), 16, 0b00000, 8, False),
        ((17, 9, 3, 35), 8, 0b00000, 8, False),
        ((20, 5, 5, 40), 16, 0b11000, 16, False),
        ((16, 3, 3, 3), 16, 0b00100, 8, False),
        ((20, 9, 9, 21), 16, 0b11100, 8, False),
        ((20, 3, 3, 21), 16, 0b00100, 16, False),
        ((35, 10, 9, 1), 16, 0b00000, 8, True),
        ((35, 5, 5, 1), 8, 0b01000, 8, True),
    ],
)
def test_traversal(shape: tuple[int, int, int, int], block: int, stride: int, bits: int, depthwise: bool) -> None:
    weights = np.random.default_rng(0).integers(-255, 256, size=shape).astype(np.int16)
    operation = convolution(shape, block, stride, bits, depthwise=depthwise)
    kernel = operation.kernel
    encode = cast(Any, mlw_codec).reorder_encode
    limits = 8 // kernel.dilation_y, 8 // kernel.dilation_x
    encoded, _ = encode(8, 8, weights, block, depthwise, kernel.part_kernel_first, bits, *limits)
    ordered = order_weights(decode_streams([bytes(encoded)]), operation, ofm_micro_depth=8)
    assert np.array_equal(ordered, weights)


def test_a_broken_stream_ends_neither_this_process_nor_the_others() -> None:
    weights = np.arange(64, dtype=np.int16).reshape(8, 1, 1, 8)
    encode = cast(Any, mlw_codec).reorder_encode
    one, two = (bytes(encode(8, 8, values, 8, False, False, 8, 8, 8)[0]) for values in (weights, weights + 1))
    first, broken, last = decode_streams([one, bytes(16), two])
    assert broken is None
    assert first is not None
    assert last is not None
    assert (last - first)[:64].max() == 1
