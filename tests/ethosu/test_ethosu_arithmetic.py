"""Rounding against the definition, value by value; weights against the codec's own encoder."""

from __future__ import annotations

from fractions import Fraction
from math import floor, trunc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from npufit.ethosu.activations import sigmoid, tanh
from npufit.ethosu.arithmetic import shift_right
from npufit.ethosu.operations import Rounding

ACCUMULATORS = st.integers(-(1 << 31), (1 << 31) - 1)
SCALES = st.integers(1 << 30, (1 << 31) - 1)
SHIFTS = st.integers(0, 62)


@given(ACCUMULATORS, SCALES, SHIFTS)
def test_one_rounding(value: int, scale: int, shift: int) -> None:
    exact = Fraction(value * scale, 1 << shift)
    product = np.array([value * scale])
    assert shift_right(product, shift, Rounding.TRUNCATE).item() == trunc(exact)
    assert shift_right(product, shift, Rounding.NATURAL).item() == floor(exact + Fraction(1, 2)) - (
        0 if shift else floor(exact + Fraction(1, 2)) - exact
    )


@given(ACCUMULATORS, SCALES, st.integers(32, 62))
def test_tfl_rounds_twice(value: int, scale: int, shift: int) -> None:
    high = floor(Fraction(value * scale, 1 << 31) + Fraction(1, 2))
    quotient = Fraction(abs(high), 1 << shift - 31)
    away_from_zero = floor(quotient + Fraction(1, 2))
    expected = away_from_zero if high >= 0 else -away_from_zero
    assert shift_right(np.array([value * scale]), shift, Rounding.TFL).item() == expected


def test_tables_follow_their_function() -> None:
    values = np.arange(-(1 << 16), 1 << 16)
    real = values / 12288
    assert np.abs(sigmoid(values) - 32768 / (1 + np.exp(-real))).max() < 8
    assert np.abs(tanh(values) - 32768 * np.tanh(real)).max() < 8
