"""MAX, AVERAGE and REDUCE_SUM against their definition."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import floor

import pytest
from definition import (
    INT8,
    INT16,
    INT32,
    NATURAL,
    UINT8,
    clamps,
    finished,
    maps,
    output_stage,
    rounded,
    run,
    some_values,
    window_registers,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

MAX, AVERAGE, REDUCE_SUM = range(3)
SCALES = st.sampled_from([(1, 0), (1, 3)]) | st.tuples(st.integers(1 << 30, (1 << 31) - 1), st.integers(28, 45))


@pytest.mark.parametrize("mode", ["max", "average of a window", "average by a scale"])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_windows(data: st.DataObject, mode: str) -> None:
    draw = data.draw
    size, strides, outputs = ((draw(st.integers(1, 3)), draw(st.integers(1, 3))) for _ in range(3))
    kind = draw(st.sampled_from([INT8, UINT8, INT16]))
    pads = [draw(st.integers(0, reach - 1)) for reach in (*size, *size)]
    if mode == "average by a scale":
        pads = [0] * 4
    before = [(outputs[axis] - 1) * strides[axis] + size[axis] - pads[axis] - pads[axis + 2] for axis in (0, 1)]
    assume(min(before) > 0)
    depth = draw(st.sampled_from([1, 16, 21]))
    ifm = maps(draw, 0, (before[0], before[1], depth), kind)
    ofm = maps(draw, 1, (*outputs, depth), kind)
    rounding = NATURAL if mode == "average of a window" else draw(st.integers(0, 2))
    clamp, scale, values = clamps(draw, kind), draw(SCALES), some_values(draw(st.integers(0, 99)), ifm)

    def expected(y: int, x: int, c: int) -> int:
        window = [
            values[y * strides[0] + dy - pads[0], x * strides[1] + dx - pads[1], c] - ifm.zero_point
            for dy, dx in product(range(size[0]), range(size[1]))
            if 0 <= y * strides[0] + dy - pads[0] < before[0] and 0 <= x * strides[1] + dx - pads[1] < before[1]
        ]
        if mode == "max":
            result = max(window)
        elif mode == "average by a scale":
            result = rounded(sum(window), *scale, rounding)
        else:
            # The reciprocals are a little too large: halves go away from zero, as in the reference kernels.
            average = Fraction(abs(sum(window)), len(window))
            result = floor(average + Fraction(1, 2)) * (1 if sum(window) >= 0 else -1)
            if len(window) == 1:
                result = window[0]
        return finished(result, ofm, clamp)

    # A scale does not count for MAX, nor for an average whose windows are cut off at the borders.
    for_all = scale if mode != "average of a window" or any(pads) else None
    stream = [
        *output_stage(ofm, rounding, clamp, for_all),
        *window_registers(ifm, size, strides, (1, 1), (pads[0], pads[1], pads[2], pads[3])),
        f"POOL {MAX if mode == 'max' else AVERAGE}",
    ]
    got = run(stream, [(ifm, values)], ofm)
    assert got == {place: expected(*place) for place in ofm.places()}


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_sums_over_channels(data: st.DataObject) -> None:
    draw = data.draw
    height, width, depth = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.sampled_from([1, 16, 37]))
    ifm = maps(draw, 0, (height, width, depth), draw(st.sampled_from([INT8, UINT8, INT16, INT32])))
    ofm = maps(draw, 1, (height, width, 1), draw(st.sampled_from([INT8, UINT8, INT16, INT32])))
    rounding, clamp, scale = draw(st.integers(0, 2)), clamps(draw, ofm.kind), draw(st.none() | SCALES)
    narrow = (-(1 << 24), 1 << 24) if ifm.kind is INT32 else (None, None)  # sums stay within 32 bits
    values = some_values(draw(st.integers(0, 99)), ifm, *narrow)

    def expected(y: int, x: int) -> int:
        total = sum(values[y, x, c] - ifm.zero_point for c in range(depth))
        return finished(total if scale is None else rounded(total, *scale, rounding), ofm, clamp)

    stream = [
        *output_stage(ofm, rounding, clamp, scale),
        *window_registers(ifm, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0)),
        f"POOL {REDUCE_SUM}",
    ]
    got = run(stream, [(ifm, values)], ofm)
    assert got == {(y, x, 0): expected(y, x) for y, x in product(range(height), range(width))}
