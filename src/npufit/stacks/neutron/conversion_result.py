"""The placement of a plain model by running the converter: its file decides; the rules are compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from npufit.formatting import shorten
from npufit.graph import Model, OperatorId, wire
from npufit.stacks.delegates.partitioning import describe_partition
from npufit.stacks.log import LogReport, apply_log
from npufit.stacks.neutron import rules
from npufit.stacks.neutron.converted import neutron_graphs, read_stamp
from npufit.stacks.neutron.converter import Conversion
from npufit.stacks.neutron.deployment import (
    COMPARE_NOTE,
    inspect_conversion,
    payload_memory,
    stamp_settings,
)
from npufit.stacks.neutron.log import read_log
from npufit.stacks.neutron.trace import Trace, trace
from npufit.stacks.neutron.versions import Release
from npufit.stacks.placement import Hazard, Note, NpuCount, OperatorPlacement, Partition, Placement, Setting, Unit
from npufit.stacks.rule import Evidence, RuleKind

_RUN = "neutron converter run"
_CONVERTER_OUTPUT = "the converter's file and log"


def place_conversion(plain: Placement, model: Model, conversion: Conversion, release: Release) -> Placement:
    """Return `plain`, the rules' placement of `model`, corrected by `conversion`, with the differences."""
    fate = trace(model, conversion.model)
    graphs = neutron_graphs(conversion.model)
    stamp = read_stamp(conversion.model)
    printed = read_log(conversion.log, model)
    report = LogReport(
        kind=_RUN,
        units=_units(fate),
        partitions=len(graphs),
        counts_source_operators=False,
        notes=() if printed is None else printed.notes,
    )
    placed = apply_log(plain, report, model)
    wrong = inspect_conversion(conversion.model, graphs, stamp, plain.target, release) if graphs else ()
    return replace(
        placed,
        operators=tuple(_explain(operator, fate.graph_of, model) for operator in placed.operators),
        partitions=_partitions(model, fate, len(graphs)),
        hazards=(*placed.hazards, *(_in_source(hazard, fate) for hazard in wrong)),
        settings=(
            *placed.settings,
            Setting("converter", shorten(" ".join(conversion.command), 400), "--converter or the PATH"),
            *stamp_settings(stamp),
        ),
        notes=(_summary(fate, len(graphs), len(model.main.operators)), *placed.notes, COMPARE_NOTE),
        memory=payload_memory(conversion.model, graphs),
        npu_count=_count(printed, len(graphs)),
    )


def _count(printed: LogReport | None, graphs: int) -> NpuCount | None:
    """Return the converter's own totals, which hold even if its file cannot be traced back."""
    if printed is None or printed.npu_operators is None or not printed.total_operators:
        return None
    return NpuCount(
        printed.npu_operators, printed.total_operators, graphs, False, Evidence.EXECUTED, "the converter's log"
    )


def _units(fate: Trace) -> dict[OperatorId, Unit]:
    left, taken = dict.fromkeys(fate.cpu, Unit.CPU), dict.fromkeys(fate.npu, Unit.NPU)
    return {OperatorId(0, index): unit for index, unit in (left | taken).items()}


def _explain(operator: OperatorPlacement, graph_of: Mapping[int, int], model: Model) -> OperatorPlacement:
    """Return `operator` with its NeutronGraph and with a finding that matches what the run showed."""
    if operator.unit is Unit.NPU:
        return replace(operator, partition=graph_of.get(operator.id.index))
    kind = shorten(model.operator(operator.id).name)
    if operator.unit is Unit.CPU and operator.finding is None:
        return replace(operator, finding=rules.LEFT_ON_CPU.finding(kind), note="")
    if operator.finding is None or operator.finding.rule.kind is not RuleKind.UNKNOWN:
        return operator
    return replace(operator, finding=rules.NOT_TRACED.finding(kind), evidence=rules.NOT_TRACED.evidence)


def _partitions(model: Model, fate: Trace, graphs: int) -> tuple[Partition, ...]:
    members: dict[int, list[int]] = {}
    for index, graph in fate.graph_of.items():
        members.setdefault(graph, []).append(index)
    wiring = wire(model.main)
    return tuple(
        describe_partition(model.main, wiring, 0, graph, members[graph]) for graph in range(graphs) if graph in members
    )


def _in_source(hazard: Hazard, fate: Trace) -> Hazard:
    return replace(hazard, subgraph=0, operators=tuple(sorted(fate.npu)))


def _summary(fate: Trace, graphs: int, total: int) -> Note:
    lost = total - len(fate.cpu) - len(fate.npu)
    followed = f"; {lost} cannot be traced into the file" if lost else ""
    new = (
        f" The file has {fate.left_unmatched} CPU operators that the source does not have."
        if fate.left_unmatched
        else ""
    )
    return Note(
        f"The converter ran: {graphs} NeutronGraph in its file. Of the {total} source operators {len(fate.npu)} are "
        f"on the NPU and {len(fate.cpu)} on the CPU{followed}. Basis: {fate.basis}.{new}",
        Evidence.EXECUTED,
        _CONVERTER_OUTPUT,
    )
