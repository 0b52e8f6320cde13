"""Differences of two converters are explained by a limit of one of them, each with the smallest model that shows it."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.probing.asking import Answer, End
from npufit.probing.differences import Difference, Outcome, find_differences
from npufit.probing.questions import ImpossibleError, Point, space_of
from npufit.probing.searching import Asked, OperatorFindings
from npufit.stacks.probed import Beyond, Limit, Relation
from probing.searching.hidden_rules import Quantities, Rule, answer

_SPACE = space_of("MAX_POOL_2D")
_SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 250, 251, 500, 501, 562, 563)


def _points() -> list[Point]:
    """Return questions as a search asks them: one axis at a time."""
    base = Point(_SPACE.name, tuple(_SPACE.base.items()))
    moved = [base.moved(**{axis: size}) for axis in ("h", "w", "c", "kh", "stride_w") for size in _SIZES]
    return [point for point in moved if _can_be_drawn(point)]


def _can_be_drawn(point: Point) -> bool:
    try:
        _SPACE.draw(dict(point.values))
    except ImpossibleError:
        return False
    return True


def _limit(quantity: str, most: int, beyond: Beyond = Beyond.REFUSED) -> Limit:
    return Limit(_SPACE.operator, quantity, Relation.AT_MOST, most, questions=1, beyond=beyond)


def _findings(rule: Rule, *limits: Limit) -> OperatorFindings:
    answers = [(point, answer(point, rule)) for point in _points()]
    asked = tuple(Asked(point, found, found.is_accepted) for point, found in answers)
    return OperatorFindings(_SPACE.operator, any(it.is_accepted for it in asked), limits, (), (), asked)


def _differences(first: Rule, limits: Sequence[Limit], second: Rule, others: Sequence[Limit]) -> list[Difference]:
    def ask(points: Sequence[Point]) -> list[tuple[Answer, Answer]]:
        return [(answer(point, first), answer(point, second)) for point in points]

    return find_differences(_findings(first, *limits), _findings(second, *others), ask)


def test_a_limit_that_moved_one_that_is_gone_and_one_that_is_new() -> None:
    found = _differences(
        lambda value: value("w*c") <= 4_000 and value("kh") <= 8,
        [_limit("w*c", 4_000), _limit("kh", 8)],
        lambda value: value("w*c") <= 9_000 and value("stride_w") <= 3,
        [_limit("w*c", 9_000), _limit("stride_w", 3)],
    )
    said = {
        (it.limit.quantity, it.limit.limit, it.counterpart and it.counterpart.limit, it.is_firsts)
        for it in found
        if it.limit is not None
    }
    assert said == {("w*c", 4_000, 9_000, True), ("kh", 8, None, True), ("stride_w", 3, None, False)}
    assert len(found) == len(said)
    examples = {it.limit.quantity: it.example for it in found if it.limit is not None}
    assert (examples["kh"].point["kh"], examples["kh"].point["stride_w"]) == (9, 1)
    assert examples["stride_w"].point["stride_w"] == 4
    for name, example in examples.items():
        expected = (Outcome.NPU, Outcome.CPU) if name == "stride_w" else (Outcome.CPU, Outcome.NPU)
        assert (example.first, example.second) == expected
        shape = example.model.main.tensors[example.model.main.inputs[0]].shape
        assert shape is not None
        assert shape[1] == 1
        assert shape[2] * shape[3] < (4_100 if name == "w*c" else 2)


def test_limits_that_are_written_otherwise_but_mean_the_same_do_not_differ() -> None:
    def rule(value: Quantities) -> bool:
        return value("w") <= 500

    assert _differences(rule, [_limit("w", 500)], rule, [_limit("ofm_w", 500)]) == []


def test_a_type_that_only_one_takes_is_one_difference_with_a_plain_model() -> None:
    [found] = _differences(lambda value: False, [], lambda value: value("w") <= 500, [_limit("w", 500)])
    assert (found.is_type, found.is_firsts, found.limit) == (True, True, None)
    assert (found.example.first, found.example.second) == (Outcome.CPU, Outcome.NPU)


def test_a_crash_and_a_refusal_differ_and_what_no_limit_explains_is_said() -> None:
    crash, unknown = _differences(
        lambda value: value("c") <= 500,
        [_limit("c", 500)],
        lambda value: (True if value("c") <= 500 else End.CRASH) if value("kh") != 5 else False,
        [_limit("c", 500, Beyond.CRASH)],
    )
    assert crash.limit is not None
    assert (crash.limit.quantity, crash.example.first, crash.example.second) == ("c", Outcome.CPU, Outcome.CRASH)
    assert crash.example.point["c"] == 501
    assert (unknown.limit, unknown.example.point["kh"], unknown.is_firsts) == (None, 5, False)
