"""How series, cliffs and requirements of a sweep are put into words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npufit.formatting import milliseconds, plural, significant
from npufit.report.sweep.document import (
    AffordableEntry,
    CliffEntry,
    JudgedEntry,
    PointEntry,
    SeriesEntry,
    SweepDocument,
)
from npufit.sweeping import CliffKind, PointStatus


@dataclass(frozen=True, slots=True)
class Block:
    """The series of one network in one number format, as numbers."""

    title: str
    series: tuple[int, ...]


def blocks(document: SweepDocument) -> list[Block]:
    """Return the series of each network together."""
    groups: dict[str, list[int]] = {}
    for number, entry in enumerate(document.series):
        groups.setdefault(f"{entry.network}, {entry.precision}", []).append(number)
    return [Block(title, tuple(members)) for title, members in groups.items()]


def full_name(entry: SeriesEntry) -> str:
    """Return a series in words: `zoo:mobilenet_v2 (int8) on imx93/vela@5.2`."""
    return f"{entry.network} ({entry.precision}) on {entry.setup}"


def cliff_place(cliff: CliffEntry) -> str:
    """Return where a cliff is: `from 203x203 to 204x204`, with what is uncertain about it."""
    place = f"from {cliff.before} to {cliff.after}"
    return place if cliff.exact else f"somewhere {place}"


def cliff_words(cliff: CliffEntry) -> str:
    """Return what changes at a cliff: `4 of 33 operators on the NPU instead of 31, 0.9 to 2.9 ms (3.2 times)`."""
    words = [_SAID[kind](cliff) for kind in cliff.kinds]
    return ", ".join([*filter(None, words), *([_times(cliff)] if cliff.time_ratio else [])])


def change_words(before: PointEntry, after: PointEntry) -> str:
    """Return what changes from one setup to another: operators on the NPU, hazards, time; or that nothing does."""
    words: list[str] = []
    if (before.npu_operators, before.operators) != (after.npu_operators, after.operators):
        words.append(
            f"{after.npu_operators} of {after.operators} operators on the NPU instead of {before.npu_operators}"
        )
    if before.partitions != after.partitions:
        words.append(f"{plural(after.partitions or 0, 'call')} instead of {before.partitions}")
    old, new = ({hazard.id: None for hazard in point.hazards} for point in (before, after))
    words.append(hazard_changes([name for name in new if name not in old], [name for name in old if name not in new]))
    if before.ms != after.ms and before.ms is not None and after.ms is not None:
        words.append(f"{significant(before.ms, 3)} to {milliseconds(after.ms, 3)}")
    return ", ".join(filter(None, words)) or "nothing changes"


def hazard_changes(gained: Sequence[str], lost: Sequence[str]) -> str:
    """Return hazards that came and went, empty if none did."""
    changes = (("new hazard", gained), ("without hazard", lost))
    return ", ".join(f"{label} {' and '.join(rules)}" for label, rules in changes if rules)


def largest_words(answer: AffordableEntry) -> str:
    """Return the largest size that holds, or that none does, or that nobody knows."""
    if answer.largest is not None:
        return answer.largest.size
    is_unknown = answer.following is not None and answer.following.status is PointStatus.UNKNOWN
    return "unknown" if is_unknown else "none"


def stops_words(answer: AffordableEntry) -> str:
    """Return what stops the next size: `241x241 does not: predicted-ms 33.79`."""
    following = answer.following
    if following is None:
        return "nothing larger was looked at" if answer.largest is not None else ""
    if following.status is PointStatus.UNKNOWN:
        return "" if answer.largest is None else f"from {following.size} on nothing is known"
    if answer.largest is None:
        return f"{following.size} has {failed_words(following)}"
    between = "" if answer.exact else " (sizes between were not looked at)"
    return f"{following.size} does not: {failed_words(following)}{between}"


def failed_words(judged: JudgedEntry) -> str:
    """Return the requirements that a size does not meet, with the values found: `predicted-ms 36.0`."""
    return ", ".join(
        f"{entry.quantity} {'unknown' if entry.found is None else f'{entry.found:.4g}'}"
        for entry in judged.requirements
        if not entry.holds
    )


def _times(cliff: CliffEntry) -> str:
    before, after = cliff.before_ms or 0.0, cliff.after_ms or 0.0
    macs = f", MACs {significant(cliff.macs_ratio, 3)} times" if cliff.macs_ratio else ""
    ratio = significant(cliff.time_ratio or 0.0, 3)
    return f"{significant(before, 3)} to {milliseconds(after, 3)} ({ratio} times as long{macs})"


def _share(cliff: CliffEntry) -> str:
    total = f"of {cliff.after_operators} operators on the NPU"
    return f"{cliff.after_npu_operators} {total} instead of {cliff.before_npu_operators}"


def _memory(cliff: CliffEntry) -> str:
    culprit = cliff.culprit
    return f"{culprit.after} of {culprit.limit}" if culprit is not None and culprit.index is None else "memory"


_SAID: dict[CliffKind, Callable[[CliffEntry], str]] = {
    CliffKind.FAILURE: lambda cliff: "the compiler fails" if cliff.after_ms is None else "the compiler no longer fails",
    CliffKind.SHARE: _share,
    CliffKind.MEMORY: _memory,
    CliffKind.HAZARD: lambda cliff: hazard_changes(cliff.hazards_gained, cliff.hazards_lost),
    CliffKind.PARTITIONS: lambda cliff: (
        f"{plural(cliff.after_partitions or 0, 'call')} instead of {cliff.before_partitions}"
    ),
    CliffKind.TIME: lambda _: "",
}
"""What is said of each kind; times are said once, at the end."""
