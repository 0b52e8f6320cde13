"""What a board or a tool printed, and how it overrules the rules.

A log is what happened; rules are what we expect. The log decides, and where the two differ the difference is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from npufit.graph import Model
from npufit.stacks.placement import Difference, Note, OperatorPlacement, Placement, Status, Unit
from npufit.stacks.rule import Evidence


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a log says about one model.

    `units` holds what the log says operator by operator, for those that it names, keyed by (subgraph, index);
    `partitions`, `npu_operators` and `total_operators` are its totals, None where it gives none.
    `counts_source_operators` is False where the totals count the tool's own operators, not the file's.
    """

    kind: str
    units: tuple[tuple[int, int, Unit], ...] = ()
    partitions: int | None = None
    npu_operators: int | None = None
    total_operators: int | None = None
    counts_source_operators: bool = True
    notes: tuple[Note, ...] = ()


def apply_log(placement: Placement, report: LogReport, model: Model) -> Placement:
    """Return `placement` as the log has it, with every difference between the two.

    Operators that the log does not name keep what the rules say; totals of the log are compared, not applied, because
    they do not tell which operators they mean.
    """
    logged = {(subgraph, index): unit for subgraph, index, unit in report.units}
    differences: list[Difference] = []
    operators: list[OperatorPlacement] = []
    for operator in placement.operators:
        unit = logged.get((operator.subgraph, operator.index))
        if unit is None:
            operators.append(operator)
            continue
        if unit is operator.unit:
            operators.append(replace(operator, evidence=Evidence.EXECUTED))
            continue
        if operator.unit is not Unit.UNKNOWN:
            name = model.subgraphs[operator.subgraph].operators[operator.index].name
            differences.append(Difference(operator.subgraph, operator.index, f"unit of {name}", operator.unit, unit))
        operators.append(
            replace(
                operator,
                unit=unit,
                evidence=Evidence.EXECUTED,
                finding=operator.finding if unit is Unit.CPU else None,
                partition=None,
                note="" if unit is Unit.NPU else operator.note or "the log leaves it on the CPU and gives no reason",
            )
        )
    differences += _total_differences(placement, report, operators)
    unknown = any(operator.unit is Unit.UNKNOWN for operator in operators)
    return replace(
        placement,
        status=Status.PARTIAL if unknown else Status.COMPLETE,
        operators=tuple(operators),
        differences=(*placement.differences, *differences),
        notes=(*placement.notes, *report.notes),
        log=report.kind,
    )


def _total_differences(placement: Placement, report: LogReport, operators: list[OperatorPlacement]) -> list[Difference]:
    differences: list[Difference] = []
    if report.partitions is not None and placement.status is Status.COMPLETE:
        predicted = len(placement.partitions)
        if predicted != report.partitions:
            differences.append(Difference(0, None, "partitions", str(predicted), str(report.partitions)))
    if not report.counts_source_operators:
        return differences
    if report.total_operators is not None and report.total_operators != len(operators):
        differences.append(
            Difference(0, None, "operators in the model", str(len(operators)), str(report.total_operators))
        )
    npu = sum(operator.unit is Unit.NPU for operator in operators)
    unknown = any(operator.unit is Unit.UNKNOWN for operator in operators)
    if report.npu_operators is not None and not unknown and report.npu_operators != npu:
        differences.append(Difference(0, None, "operators on the NPU", str(npu), str(report.npu_operators)))
    return differences
