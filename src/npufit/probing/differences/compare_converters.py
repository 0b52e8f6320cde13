"""compare_converters: what one converter takes and another does not, as limits with examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npufit.probing import ProbeOptions, ProbeResult, probe
from npufit.probing.asking import INTERRUPTED, Answer, Desk, Subject, Unanswered, choose_converter
from npufit.probing.differences.difference import ConverterDifference, Difference
from npufit.probing.differences.search import find_differences
from npufit.probing.questions import Point


def compare_converters(first: Subject, second: Subject, options: ProbeOptions | None = None) -> ConverterDifference:
    """Return what `first` and `second` do differently with models of one operator.

    Both are probed; then each is asked about what the other does not take, and every difference is explained by a limit
    of one of them. Each has the smallest model found that shows it, as both answered. The budget of `options` is that
    of each converter's probe. Chains of operators are not compared. Raises InputError and ToolError as `probe`, and
    KeyboardInterrupt if the user ends one; answers are kept.
    """
    options = replace(options or ProbeOptions(), groups=False)
    one, two = choose_converter(first, options), choose_converter(second, options)
    probes = _uninterrupted(probe(one, options)), _uninterrupted(probe(two, options))
    differences: list[Difference] = []
    ended_by = probes[0].ended_by or probes[1].ended_by
    with Desk(one, options) as desk, Desk(two, options) as other:

        def ask(points: Sequence[Point]) -> Sequence[tuple[Answer, Answer]]:
            return list(zip(desk.ask(points), other.ask(points), strict=True))

        try:
            for found in zip(probes[0].operators, probes[1].operators, strict=True):
                differences += find_differences(*found, ask)
        except Unanswered:
            ended_by = ended_by or desk.ended_by or other.ended_by
        questions = sum(result.questions for result in probes) + desk.questions + other.questions
        return ConverterDifference(*probes, tuple(differences), questions, ended_by)


def _uninterrupted(result: ProbeResult) -> ProbeResult:
    if result.ended_by == INTERRUPTED:
        raise KeyboardInterrupt
    return result
