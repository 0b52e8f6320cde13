"""Placement by a rule file: each operator by the limits of its type, then groups of those that are taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from npufit.graph import Model, Operator, OperatorId, Subgraph, wire
from npufit.stacks.delegates import describe_partition, partition_epochs
from npufit.stacks.hazard import make_hazard
from npufit.stacks.placement import Hazard, OperatorPlacement, Partition, Placement, Unit
from npufit.stacks.probed import rules
from npufit.stacks.probed.deciding import broken_limit, known_crash, unasked_gap, unasked_range
from npufit.stacks.probed.graph_quantities import GRAPH_QUANTITIES, measure_graph
from npufit.stacks.probed.keeping import Loss, find_losses, groups_of
from npufit.stacks.probed.keeping_to import is_wide_gap
from npufit.stacks.probed.limit import Beyond, Crash, Kept, Limit, Scope, Separator
from npufit.stacks.probed.probed_rules import Probed, ProbedRules
from npufit.stacks.probed.quantities import Measured, measure
from npufit.stacks.probed.wording import found_words, gap_words, limit_words, range_words
from npufit.stacks.rule import Evidence, Finding, Rule, RuleKind
from npufit.stacks.target import Target

_FAILS = {
    Beyond.ERROR: "ends with an error",
    Beyond.CRASH: "crashes",
    Beyond.TIMEOUT: "does not end",
}


_SCOPES = {
    Scope.OPERATOR: "an operator",
    Scope.SEGMENT: "a run of operators",
    Scope.GRAPH: "a model",
}


@dataclass(frozen=True, slots=True)
class _Decided:
    """What the rules say of one operator: why it is off the NPU, and the failure that it would cause."""

    finding: Finding | None = None
    failure: str = ""


def place_by_limits(model: Model, target: Target, known: ProbedRules) -> Placement:
    """Return where every operator runs by the limits in `known`; nothing is certain, for nobody asked about `model`."""
    judge = _Judge(known)
    operators: list[OperatorPlacement] = []
    partitions: list[Partition] = []
    hazards: list[Hazard] = []
    for number, subgraph in enumerate(model.subgraphs):
        decided = judge.decide(subgraph)
        cut = list(_partitions(subgraph, number, len(partitions), [entry.finding is None for entry in decided]))
        partition_of = {index: partition.index for partition in cut for index in partition.operators}
        partitions += cut
        for index, entry in enumerate(decided):
            operators.append(_placed(OperatorId(number, index), entry.finding, partition_of.get(index)))
        hazards += _hazards(number, subgraph, decided)
    return Placement(target=target, operators=tuple(operators), partitions=tuple(partitions), hazards=tuple(hazards))


class _Judge:
    """The limits of a rule file, by type of operator."""

    def __init__(self, known: ProbedRules) -> None:
        self._known = known
        self._types = {entry.operator: entry for entry in known.operators}
        self._limits: dict[str, list[Limit]] = {}
        self._crashes: dict[str, list[Crash]] = {}
        for limit in known.limits:
            self._limits.setdefault(limit.operator, []).append(limit)
        for crash in known.crashes:
            self._crashes.setdefault(crash.operator, []).append(crash)

    def decide(self, subgraph: Subgraph) -> list[_Decided]:
        """Return what the rules say of each operator of a graph."""
        decided = [self._alone(subgraph, operator) for operator in subgraph.operators]
        eligible = [entry.finding is None for entry in decided]
        losses = find_losses(subgraph, eligible, self._known.groups, self._known.separators)
        for index, loss in losses.items():
            finding = self._lost(subgraph, index, eligible, loss)
            beyond = Beyond.REFUSED if isinstance(loss, Separator) else loss.beyond
            failure = _failure(beyond, f"beyond {finding.limit}")
            decided[index] = _Decided(finding, decided[index].failure or failure)
        return decided

    def _alone(self, subgraph: Subgraph, operator: Operator) -> _Decided:
        known = self._types.get(operator.name)
        if known is None:
            found = f"{operator.name}: not asked about"
            return _Decided(rules.UNASKED.finding(found, Evidence.INFERRED, self._known.source))
        if not known.is_taken:
            found = f"{operator.name}: none of {known.questions:,} models was taken"
            return _Decided(rules.NEVER_TAKEN.finding(found, Evidence.INFERRED, self._known.source))
        return self._within(known, measure(subgraph, operator))

    def _within(self, known: Probed, measured: Measured) -> _Decided:
        crash = known_crash(self._crashes.get(known.operator, ()), measured)
        failure = _failure(crash.beyond, "on this operator in the probe") if crash is not None else ""
        limits = self._limits.get(known.operator, ())
        limit = broken_limit(limits, measured)
        if limit is not None:
            said, found = limit_words(limit), found_words(limit.quantity, measured)
            finding = self._finding(rules.rule_of(limit.quantity), f"Taken only if {said}.", said, found)
            finding = replace(finding, remedies=rules.remedies_of(limit.quantity))
            return _Decided(finding, failure or _failure(limit.beyond, f"beyond {said}"))
        gap = unasked_gap(limits, measured)
        if gap is not None:
            statement = f"The probe asked about no {known.operator} with {gap_words(gap)}."
            found = found_words(gap.quantity, measured)
            return _Decided(self._finding(rules.UNASKED, statement, limit_words(gap), found), failure)
        asked = unasked_range(known.ranges, limits, measured)
        if asked is None:
            return _Decided(failure=failure)
        said = range_words(asked)
        statement = f"The probe asked only about {known.operator} with {said}."
        return _Decided(self._finding(rules.UNASKED, statement, said, found_words(asked.quantity, measured)), failure)

    def _lost(self, subgraph: Subgraph, index: int, eligible: Sequence[bool], loss: Loss) -> Finding:
        if isinstance(loss, Separator):
            side = {Kept.SUFFIX: "after it", Kept.PREFIX: "before it"}.get(loss.kept, "around it")
            statement = f"Taken alone, but not with {loss.operator} {side}, which the converter never takes."
            return self._finding(
                rules.SEPARATOR, statement, f"no {loss.operator} {side}", f"the model has {loss.operator}"
            )
        group = next(group for group in groups_of(loss.scope, eligible) if index in group)
        value = measure_graph(subgraph, group)[loss.quantity]
        whole, what = _SCOPES[loss.scope], GRAPH_QUANTITIES[loss.quantity]
        said = f"{loss.quantity} <= {loss.limit:,} of {whole}"
        end = loss.next_refused
        if end is not None and value < end and is_wide_gap(loss.limit, end):
            answers = f"{loss.limit:,} was taken, {end:,} was not"
            statement = f"Taken alone; what becomes of {whole} with {value:,} {what} was not asked: {answers}."
            return self._finding(rules.UNASKED, statement, said, f"{value:,}")
        statement = f"Taken alone, but {whole} may have {loss.limit:,} {what}, and has {value:,}."
        return self._finding(rules.GROUP, statement, said, f"{value:,}")

    def _finding(self, rule: Rule, statement: str, limit: str, found: str) -> Finding:
        """Return `rule` with what it says of the operator at hand."""
        told = replace(rule, statement=statement)
        return Finding(told, limit, found, rule.remedies, Evidence.INFERRED, self._known.source)


def _failure(beyond: Beyond, where: str) -> str:
    return f"the converter {_FAILS[beyond]} {where}" if beyond in _FAILS else ""


def _partitions(subgraph: Subgraph, number: int, first: int, taken: Sequence[bool]) -> Iterator[Partition]:
    wiring = wire(subgraph)
    for index, operators in enumerate(partition_epochs(subgraph, taken), first):
        yield describe_partition(subgraph, wiring, number, index, operators)


def _placed(place: OperatorId, finding: Finding | None, partition: int | None) -> OperatorPlacement:
    if finding is None:
        return OperatorPlacement(place, Unit.NPU, Evidence.INFERRED, partition)
    unit = Unit.UNKNOWN if finding.rule.kind is RuleKind.UNKNOWN else Unit.CPU
    return OperatorPlacement(place, unit, finding.evidence, None, finding)


def _hazards(number: int, subgraph: Subgraph, decided: Sequence[_Decided]) -> Iterable[Hazard]:
    for index, entry in enumerate(decided):
        if entry.failure:
            name = subgraph.operators[index].name
            message = f"{entry.failure}, so there may be no file for the whole model"
            found = entry.finding.found if entry.finding is not None else name
            yield make_hazard(rules.CRASH, number, (index,), message, found, evidence=Evidence.INFERRED)
