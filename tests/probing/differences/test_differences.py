"""Differences of two converters are explained by a limit of one of them, each with the smallest model that shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from npufit.probing.asking import Answer, End
from npufit.probing.differences import Difference, Outcome, find_differences
from npufit.probing.questions import Point
from probing.searching.hidden_rules import Rule, answer, find


def _differences(first: Rule, second: Rule, operator: str = "LOGISTIC") -> list[Difference]:
    def ask(points: Sequence[Point]) -> list[tuple[Answer, Answer]]:
        return [(answer(point, first), answer(point, second)) for point in points]

    return find_differences(find(operator, first), find(operator, second), ask)


def _said(differences: Sequence[Difference]) -> set[tuple[str | None, int | None, int | None, bool]]:
    return {
        (
            it.limit and it.limit.quantity,
            it.limit and it.limit.limit,
            it.counterpart and it.counterpart.limit,
            it.is_firsts,
        )
        for it in differences
    }


def test_a_limit_that_moved_one_that_is_gone_and_one_that_is_new() -> None:
    found = _differences(
        lambda value: value("w*c") <= 4_000 and value("kh") <= 8 and value("dtype") != "float32",
        lambda value: value("w*c") <= 9_000 and value("stride_w") <= 3 and value("dtype") != "float32",
        "MAX_POOL_2D",
    )
    assert _said(found) == {("w*c", 4_000, 9_000, True), ("kh", 8, None, True), ("stride_w", 3, None, False)}
    examples = {it.limit.quantity: it.example for it in found if it.limit is not None}
    assert (examples["kh"].point["kh"], examples["kh"].point["stride_w"]) == (9, 1)
    assert examples["stride_w"].point["stride_w"] == 4
    for name, example in examples.items():
        expected = (Outcome.NPU, Outcome.CPU) if name == "stride_w" else (Outcome.CPU, Outcome.NPU)
        assert (example.first, example.second) == expected
        shape = example.model.main.tensors[example.model.main.inputs[0]].shape
        assert shape is not None
        assert shape[1] <= 9
        if name == "w*c":
            assert 4_000 < shape[2] * shape[3] <= 9_000


def test_the_same_rules_do_not_differ() -> None:
    def rule(value: Callable[[str], int]) -> bool:
        return value("h*w*c") <= 50_000

    assert _differences(rule, rule) == []


def test_a_type_that_only_one_takes_is_one_difference_with_a_plain_model() -> None:
    [found] = _differences(lambda value: False, lambda value: value("w") <= 100)
    assert (found.is_type, found.is_firsts, found.limit) == (True, True, None)
    assert (found.example.first, found.example.second) == (Outcome.CPU, Outcome.NPU)


def test_a_crash_and_a_refusal_differ() -> None:
    [found] = _differences(
        lambda value: value("c") <= 500,
        lambda value: True if value("c") <= 500 else End.CRASH,
    )
    assert found.limit is not None
    assert (found.limit.quantity, found.example.first, found.example.second) == ("c", Outcome.CPU, Outcome.CRASH)
    assert found.example.point["c"] == 501
