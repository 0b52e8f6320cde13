"""The tables and lists of a comparison in words; every format of it shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from npufit.comparing import (
    CompareResult,
    Comparison,
    MatchedBy,
    MemoryChange,
    OperatorPair,
    RuleChange,
    Snapshot,
    SnapshotHazard,
    SnapshotOperator,
    SnapshotTime,
)
from npufit.formatting import plural, printable, ranges, shorten, significant, size
from npufit.graph import OperatorId
from npufit.report.compare.time_words import range_words
from npufit.stacks import Unit

_TYPES = 6
"""Operator types that a list names; the others are counted."""
_MESSAGE = 240


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """One row of the table: what it is, and its value on both sides."""

    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        """Whether both sides differ."""
        return self.before != self.after


def side_words(snapshot: Snapshot) -> str:
    """Return what one side is: the model, the target, and the file that it was read from."""
    origin = f" (saved in {shorten(snapshot.file)} by npufit {printable(snapshot.npufit_version)})"
    return f"{shorten(snapshot.model)} on {printable(snapshot.name)}{origin if snapshot.file else ''}"


def comparison_rows(comparison: Comparison) -> list[BeforeAfter]:
    """Return both sides in numbers: operators, hazards, partitions, time, memory."""
    before, after = comparison.before, comparison.after

    def counted(label: str, value: int, other: int) -> BeforeAfter:
        return BeforeAfter(label, str(value), str(other))

    rows = [
        counted("operators", len(before.operators), len(after.operators)),
        *(
            counted(label, before.count(unit), after.count(unit))
            for unit, label in _UNITS.items()
            if unit is not Unit.UNKNOWN or before.count(unit) or after.count(unit)
        ),
        counted("hazards", len(before.hazards), len(after.hazards)),
        counted("partitions", before.partitions, after.partitions),
        BeforeAfter("copied at boundaries", size(before.boundary_bytes), size(after.boundary_bytes)),
    ]
    return [*rows, *_time_rows(before.time, after.time), *map(_memory_row, comparison.memory)]


_UNITS = {Unit.NPU: "  on the NPU", Unit.CPU: "  on the CPU", Unit.UNKNOWN: "  unknown"}


def _time_rows(before: SnapshotTime | None, after: SnapshotTime | None) -> Iterator[BeforeAfter]:
    yield BeforeAfter("predicted ms", range_words(before), range_words(after))
    parts = (
        ("  NPU", "npu_ms"),
        ("  CPU", "cpu_ms"),
        ("  calls and copies", "overhead_ms"),
        ("CPU alone, ms", "cpu_only_ms"),
    )
    for label, name in parts:
        values = [None if time is None else getattr(time, name) for time in (before, after)]
        if any(value is not None for value in values):
            yield BeforeAfter(label, *("unknown" if value is None else significant(value) for value in values))


def _memory_row(change: MemoryChange) -> BeforeAfter:
    cells: list[str] = []
    for use in (change.before, change.after):
        limit = "" if use is None or use.limit_bytes is None else f" of {size(use.limit_bytes)}"
        cells.append("-" if use is None else f"{size(use.used_bytes)}{limit}{'' if use.fits else ' TOO SMALL'}")
    return BeforeAfter(shorten(change.name, 40), *cells)


def moved_lists(comparison: Comparison) -> list[tuple[str, Sequence[OperatorPair]]]:
    """Return the operators that moved, by where to, each list with its title."""
    lists = (
        ("Moved to the CPU", comparison.moved_to_cpu),
        ("Became unknown", comparison.became_unknown),
        ("Moved to the NPU", comparison.moved_to_npu),
    )
    return [(title, pairs) for title, pairs in lists if pairs]


def hazard_lists(comparison: Comparison) -> list[tuple[str, Sequence[SnapshotHazard]]]:
    """Return the hazards that came and those that went, each list with its title."""
    lists = (("Hazards gained", comparison.hazards_gained), ("Hazards lost", comparison.hazards_lost))
    return [(title, hazards) for title, hazards in lists if hazards]


def one_sided(result: CompareResult) -> list[tuple[str, str]]:
    """Return the targets without a counterpart in words, each with the side that has them."""
    sides = (("before", result.only_before), ("after", result.only_after))
    return [(name, printable(", ".join(side.name for side in alone))) for name, alone in sides if alone]


def rule_words(change: RuleChange) -> str:
    """Return whether a rule applies newly or no longer; empty if it applied before and still does."""
    return "newly applies" if not change.before else "" if change.after else "no longer applies"


@dataclass(frozen=True, slots=True)
class MovedGroup:
    """Operators that moved to another unit for one reason; `rule` and `statement` are empty without one."""

    rule: str
    statement: str
    limit: str
    found: str
    members: str
    count: int


def moved_groups(pairs: Sequence[OperatorPair], several_subgraphs: bool) -> list[MovedGroup]:
    """Return operators that moved, by the rule that keeps them off the NPU now or did before; the largest group
    first."""
    groups: dict[str, list[OperatorPair]] = {}
    for pair in pairs:
        reason = pair.after.reason or pair.before.reason
        groups.setdefault("" if reason is None else reason.rule, []).append(pair)
    return [
        _group(rule, members, several_subgraphs) for rule, members in sorted(groups.items(), key=lambda g: -len(g[1]))
    ]


def _group(rule: str, members: Sequence[OperatorPair], several_subgraphs: bool) -> MovedGroup:
    reason = members[0].after.reason or members[0].before.reason
    return MovedGroup(
        rule=printable(rule),
        statement="" if reason is None else printable(reason.statement),
        limit="" if reason is None else shorten(reason.limit),
        found="" if reason is None else shorten(reason.found),
        members=operators_in_words([pair.after for pair in members], several_subgraphs),
        count=len(members),
    )


@dataclass(frozen=True, slots=True)
class HazardGroup:
    """Hazards of one rule and effect: where they are, what they are in general, and what happens at the first."""

    rule: str
    effect: str
    places: str
    count: int
    statement: str
    message: str


def hazard_groups(hazards: Sequence[SnapshotHazard], several_subgraphs: bool) -> list[HazardGroup]:
    """Return hazards by rule and effect, the worst effect first."""
    groups: dict[tuple[str, str], list[SnapshotHazard]] = {}
    for hazard in sorted(hazards, key=lambda hazard: hazard.effect.severity):
        effect = f"{'' if hazard.certain else 'may be '}{hazard.effect}"
        groups.setdefault((hazard.rule, effect), []).append(hazard)
    return [
        HazardGroup(
            rule=printable(rule),
            effect=effect,
            places=places_in_words([hazard.operators[0] for hazard in members], several_subgraphs),
            count=len(members),
            statement=printable(members[0].statement),
            message=shorten(members[0].message, _MESSAGE),
        )
        for (rule, effect), members in groups.items()
    ]


def operators_in_words(operators: Sequence[SnapshotOperator], several_subgraphs: bool = False, most: int = 12) -> str:
    """Return operators by type and index, such as `2 ADD, CONV_2D (4, 7-8)`; at most `most` ranges of indices."""
    return f"{type_counts(operators)} ({places_in_words([entry.id for entry in operators], several_subgraphs, most)})"


def places_in_words(places: Iterable[OperatorId], several_subgraphs: bool = False, most: int = 12) -> str:
    """Return indices of operators as ranges, such as `4, 7-8`, after that of their subgraph if there are several."""
    by_subgraph: dict[int, set[int]] = {}
    for place in places:
        by_subgraph.setdefault(place.subgraph, set()).add(place.index)
    return "; ".join(
        f"{f'{subgraph}:' if several_subgraphs else ''}{ranges(sorted(indices), most)}"
        for subgraph, indices in sorted(by_subgraph.items())[:most]
    )


def type_counts(operators: Iterable[SnapshotOperator]) -> str:
    """Return the types of operators with their counts, such as `3 PAD, CONV_2D`."""
    counts = Counter(shorten(operator.type, 60) for operator in operators)
    named = [name if count == 1 else f"{count} {name}" for name, count in counts.most_common(_TYPES)]
    return ", ".join([*named, *([f"{len(counts) - _TYPES} more types"] if len(counts) > _TYPES else [])])


def place_words(place: OperatorId, several_subgraphs: bool = False) -> str:
    """Return the index of an operator, with its subgraph if there are several."""
    return f"{place.subgraph}:{place.index}" if several_subgraphs else str(place.index)


def has_subgraphs(comparison: Comparison) -> bool:
    """Return whether either model has operators outside of its main subgraph."""
    return any(operator.id.subgraph for side in (comparison.before, comparison.after) for operator in side.operators)


def remarks(comparison: Comparison) -> list[str]:
    """Return what a reader must know about the comparison: how operators were matched, what else differs."""
    found: list[str] = []
    matching = comparison.matching
    if not matching.is_identical:
        ways = Counter(pair.by for pair in matching.pairs)
        how = ", ".join(f"{count} by {_MATCHED[way]}" for way, count in ways.most_common())
        matched = f"{plural(len(matching.pairs), 'operator')}{f' ({how})' if how else ''}"
        found.append(f"The models differ. Matched: {matched}.")
        if 2 * len(matching.pairs) < min(len(comparison.before.operators), len(comparison.after.operators)):
            found.append("Most operators have no counterpart: these are different networks. Compare their totals.")
    before, after = comparison.before, comparison.after
    if before.npufit_version != after.npufit_version:
        found.append(
            f"Checked by npufit {printable(before.npufit_version)} and {printable(after.npufit_version)}: rules and "
            "predicted times may differ because npufit changed."
        )
    if before.time is not None and after.time is not None and before.time.threads != after.time.threads:
        found.append(f"Predicted for {before.time.threads} and {after.time.threads} CPU threads.")
    if before.profile != after.profile:
        found.append("Only one side uses a board's own coefficients, or they use different ones.")
    if comparison.became_known:
        found.append(f"{plural(len(comparison.became_known), 'operator')} unknown before: now known.")
    return found


_MATCHED = {
    MatchedBy.IDENTITY: "identity",
    MatchedBy.NAME: "tensor name",
    MatchedBy.SHAPE: "type and shape",
    MatchedBy.TYPE: "type and position",
}
