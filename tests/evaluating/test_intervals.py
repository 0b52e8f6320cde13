"""Intervals of shares: known values, and how often they hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npufit.evaluating.intervals import Proportion, clustered, counted


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(48, 50, 0.8654, 0.9890), (50, 50, 0.9287, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634)],
)
def test_wilson_intervals_are_those_of_the_tables(part: int, whole: int, low: float, high: float) -> None:
    found = counted(part, whole)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_nothing_is_known_of_nothing() -> None:
    assert counted(0, 0).share is None
    assert (counted(0, 0).low, counted(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize(("count", "truth"), [(20, 0.9), (50, 0.98), (200, 0.7)])
def test_an_interval_holds_the_truth_about_as_often_as_it_says(count: int, truth: float) -> None:
    """Exactly, by the binomial distribution: Wilson's interval holds in about 95 of 100 samples."""
    holds = sum(
        math.comb(count, right) * truth**right * (1 - truth) ** (count - right)
        for right in range(count + 1)
        if counted(right, count).low <= truth <= counted(right, count).high
    )
    assert 0.92 < holds < 0.99


@given(st.integers(1, 400), st.floats(0.01, 0.99), st.data())
def test_the_number_of_images_that_would_tell_is_the_least(whole: int, bound: float, data: st.DataObject) -> None:
    found = counted(data.draw(st.integers(0, whole)), whole)
    needed = found.draws_to_exclude(bound)
    if needed is None or needed > 10**9:
        return
    share = found.share or 0.0
    assert Proportion(share * needed, needed, needed).excludes(bound)
    before = needed - 1
    assert before < 1 or not Proportion(share * (before - 1e-6), before, before * (1 - 1e-9)).excludes(bound)


def test_boxes_of_one_image_count_as_one_draw() -> None:
    equal = clustered([(3, 4)] * 10)
    assert (equal.share, equal.independent) == (0.75, pytest.approx(10))
    lopsided = clustered([(100, 100), (0, 1), (1, 1), (0, 0)])
    assert lopsided.share == pytest.approx(101 / 102)
    assert 1 < lopsided.independent < 1.1
    assert lopsided.low < 0.3
