"""What the delegate prints when the board loads and runs a file."""

from __future__ import annotations

import re

from npufit.formatting import shorten
from npufit.graph import Model, OperatorId
from npufit.stacks.log import LogReport
from npufit.stacks.neutron import sources
from npufit.stacks.neutron.converted import is_converted, neutron_graphs
from npufit.stacks.placement import Note, Unit
from npufit.stacks.rule import Evidence

_LOG = "the delegate's log"
_DELEGATED = re.compile(
    r"\bneutron\w{0,40}(?: delegate)?: (\d{1,9}) nodes delegated out of (\d{1,9}) nodes(?: with (\d{1,9}) partitions)?",
    re.IGNORECASE | re.ASCII,
)
_VERSION = re.compile(r"Neutron delegate version: {0,4}([^\n]{1,80})")
_XNNPACK = "Created TensorFlow Lite XNNPACK delegate"


def read_delegate_log(text: str, model: Model) -> LogReport | None:
    """Return what the last delegation line in `text` says, or None if the Neutron delegate printed nothing."""
    delegated = _DELEGATED.findall(text)
    version = _VERSION.search(text)
    if not delegated and version is None:
        return None
    notes: list[Note] = []
    if version is not None:
        notes.append(_note(f"Neutron delegate {shorten(version[1].strip())}."))
    if _XNNPACK in text:
        notes.append(
            Note(
                "XNNPACK was active too. NXP's advice is --use_xnnpack=false, because XNNPACK can claim operators "
                "that the Neutron delegate needs.",
                Evidence.DOCUMENTED,
                sources.XNNPACK_ADVICE,
            )
        )
    if not delegated:
        return LogReport(kind="neutron delegate log", notes=tuple(notes))
    taken, total, partitions = (int(number) if number else None for number in delegated[-1])
    assert taken is not None
    assert total is not None
    own = len(model.main.operators)
    return LogReport(
        kind="neutron delegate log",
        units=_units(taken, total, model),
        partitions=partitions,
        npu_operators=taken,
        total_operators=total,
        counts_source_operators=is_converted(model) or total == own,
        notes=(*notes, _note(_meaning(taken, total, own, model))),
    )


def _units(taken: int, total: int, model: Model) -> dict[OperatorId, Unit]:
    """Return units if the counts leave one possibility: nothing, all, or exactly the NeutronGraph operators."""
    count = len(model.main.operators)
    if total != count:
        return {}
    graphs = {graph.id.index for graph in neutron_graphs(model) if graph.id.subgraph == 0}
    if taken not in (0, total, len(graphs)):
        return {}
    on_npu = graphs if 0 < taken < total else frozenset(range(taken))
    return {OperatorId(0, index): Unit.NPU if index in on_npu else Unit.CPU for index in range(count)}


def _meaning(taken: int, total: int, own: int, model: Model) -> str:
    said = f"The delegate took {taken} of {total} nodes"
    if taken == 0:
        return (
            f"{said}: the NPU was not used. Either the file was not converted, or the converter and the board "
            "software come from different releases."
        )
    if is_converted(model):
        return f"{said}. Each node is one NeutronGraph, which stands for many operators of the source model."
    if total == own:
        return f"{said}, counted in this file: it was converted on the board, as BSPs of 2024 do it."
    return (
        f"{said}, counted in the file that ran. That is not this file, which has {own} operators; in a converted "
        f"file "
        "one node stands for many operators."
    )


def _note(text: str) -> Note:
    return Note(text, Evidence.EXECUTED, _LOG)
