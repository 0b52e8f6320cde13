"""What a probe found out, as `--json` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.probing import ProbeResult
from npufit.probing.searching import OperatorFindings
from npufit.report.document import Count, Document
from npufit.report.probe.implied import implied_limits
from npufit.stacks import Evidence
from npufit.stacks.probed import (
    Beyond,
    Condition,
    Confidence,
    Crash,
    GroupLimit,
    Kept,
    Limit,
    Probed,
    Relation,
    Scope,
    Separator,
    Value,
)

ANY_OPERATOR = "*"
"""The operator of limits on groups."""


@dataclass(frozen=True, slots=True)
class ConditionEntry(Document):
    """Where a limit holds: `stride_h >= 4`, or `padding` one of SAME."""

    quantity: str
    relation: Relation
    limit: int | None
    accepted: tuple[Value, ...]
    """the values of a condition on words or sets"""


@dataclass(frozen=True, slots=True)
class ImpliedEntry(Document):
    """A limit on another quantity that follows."""

    quantity: str
    limit: int


@dataclass(frozen=True, slots=True)
class LimitEntry(Document):
    """One limit: `operator` runs on the NPU if `quantity` `relation` `limit`, where all of `when` hold."""

    operator: str
    """the type; * for a limit on a group of operators"""
    scope: Scope
    """what the converter decides over: one operator, a segment between operators that it never takes, or the graph"""
    quantity: str
    """h, w, c, ofm_h, kh, stride_h, weights_bytes, …, or a product such as w*c"""
    relation: Relation
    limit: int | None
    """the largest accepted value; for >= the smallest, for multiple-of the divisor; null for a set of words"""
    next_refused: int | None
    """the nearest refused value"""
    accepted: tuple[Value, ...]
    """for one-of: the accepted values"""
    refused: tuple[Value, ...]
    """for one-of: the values that were refused; for none-of: all refused values"""
    when: tuple[ConditionEntry, ...]
    beyond: Beyond
    """what happens beyond it"""
    evidence: Evidence
    confidence: Confidence
    alternatives: tuple[str, ...]
    """quantities that the answers do not tell from this one"""
    kept: Kept | None
    """for a group: what stays on the NPU if the whole is too large; null for an operator"""
    implied: tuple[ImpliedEntry, ...]
    """what follows for other quantities, with one byte per element"""
    questions: Count


@dataclass(frozen=True, slots=True)
class CrashEntry(Document):
    """A model on which the tool died, hung or ended with an error, while its neighbours pass."""

    operator: str
    beyond: Beyond
    values: dict[str, Value]
    """the quantities of the model"""
    message: str
    """the tool's last words"""
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class SeparatorEntry(Document):
    """An operator type that is never taken and decides what becomes of the operators around it."""

    operator: str
    kept: Kept
    questions: Count
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class AxisEntry(Document):
    """What was asked along one axis with everything else at its base."""

    axis: str
    accepted: tuple[Value, ...]
    refused: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class OperatorEntry(Document):
    """One operator type that was asked about."""

    operator: str
    taken: bool
    """false if no model of it was accepted"""
    questions: Count
    complete: bool
    """false if the probe ended before the search of this operator did"""
    axes: tuple[AxisEntry, ...]
    unexplained: tuple[str, ...]
    """answers that no limit explains, in sentences"""


@dataclass(frozen=True, slots=True)
class ProbeDocument(Document):
    """The limits of one converter, as found by asking it."""

    schema_version: Literal[1]
    npufit_version: str
    name: str
    """the target, or the command that was probed"""
    target: str
    """the target that it compiles for; empty if npufit knows none"""
    tool: str
    version: str
    """the version that the tool states; empty if it states none"""
    seed: int
    questions: Count
    """different models that were asked about, in all"""
    kept: Count
    """how many of the answers came from the cache"""
    ended_by: str
    """what ended the probe early; empty if it is complete"""
    operators: tuple[OperatorEntry, ...]
    limits: tuple[LimitEntry, ...]
    """a limit that follows from another is not listed"""
    separators: tuple[SeparatorEntry, ...]
    crashes: tuple[CrashEntry, ...]
    statements: tuple[str, ...]
    """what is known about groups of operators, in sentences"""


