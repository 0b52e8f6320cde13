"""The placement of a converted file: NeutronGraph operators run on the NPU, everything else on the CPU."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.formatting import ranges, shorten
from npufit.graph import Model, OperatorId, Subgraph, wire
from npufit.stacks.delegates.partitioning import traffic_of
from npufit.stacks.hazard import make_hazard
from npufit.stacks.neutron import rules, sources
from npufit.stacks.neutron.converted import (
    NeutronGraph,
    Stamp,
    neutron_graphs,
    read_left_over,
    read_stamp,
)
from npufit.stacks.neutron.converter_target import converter_target
from npufit.stacks.neutron.explain import refuse
from npufit.stacks.neutron.neutron_operator import NeutronOperator
from npufit.stacks.neutron.versions import Release, find_release, share_bsp
from npufit.stacks.placement import (
    Hazard,
    MemoryUse,
    Note,
    OperatorPlacement,
    Partition,
    Placement,
    Setting,
    Unit,
)
from npufit.stacks.rule import Evidence
from npufit.stacks.target import Target

_MOST_RANGES = 24

_CONVERTED_FILE = "the converted file"


def place_converted(model: Model, target: Target, release: Release) -> Placement:
    """Return the placement of `model`, a file that the converter wrote; its operators are those of the file."""
    graphs = neutron_graphs(model)
    stamp = read_stamp(model)
    partition = {graph.id: index for index, graph in enumerate(graphs)}
    return Placement(
        target=target,
        operators=tuple(
            placed
            for number, subgraph in enumerate(model.subgraphs)
            for placed in _place(subgraph, number, release, partition)
        ),
        partitions=tuple(_partition(model, graph, index) for index, graph in enumerate(graphs)),
        hazards=inspect_conversion(model, graphs, stamp, target, release),
        settings=stamp_settings(stamp),
        notes=(*_notes(model, graphs, stamp), COMPARE_NOTE),
        memory=payload_memory(model, graphs),
    )


COMPARE_NOTE = Note(
    "Full placement does not prove correct answers: detectors that were converted almost completely gave wrong "
    "results on the NPU. Compare outputs with the CPU, or convert with --keep-graphs and use neutron-runner on the "
    "host.",
    Evidence.OBSERVED,
    f"{sources.EDGEFIRST_BENCHMARK}; {sources.BOARD_NOTES}; {sources.RUNNER}",
)


def inspect_conversion(
    model: Model, graphs: tuple[NeutronGraph, ...], stamp: Stamp, target: Target, release: Release
) -> tuple[Hazard, ...]:
    """Return what is wrong with a converted file for this target: chip, release, payload."""
    hazards: list[Hazard] = []
    number = graphs[0].id.subgraph
    operators = tuple(graph.id.index for graph in graphs if graph.id.subgraph == number)
    if stamp.target is not None and stamp.target != converter_target(target.chip):
        hazards.append(
            make_hazard(
                rules.WRONG_TARGET,
                number,
                operators,
                f"the file was converted for {stamp.target}, but the target is {target.chip}",
                f"Target: {stamp.target}",
            )
        )
    stamped = None if stamp.version is None else find_release(stamp.version)
    if stamped is not None and not share_bsp(stamped, release):
        hazards.append(
            make_hazard(
                rules.VERSION_MISMATCH,
                number,
                operators,
                f"the file was converted by {stamp.version}, but the target is release {release.version}; if the "
                f"board runs {stamped.version}, name it as {target.chip}/{target.stack}@{stamped.version}",
                f"Version: {stamp.version}",
            )
        )
    hazards += [
        make_hazard(
            rules.PAYLOAD,
            graph.id.subgraph,
            (graph.id.index,),
            f"{len(graph.payload)} of its last inputs are constants; at least microcode and weights are needed",
            f"{len(graph.payload)} constants",
        )
        for graph in graphs
        if not graph.is_complete
    ]
    return tuple(hazards)


def stamp_settings(stamp: Stamp) -> tuple[Setting, ...]:
    """Return what the converter stamped into the file, as settings."""
    found = (("converter version", stamp.version), ("converted for", stamp.target))
    return tuple(Setting(name, value, _CONVERTED_FILE) for name, value in found if value is not None)


def payload_memory(model: Model, graphs: tuple[NeutronGraph, ...]) -> tuple[MemoryUse, ...]:
    """Return the bytes of microcode, weights, kernels and workspace; shared parts count once."""
    sizes: dict[str, dict[int, int]] = {}
    for graph in graphs:
        for name, buffer in graph.named_payload:
            sizes.setdefault(name, {})[id(buffer)] = buffer.size_bytes
    uses = [
        MemoryUse(f"DDR, {name}", sum(parts.values()), None, _CONVERTED_FILE) for name, parts in sizes.items() if parts
    ]
    workspace = sum(
        model.subgraphs[graph.id.subgraph].tensors[tensor].size_bytes for graph in graphs for tensor in graph.workspace
    )
    if workspace:
        uses.append(MemoryUse("DDR, workspace of the NPU", workspace, None, _CONVERTED_FILE))
    return tuple(uses)


def _place(
    subgraph: Subgraph, number: int, release: Release, partition: Mapping[OperatorId, int]
) -> tuple[OperatorPlacement, ...]:
    wiring = wire(subgraph)
    placed: list[OperatorPlacement] = []
    for index in range(len(subgraph.operators)):
        place = OperatorId(number, index)
        member = partition.get(place)
        if member is not None:
            placed.append(OperatorPlacement(place, Unit.NPU, Evidence.EXECUTED, partition=member))
            continue
        site = NeutronOperator(subgraph, wiring, index, release, ())
        finding = refuse(site) or rules.LEFT_ON_CPU.finding(site.describe())
        placed.append(OperatorPlacement(place, Unit.CPU, Evidence.EXECUTED, finding=finding))
    return tuple(placed)


def _partition(model: Model, graph: NeutronGraph, index: int) -> Partition:
    return Partition(
        index=index,
        subgraph=graph.id.subgraph,
        operators=(graph.id.index,),
        inputs=graph.inputs,
        outputs=graph.outputs,
        traffic=traffic_of(model.subgraphs[graph.id.subgraph], graph.inputs, graph.outputs),
    )


def _notes(model: Model, graphs: tuple[NeutronGraph, ...], stamp: Stamp) -> tuple[Note, ...]:
    total = sum(len(subgraph.operators) for subgraph in model.subgraphs)
    notes = [
        Note(
            f"This file was written by NXP's converter: {len(graphs)} of its {total} operators are NeutronGraph and "
            f"run on the NPU, the other {total - len(graphs)} on the CPU. On the board the delegate should print "
            f"`{len(graphs)} nodes delegated out of {total} nodes`. A smaller number means that the NPU was not used.",
            Evidence.EXECUTED,
            _CONVERTED_FILE,
        )
    ]
    left_over = read_left_over(model)
    if left_over is not None:
        count = len(left_over)
        which = f": {ranges(left_over, _MOST_RANGES)}" if left_over else ""
        notes.append(
            Note(
                f"Its sourceIndex list names {count} operators of the source model that were not converted{which}. "
                "These numbers belong to the model that the converter read, not to this file.",
                Evidence.EXECUTED,
                f"{_CONVERTED_FILE}; {sources.DELEGATE_PAYLOAD}",
            )
        )
    if stamp.version is None:
        notes.append(_unstamped("which converter release wrote it", "Version"))
    elif find_release(stamp.version) is None:
        notes.append(
            Note(
                f"The converter version {shorten(stamp.version)} belongs to no release that npufit knows, so its "
                "match with the board could not be checked.",
                Evidence.EXECUTED,
                _CONVERTED_FILE,
            )
        )
    if stamp.target is None:
        notes.append(_unstamped("which chip it was converted for", "Target"))
    return tuple(notes)


def _unstamped(what: str, label: str) -> Note:
    return Note(f"The file does not say {what}: no `{label}:` string was found.", Evidence.EXECUTED, _CONVERTED_FILE)
