"""Output of a board or a tool, and how it overrides the rules.

A log is what happened; rules are what we expect. The log decides, and every difference between the two is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from npufit.graph import Model, OperatorId, wire
from npufit.stacks.delegates.partitioning import describe_partition, partition_epochs
from npufit.stacks.placement import Difference, Note, NpuCount, OperatorPlacement, Partition, Placement, Status, Unit
from npufit.stacks.rule import Evidence, RuleKind


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a log says about one model.

    `units` has the log's unit for each operator that it names; `partitions`, `npu_operators` and `total_operators` are
    its totals, None if it gives none. `counts_source_operators` is False if the totals count the tool's own operators,
    not the file's. `cut_by_tflite` says that TensorFlow Lite forms the partitions from the units, so that they can be
    recomputed. `said_by` names what decided: the log, or the library that printed it.
    """

    kind: str
    units: Mapping[OperatorId, Unit] = field(default_factory=dict[OperatorId, Unit])
    partitions: int | None = None
    npu_operators: int | None = None
    total_operators: int | None = None
    counts_source_operators: bool = True
    cut_by_tflite: bool = False
    notes: tuple[Note, ...] = ()
    said_by: str = "the log"


def apply_log(placement: Placement, report: LogReport, model: Model) -> Placement:
    """Return `placement` corrected by the log, with every difference between the two.

    Operators that the log does not name keep the rules' answer; totals of the log are compared, not applied, because
    they do not say which operators they mean. Hazards of operators that turn out to be on the CPU are dropped.
    """
    differences: list[Difference] = []
    operators: list[OperatorPlacement] = []
    for operator in placement.operators:
        unit = report.units.get(operator.id)
        if unit is not None and unit is not operator.unit and operator.unit is not Unit.UNKNOWN:
            name = model.operator(operator.id).name
            differences.append(Difference(operator.id, f"unit of {name}", operator.unit, unit))
        operators.append(operator if unit is None else _as_logged(operator, unit, report.said_by))
    partitions = placement.partitions
    if differences and report.cut_by_tflite:
        partitions = _cut(model, operators)
        partition_of = {OperatorId(p.subgraph, index): p.index for p in partitions for index in p.operators}
        operators = [replace(operator, partition=partition_of.get(operator.id)) for operator in operators]
    before = {operator.id for operator in placement.operators if operator.unit is Unit.NPU}
    moved = before - {operator.id for operator in operators if operator.unit is Unit.NPU}
    differences += _total_differences(placement, report, operators)
    return replace(
        placement,
        operators=tuple(operators),
        partitions=partitions,
        hazards=tuple(hazard for hazard in placement.hazards if hazard.culprit not in moved),
        differences=(*placement.differences, *differences),
        notes=(*report.notes, *placement.notes),
        log=report.kind,
        log_totals=_totals(report),
        npu_count=_count(report) or placement.npu_count,
    )


def _count(report: LogReport) -> NpuCount | None:
    if report.npu_operators is None or not report.total_operators:
        return None
    return NpuCount(
        report.npu_operators, report.total_operators, report.partitions, False, Evidence.EXECUTED, report.kind
    )


def _totals(report: LogReport) -> str:
    words: list[str] = []
    if report.npu_operators is not None:
        total = f" of {report.total_operators}" if report.total_operators is not None else ""
        words.append(f"{report.npu_operators}{total} operators on the NPU")
    if report.partitions is not None:
        words.append(f"{report.partitions} partition{'' if report.partitions == 1 else 's'}")
    text = " in ".join(words)
    own = report.npu_operators is not None and not report.counts_source_operators
    return f"{text} (the tool's own count, not the file's)" if own else text


def _as_logged(operator: OperatorPlacement, unit: Unit, said_by: str) -> OperatorPlacement:
    if unit is operator.unit:
        return replace(operator, evidence=Evidence.EXECUTED)
    reason = operator.finding
    if unit is Unit.NPU or (reason is not None and reason.rule.kind is RuleKind.UNKNOWN):
        reason = None
    unexplained = unit is Unit.CPU and reason is None
    return replace(
        operator,
        unit=unit,
        evidence=Evidence.EXECUTED,
        finding=reason,
        partition=None,
        note=f"{said_by} has it on the CPU and gives no reason" if unexplained else "",
    )


def _cut(model: Model, operators: Sequence[OperatorPlacement]) -> tuple[Partition, ...]:
    """Return the partitions that TensorFlow Lite forms from these units."""
    on_npu = {operator.id for operator in operators if operator.unit is Unit.NPU}
    partitions: list[Partition] = []
    for number, subgraph in enumerate(model.subgraphs):
        wiring = wire(subgraph)
        supported = [OperatorId(number, index) in on_npu for index in range(len(subgraph.operators))]
        for epoch in partition_epochs(subgraph, supported):
            partitions.append(describe_partition(subgraph, wiring, number, len(partitions), epoch))
    return tuple(partitions)


def _total_differences(placement: Placement, report: LogReport, operators: list[OperatorPlacement]) -> list[Difference]:
    differences: list[Difference] = []
    if report.partitions is not None and placement.status is Status.COMPLETE:
        predicted = len(placement.partitions)
        if predicted != report.partitions:
            differences.append(Difference(None, "partitions", str(predicted), str(report.partitions)))
    if not report.counts_source_operators:
        return differences
    if report.total_operators is not None and report.total_operators != len(operators):
        differences.append(Difference(None, "operators in the model", str(len(operators)), str(report.total_operators)))
    npu = sum(operator.unit is Unit.NPU for operator in operators)
    unknown = any(operator.unit is Unit.UNKNOWN for operator in operators)
    if report.npu_operators is not None and not unknown and report.npu_operators != npu:
        differences.append(Difference(None, "operators on the NPU", str(npu), str(report.npu_operators)))
    return differences
