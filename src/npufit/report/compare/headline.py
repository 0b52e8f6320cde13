"""A comparison in one line: better or worse, what moved, which hazards came and went, the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from npufit.comparing import Aspect, Change, CompareResult, Comparison, SnapshotHazard, Verdict
from npufit.formatting import milliseconds, plural, printable
from npufit.stacks import Effect


def result_headline(result: CompareResult) -> str:
    """Return the answer in one line; of several targets, how many got worse and which."""
    if result.measured is not None:
        from npufit.report.compare.measured_words import measured_headline

        return measured_headline(result.measured)
    if len(result.comparisons) == 1:
        return comparison_headline(result.comparisons[0])
    names: dict[Verdict, list[str]] = {}
    for comparison in result.comparisons:
        names.setdefault(comparison.verdict, []).append(printable(comparison.name))
    known = [f"{verdict} on {', '.join(names[verdict])}" for verdict in _ORDER if verdict in names]
    return "; ".join(known)


_ORDER = (Verdict.WORSE, Verdict.MIXED, Verdict.BETTER, Verdict.SAME)


def comparison_headline(comparison: Comparison) -> str:
    """Return what changed in one line, such as `worse: 3 operators moved to the CPU; predicted 9.8 → 14.2 ms`."""
    clauses = [
        _CLAUSES[change.aspect](change, comparison) for change in comparison.changes if change.aspect in _CLAUSES
    ]
    stayed = "" if clauses or comparison.changes else _stayed(comparison)
    parts = [", ".join(clauses) or stayed, _unmatched(comparison), time_words(comparison)]
    return f"{comparison.verdict}: {'; '.join(part for part in parts if part)}"


def time_words(comparison: Comparison) -> str:
    """Return the predicted times in words, and whether their difference is certain; empty if one is unknown."""
    time = comparison.time
    if time is None:
        return ""
    before, after = milliseconds(time.before_ms), milliseconds(time.after_ms)
    if before == after:
        return f"predicted {after} as before"
    doubt = "" if time.is_certain else " (not certain: the ranges overlap)"
    return f"predicted {before.removesuffix(' ms')} → {after}{doubt}"


_Clause = Callable[[Change, Comparison], str]


def _operators(words: str) -> _Clause:
    return lambda change, _: f"{plural(change.count, 'operator')} {words}"


def _hazards(words: str, hazards: Callable[[Comparison], Sequence[SnapshotHazard]]) -> _Clause:
    def clause(change: Change, comparison: Comparison) -> str:
        crashes = sum(hazard.effect is Effect.CRASH for hazard in hazards(comparison))
        return f"{plural(change.count, 'hazard')} {words}{_crashes(crashes, change.count)}"

    return clause


def _crashes(crashes: int, hazards: int) -> str:
    """Return which of the hazards are crashes, such as ` (1 of them a crash)`; empty if there are none."""
    if not crashes:
        return ""
    if crashes == hazards:
        return " (a crash)" if crashes == 1 else " (all crashes)"
    return f" ({crashes} of them {'a crash' if crashes == 1 else 'crashes'})"


def _partitions(word: str) -> _Clause:
    return lambda change, _: plural(change.count, f"{word} partition")


_CLAUSES: dict[Aspect, _Clause] = {
    Aspect.MOVED_TO_CPU: _operators("moved to the CPU"),
    Aspect.MOVED_TO_NPU: _operators("moved to the NPU"),
    Aspect.BECAME_UNKNOWN: _operators("became unknown"),
    Aspect.HAZARDS_GAINED: _hazards("gained", lambda comparison: comparison.hazards_gained),
    Aspect.HAZARDS_LOST: _hazards("lost", lambda comparison: comparison.hazards_lost),
    Aspect.MORE_ON_CPU: lambda change, _: f"{change.count} more on the CPU among operators without a counterpart",
    Aspect.FEWER_ON_CPU: lambda change, _: f"{change.count} fewer on the CPU among operators without a counterpart",
    Aspect.MORE_PARTITIONS: _partitions("more"),
    Aspect.FEWER_PARTITIONS: _partitions("fewer"),
    Aspect.MEMORY_TOO_SMALL: lambda _change, _: "the chip's memory is too small now",
    Aspect.MEMORY_FITS: lambda _change, _: "it fits the chip's memory now",
}
"""Slower and faster have no clause of their own: the time stands at the end of the line in any case."""


def _stayed(comparison: Comparison) -> str:
    matching = comparison.matching
    if matching.is_identical:
        return "every operator runs where it did"
    return f"{plural(len(matching.pairs), 'operator')} of both run where they did"


def _unmatched(comparison: Comparison) -> str:
    sides = ((len(comparison.matching.added), "after"), (len(comparison.matching.removed), "before"))
    return ", ".join(f"{plural(count, 'operator')} only {side}" for count, side in sides if count)
