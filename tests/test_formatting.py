"""Names and numbers in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npufit.formatting import percent, plural, printable, quantity, ranges, shorten, size


def test_what_a_terminal_obeys_is_escaped() -> None:
    assert printable("größe/conv") == "größe/conv"
    assert printable("a\x1b[0m\n\udce9\u202e") == r"a\x1b[0m\n\udce9\u202e"


@given(st.text(), st.integers(20, 200))
def test_a_shortened_name_is_printable_and_short(text: str, width: int) -> None:
    assert shorten(text, width).isprintable()
    assert len(shorten(text, width)) <= width


def test_a_shortened_name_keeps_its_end() -> None:
    assert shorten("a" * 50 + "/block_1/Conv2D", 30).endswith("/block_1/Conv2D")
    assert len(shorten("x" * 10_000_000)) <= 120


@given(st.sets(st.integers(0, 200)))
def test_ranges_name_every_index(indices: set[int]) -> None:
    named: set[int] = set()
    for word in ranges(sorted(indices), 1000).split(", ") if indices else []:
        first, _, last = word.partition("-")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == indices


def test_many_ranges_are_cut_with_their_number() -> None:
    assert ranges(range(0, 20, 2), 4) == "0, 2, 4, … 7 more"
    assert ranges([5, 3, 4, 9]) == "3-5, 9"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0.0 %"), (0.0001, "< 0.1 %"), (0.5, "50.0 %"), (0.9991, "99.9 %"), (0.99999, "> 99.9 %"), (1.0, "100 %")],
)
def test_a_share_never_looks_like_all_or_nothing_unless_it_is(share: float, said: str) -> None:
    assert percent(share) == said


def test_numbers_carry_their_unit() -> None:
    assert (plural(1, "operator"), plural(2, "operator")) == ("1 operator", "2 operators")
    assert (quantity(300_774_272), size(0), size(1_500)) == ("301 M", "0 B", "1.5 kB")