def probe_document(result: ProbeResult) -> ProbeDocument:
    """Return the document of a probe."""
    rules = result.rules
    findings = {entry.operator: entry for entry in result.operators}
    limits = [limit_entry(limit) for limit in rules.limits]
    return ProbeDocument(
        schema_version=1,
        npufit_version=__version__,
        name=rules.name,
        target=rules.target,
        tool=rules.tool,
        version=rules.version,
        seed=rules.seed,
        questions=result.questions,
        kept=result.kept,
        ended_by=result.ended_by,
        operators=tuple(_operator(probed, findings.get(probed.operator)) for probed in rules.operators),
        limits=(*limits, *(_group_limit(limit) for limit in rules.groups)),
        separators=tuple(_separator(separator) for separator in rules.separators),
        crashes=tuple(_crash(crash) for crash in rules.crashes),
        statements=() if result.groups is None else result.groups.statements,
    )


def _operator(probed: Probed, found: OperatorFindings | None) -> OperatorEntry:
    return OperatorEntry(
        operator=probed.operator,
        taken=probed.is_taken,
        questions=probed.questions,
        complete=found is None or found.is_complete,
        axes=() if found is None else tuple(_axes(found)),
        unexplained=() if found is None else found.unexplained,
    )


def _axes(found: OperatorFindings) -> Iterator[AxisEntry]:
    """Yield the axes along which more than the start was asked."""
    for reach in found.reaches:
        if len(reach.accepted) + len(reach.refused) > 1:
            yield AxisEntry(reach.axis, reach.accepted, reach.refused)


def limit_entry(limit: Limit) -> LimitEntry:
    """Return a limit on an operator as an entry."""
    return LimitEntry(
        operator=limit.operator,
        scope=Scope.OPERATOR,
        quantity=limit.quantity,
        relation=limit.relation,
        limit=_number(limit),
        next_refused=limit.next_refused,
        accepted=limit.accepted,
        refused=limit.refused,
        when=tuple(_condition(condition) for condition in limit.when),
        beyond=limit.beyond,
        evidence=limit.evidence,
        confidence=limit.confidence,
        alternatives=limit.alternatives,
        kept=None,
        implied=_implied(limit.quantity, limit.relation, limit.limit),
        questions=limit.questions,
    )


def _number(limit: Limit) -> int | None:
    """Return the number of a limit; of a set of numbers the largest."""
    numbers = [value for value in limit.accepted if isinstance(value, int)]
    if limit.limit is None and limit.relation is Relation.ONE_OF and len(numbers) == len(limit.accepted):
        return max(numbers, default=None)
    return limit.limit


def _group_limit(limit: GroupLimit) -> LimitEntry:
    return LimitEntry(
        operator=ANY_OPERATOR,
        scope=limit.scope,
        quantity=limit.quantity,
        relation=Relation.AT_MOST,
        limit=limit.limit,
        next_refused=limit.next_refused,
        accepted=(),
        refused=(),
        when=(),
        beyond=limit.beyond,
        evidence=limit.evidence,
        confidence=limit.confidence,
        alternatives=limit.alternatives,
        kept=limit.kept,
        implied=(),
        questions=limit.questions,
    )


def _implied(quantity: str, relation: Relation, limit: int | None) -> tuple[ImpliedEntry, ...]:
    if limit is None or relation is not Relation.AT_MOST:
        return ()
    return tuple(ImpliedEntry(other, limit) for other in implied_limits(quantity))


def _condition(condition: Condition) -> ConditionEntry:
    return ConditionEntry(condition.quantity, condition.relation, condition.limit, condition.accepted)


def _separator(separator: Separator) -> SeparatorEntry:
    return SeparatorEntry(separator.operator, separator.kept, separator.questions, separator.evidence)


def _crash(crash: Crash) -> CrashEntry:
    return CrashEntry(crash.operator, crash.beyond, dict(crash.values), crash.message, crash.evidence)
