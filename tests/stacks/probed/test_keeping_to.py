"""Whether measured quantities keep to a limit: both sides of each relation, conditions, and what nobody asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npufit.stacks.probed import Condition, Limit, Relation, keeps_to

_MEASURED = {"w": 16, "c": 24, "stride_h": 4, "padding": "SAME", "dtype": "int16"}


@pytest.mark.parametrize(
    ("quantity", "relation", "number", "expected"),
    [
        ("w*c", Relation.AT_MOST, 384, True),
        ("w*c", Relation.AT_MOST, 383, False),
        ("c", Relation.AT_LEAST, 24, True),
        ("c", Relation.AT_LEAST, 25, False),
        ("c", Relation.MULTIPLE_OF, 8, True),
        ("c", Relation.MULTIPLE_OF, 16, False),
        ("kh*kw", Relation.AT_MOST, 9, None),
        ("padding", Relation.AT_MOST, 9, None),
    ],
)
def test_numbers(quantity: str, relation: Relation, number: int, expected: bool | None) -> None:
    assert keeps_to(Limit("CONV_2D", quantity, relation, number, 1), _MEASURED) is expected


@pytest.mark.parametrize(
    ("relation", "number", "next_refused", "expected"),
    [
        (Relation.AT_MOST, 24, 32, True),
        (Relation.AT_MOST, 23, 25, None),
        (Relation.AT_MOST, 16, 24, False),
        (Relation.AT_LEAST, 24, 16, True),
        (Relation.AT_LEAST, 32, 16, None),
        (Relation.AT_LEAST, 32, 24, False),
    ],
)
def test_between_what_was_taken_and_refused_nothing_is_known(
    relation: Relation, number: int, next_refused: int, expected: bool | None
) -> None:
    limit = Limit("CONV_2D", "c", relation, number, 1, next_refused=next_refused)
    assert keeps_to(limit, _MEASURED) is expected
    elsewhere = replace(limit, when=(Condition("padding", Relation.ONE_OF, accepted=("VALID",)),))
    assert keeps_to(elsewhere, _MEASURED) is True


@pytest.mark.parametrize(
    ("accepted", "refused", "expected"),
    [(("int8", "int16"), (), True), (("int8",), ("int16",), False), (("int8",), ("float32",), None)],
)
def test_a_set_knows_what_was_asked(accepted: tuple[str, ...], refused: tuple[str, ...], expected: bool | None) -> None:
    limit = Limit("CONV_2D", "dtype", Relation.ONE_OF, None, 1, accepted=accepted, refused=refused)
    assert keeps_to(limit, _MEASURED) is expected


def test_single_bad_values() -> None:
    assert keeps_to(Limit("CONV_2D", "w", Relation.NONE_OF, None, 1, refused=(16, 48)), _MEASURED) is False
    assert keeps_to(Limit("CONV_2D", "w", Relation.NONE_OF, None, 1, refused=(48,)), _MEASURED) is True


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("4x4", True),
        ("3x3", False),
        ("10x10", False),  # both sides beyond what was refused
        ("2x5", False),  # along w, 3 and 8 were refused beside 2
        ("5x2", None),  # nobody asked about another height beside a width of 2
        ("6x6", None),  # 8x8 is accepted
        ("2x4", None),  # between two refused, but 4x4 is accepted
        ("1/4x1/4", False),
        ("big", None),
    ],
)
def test_pairs_of_numbers_lie_on_lines(scale: str, expected: bool | None) -> None:
    accepted, refused = ("1x1", "2x2", "4x4", "8x8"), ("1/2x1/2", "3x3", "5x5", "9x9", "2x3", "2x8")
    limit = Limit("RESIZE_BILINEAR", "scale", Relation.ONE_OF, None, 1, accepted=accepted, refused=refused)
    assert keeps_to(limit, {"scale": scale}) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("padding", Relation.ONE_OF, accepted=("SAME",)), False),
        (Condition("padding", Relation.ONE_OF, accepted=("VALID",)), True),
        (Condition("stride_h", Relation.AT_LEAST, 4), False),
        (Condition("stride_h", Relation.AT_LEAST, 5), True),
        (Condition("kh", Relation.AT_LEAST, 5), None),
    ],
)
def test_a_limit_holds_where_its_conditions_do(condition: Condition, expected: bool | None) -> None:
    limit = Limit("CONV_2D", "w", Relation.AT_MOST, 8, 1, when=(condition,))
    assert keeps_to(limit, _MEASURED) is expected
