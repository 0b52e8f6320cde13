"""What is to blame for a cliff: the first operator that differs between its two sides, with its rule and value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npufit.formatting import milliseconds, shorten, size
from npufit.stacks import Unit
from npufit.sweeping.outcome import Outcome, PointHazard, PointOperator
from npufit.sweeping.point import Point

_REASON_WIDTH = 800


@dataclass(frozen=True, slots=True)
class Culprit:
    """An operator, and what is true of it before and after the cliff.

    `subgraph`, `index`, `type` and `name` are empty (-1) if a memory or a tool is to blame; `rule` and `limit` are
    empty if no rule is.
    """

    before: str
    after: str
    rule: str = ""
    limit: str = ""
    subgraph: int = -1
    index: int = -1
    type: str = ""
    name: str = ""


def failing_tool(before: Point, after: Point) -> Culprit:
    """Return what the compiler said where it failed."""
    return Culprit(_verdict(before), _verdict(after))


def first_difference(before: Point, after: Point) -> Culprit | None:
    """Return the first operator that runs on another unit."""
    for old, new in _paired(before, after):
        if old.unit is not new.unit:
            refused = new if new.rule else old
            return _of_operator(new, _where(old), _where(new), refused)
    return None


def first_split(before: Point, after: Point) -> Culprit | None:
    """Return the first operator at which a call of the NPU begins on one side only."""
    previous: tuple[int | None, int | None] = (None, None)
    for old, new in _paired(before, after):
        begins = _begins(old, previous[0]), _begins(new, previous[1])
        if begins[0] != begins[1]:
            return _of_operator(new, _CALLS[begins[0]], _CALLS[begins[1]])
        previous = old.partition, new.partition
    return None


def slowest_step(before: Point, after: Point) -> Culprit | None:
    """Return the operator whose time changed the most."""
    timed = [(old, new) for old, new in _paired(before, after) if old.ms is not None and new.ms is not None]
    if not timed:
        return None
    old, new = max(timed, key=lambda pair: abs((pair[1].ms or 0.0) - (pair[0].ms or 0.0)))
    return _of_operator(new, milliseconds(old.ms or 0.0), milliseconds(new.ms or 0.0))


def first_hazard(before: Point, after: Point) -> Culprit | None:
    """Return the operator of the first hazard that exists on one side only."""
    old, new = (_hazards(point.outcome) for point in (before, after))
    for rule, hazard in (*new.items(), *old.items()):
        if (rule in old) == (rule in new):
            continue
        appears = rule in new
        outcome = after.outcome if appears else before.outcome
        operator = _operator(outcome, hazard)
        words = "no hazard", hazard.message
        first, second = words if appears else words[::-1]
        if operator is None:
            return Culprit(first, second, rule=hazard.rule)
        return _of_operator(operator, first, second, rule=hazard.rule)
    return None


def full_memory(before: Point, after: Point) -> Culprit | None:
    """Return the memory that is too small on one side."""
    if before.outcome is None or after.outcome is None:
        return None
    uses = {need.memory: need for need in before.outcome.memory}
    for need in after.outcome.memory:
        old = uses.get(need.memory)
        if old is not None and old.fits != need.fits and need.limit_bytes is not None:
            limit = f"{need.memory} {size(need.limit_bytes)}"
            return Culprit(f"needs {size(old.used_bytes)}", f"needs {size(need.used_bytes)}", limit=limit)
    return None


def _begins(operator: PointOperator, previous: int | None) -> bool:
    return operator.partition is not None and operator.partition != previous


_CALLS: dict[bool, str] = {True: "a call of the NPU begins here", False: "no call begins here"}


def _paired(before: Point, after: Point) -> Iterator[tuple[PointOperator, PointOperator]]:
    """Yield the same operator on both sides, in order; those that only one side has are left out."""
    if before.outcome is None or after.outcome is None:
        return
    old, new = before.outcome.operators, after.outcome.operators
    if [entry.type for entry in old] == [entry.type for entry in new]:
        yield from zip(old, new, strict=True)
        return
    by_name = {(entry.name, entry.type): entry for entry in old}
    for entry in new:
        if (entry.name, entry.type) in by_name:
            yield by_name[entry.name, entry.type], entry


def _of_operator(
    operator: PointOperator, before: str, after: str, refused: PointOperator | None = None, *, rule: str = ""
) -> Culprit:
    return Culprit(
        before=before,
        after=after,
        rule=rule or (refused.rule if refused is not None else ""),
        limit=refused.limit if refused is not None else "",
        subgraph=operator.subgraph,
        index=operator.index,
        type=operator.type,
        name=operator.name,
    )


def _where(operator: PointOperator) -> str:
    words = _UNITS[operator.unit]
    return f"{words}: {operator.found}" if operator.found else words


_UNITS: dict[Unit, str] = {Unit.NPU: "on the NPU", Unit.CPU: "on the CPU", Unit.UNKNOWN: "unknown"}


def _hazards(outcome: Outcome | None) -> dict[tuple[str, str], PointHazard]:
    found: dict[tuple[str, str], PointHazard] = {}
    for hazard in outcome.hazards if outcome is not None else ():
        found.setdefault((hazard.rule, hazard.effect), hazard)
    return found


def _operator(outcome: Outcome | None, hazard: PointHazard) -> PointOperator | None:
    operators = outcome.operators if outcome is not None else ()
    place = hazard.subgraph, hazard.operator
    return next((entry for entry in operators if (entry.subgraph, entry.index) == place), None)


def _verdict(point: Point) -> str:
    return shorten(point.reason, _REASON_WIDTH) if point.reason else "no failure"
