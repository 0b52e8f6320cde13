"""Vela does what its report says, but for the contradictions that are listed: asked on both sides of each boundary.

These are the facts that a probe must find without knowing them (`test_vela_rediscovered`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from npufit.probing import ProbeOptions
from npufit.probing.asking import Desk, choose_converter
from npufit.probing.differences import Outcome, outcome_of
from npufit.probing.questions import Point, space_of
from probing.proof.vela_boundaries import BOUNDARIES, CONTRADICTIONS, NOT_ASKED, OPERATORS, Values
from probing.proof.vela_report import sentences_of, write_report


def point_of(operator: str, values: Values) -> Point:
    """Return the question about the ordinary model of `operator` with these values."""
    return Point(operator, tuple((space_of(operator).base | dict(values)).items()))


def _expected() -> Iterator[tuple[str, Values, Outcome]]:
    for boundary in BOUNDARIES:
        for operator in boundary.operators:
            yield from ((operator, values, Outcome.NPU) for values in boundary.taken)
            yield from ((operator, values, boundary.outcome) for values in boundary.refused)
    yield from ((it.operator, it.values, it.outcome) for it in CONTRADICTIONS)


def test_vela_keeps_to_its_report_but_for_the_contradictions() -> None:
    options = ProbeOptions(use_cache=False, workers=1)
    expected = list(_expected())
    points = [point_of(operator, values) for operator, values, _ in expected]
    with Desk(choose_converter("imx93/vela@5.2", options), options) as desk:
        answers = desk.ask(points)
    wrong = [
        f"{operator} {dict(values)}: {outcome_of(space_of(operator), answer)}, not {outcome}"
        for (operator, values, outcome), answer in zip(expected, answers, strict=True)
        if outcome_of(space_of(operator), answer) is not outcome
    ]
    assert wrong == []


def test_every_sentence_of_the_report_is_a_boundary(tmp_path: Path) -> None:
    report = write_report(tmp_path)
    for operator in OPERATORS:
        asked = {it.sentence for it in BOUNDARIES if operator in it.operators}
        asked |= {it.sentence for it in CONTRADICTIONS if it.operator == operator}
        stated = set(sentences_of(report, operator))
        assert stated - asked <= {*NOT_ASKED, "Zero-points must be 0 for Int32 and non-negative for unsigned dataTypes"}
        assert asked - stated <= {""}
