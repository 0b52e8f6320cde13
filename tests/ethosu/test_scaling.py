"""The output stage in floating point equals the one in integers, at every tie and at the limits of what is exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ethosu_programs import assemble, feature_map, output_registers

from npufit.ethosu import read_operations
from npufit.ethosu.arithmetic import requantize
from npufit.ethosu.decoding import decode
from npufit.ethosu.operations import BlockOperation, Element, Rounding
from npufit.ethosu.scaling import _FloatScale, plan_scale  # pyright: ignore[reportPrivateUsage]
from npufit.ethosu.weights import Scales

PIXELS, DEPTH = 64, 6
SHRAM = np.zeros(2048, np.uint8)
SHAPE = (8, 8, DEPTH)


def operation(bits: int, rounding: Rounding, zero_point: int, lowest: int, highest: int) -> BlockOperation:
    """Return an operation on signed integers with this output stage."""
    stream = assemble(
        *output_registers(SHAPE), *feature_map("IFM", 1, 0, SHAPE, 1), *feature_map("OFM", 1, 0, SHAPE, 1)
    )
    found = read_operations(decode(stream + assemble("ELEMENTWISE 6")))[-1]
    assert isinstance(found, BlockOperation)
    ofm = replace(found.ofm, element=Element(bits, signed=True), zero_point=zero_point)
    return replace(found, ofm=ofm, output=replace(found.output, rounding=rounding, lowest=lowest, highest=highest))


@pytest.mark.parametrize("rounding", [Rounding.TFL, Rounding.NATURAL])
@pytest.mark.parametrize(("bits", "zero_point", "lowest"), [(8, -7, -128), (8, -7, -7), (8, 127, -3), (16, 0, -32768)])
@pytest.mark.parametrize("largest", [1 << 20, 1 << 23, 1 << 40])
def test_ties_and_their_neighbours_are_rounded_alike(
    rounding: Rounding, bits: int, zero_point: int, lowest: int, largest: int
) -> None:
    chance = np.random.default_rng(largest + bits)
    stage = operation(bits, rounding, zero_point, lowest, (1 << bits - 1) - 1)
    scale = chance.integers(1 << 30, 1 << 31, DEPTH)
    scale[0] = 1 << 30  # a power of two meets ties exactly
    shift = np.array([30, 31, 32, 33, 34, 34]) if bits == 16 else np.array([30, 31, 33, 36, 40, 42])
    bias = chance.integers(-1000, 1000, DEPTH)
    ties = ((2 * chance.integers(-300, 300, (PIXELS, DEPTH)) + 1) << shift - 1) // scale - bias
    accumulators = ties + chance.integers(-1, 2, ties.shape)
    accumulators[:4] = [[largest], [-largest], [0], [-1]]
    scales = Scales(bias, scale, shift)
    planned = plan_scale(stage, scales, np.full(DEPTH, max(largest, int(np.abs(accumulators).max()))))
    assert isinstance(planned, _FloatScale) == (largest < 1 << 40)
    for dtype in (np.float64, np.float32):
        if largest < 1 << 24 or dtype is np.float64:
            result = np.empty((PIXELS, DEPTH), f"i{bits // 8}")
            planned(accumulators.astype(dtype), result, SHRAM)
            assert np.array_equal(result, requantize(accumulators, bias, scale, shift, stage, SHRAM))


@pytest.mark.parametrize(("zero_point", "lowest", "highest"), [(-7, -128, 127), (127, -128, 127), (0, -100, 90)])
def test_estimates_leave_nothing_wrong(zero_point: int, lowest: int, highest: int) -> None:
    chance = np.random.default_rng(zero_point + 128)
    stage = operation(8, Rounding.TFL, zero_point, lowest, highest)
    shift = np.array([35, 36, 38, 40, 41, 42])
    scale, bias = chance.integers(1 << 30, 1 << 31, DEPTH), chance.integers(-(1 << 18), 1 << 18, DEPTH)
    scale[0] = 1 << 30
    boundaries = ((2 * np.arange(-300, 300)[:, None] + 1) << shift - 1) // scale - bias
    extremes = np.full((8, DEPTH), (1 << 24) - 1)
    accumulators = np.concatenate([*(boundaries + near for near in (-2, -1, 0, 1, 2)), extremes, -extremes])
    scales = Scales(bias, scale, shift)
    planned = plan_scale(stage, scales, np.full(DEPTH, (1 << 24) - 1))
    assert isinstance(planned, _FloatScale)
    assert planned.estimate is not None
    result = np.empty(accumulators.shape, np.int8)
    planned(accumulators.astype(np.float32), result, SHRAM)
    assert np.array_equal(result, requantize(accumulators, bias, scale, shift, stage, SHRAM))
    certain = np.empty_like(result)
    replace(planned, estimate=None)(accumulators.astype(np.float32), certain, SHRAM)
    assert np.array_equal(result, certain)
