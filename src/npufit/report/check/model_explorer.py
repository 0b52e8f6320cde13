"""A check as node data for Google's Model Explorer: a value and a colour for each node of its graphs.

Its adapter for `.tflite` files names a graph after the subgraph and a node by the operator's index. One file holds one
value for each node, so each quantity has its own; https://github.com/google-ai-edge/model-explorer describes the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from npufit.checking import CheckResult
from npufit.formatting import milliseconds, printable
from npufit.graph import OperatorId
from npufit.report.document import Document, rounded, to_json
from npufit.stacks import Hazard, OperatorPlacement, Unit


class NodeQuantity(StrEnum):
    """What the nodes show."""

    ALL = "all"
    """Everything below as one text, in the colour of the unit or the hazard."""
    UNIT = "unit"
    PARTITION = "partition"
    TIME = "time"
    HAZARD = "hazard"


@dataclass(frozen=True, slots=True)
class NodeValue(Document):
    """The value of one node; without colours, the gradient decides."""

    value: float | str
    bgColor: str | None = None  # noqa: N815 - the names of this form
    textColor: str | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class GradientStop(Document):
    """The colour of a share of the largest value, 0 to 1."""

    stop: float
    bgColor: str  # noqa: N815
    textColor: str  # noqa: N815


@dataclass(frozen=True, slots=True)
class GraphValues(Document):
    """The values of one graph by node id; `gradient` colours numbers."""

    name: str
    results: Mapping[str, NodeValue]
    gradient: tuple[GradientStop, ...] = ()


_WHITE, _BLACK = "#ffffff", "#000000"
_UNIT_COLORS = {Unit.NPU: ("#0f6fb0", _WHITE), Unit.CPU: ("#f0ab3d", _BLACK), Unit.UNKNOWN: ("#7d8590", _WHITE)}
_HAZARD_COLORS = "#b8123f", _WHITE
_PARTITION_COLORS = (
    ("#0072b2", _WHITE),
    ("#56b4e9", _BLACK),
    ("#009e73", _WHITE),
    ("#cc79a7", _BLACK),
    ("#f0e442", _BLACK),
    ("#332288", _WHITE),
)
"""Colours of neighbouring partitions, which people with any colour vision can distinguish."""
_HEAT = GradientStop(0, "#fff7ec", _BLACK), GradientStop(0.5, "#fc8d59", _BLACK), GradientStop(1, "#7f0000", _WHITE)
_UNIT_WORDS = {Unit.NPU: "NPU", Unit.CPU: "CPU", Unit.UNKNOWN: "unknown"}


def check_node_data(result: CheckResult, quantity: NodeQuantity = NodeQuantity.ALL) -> str:
    """Return `quantity` of every operator as the text of a file of node data; operators without a value are left out.

    Model Explorer finds graphs by name: of several subgraphs with the same name, the first is described.
    """
    facts = _Facts.of(result)
    value_of = _VALUES[quantity]
    graphs: dict[str, dict[str, NodeValue]] = {}
    described: dict[str, int] = {}
    for placed in result.placement.operators:
        subgraph, index = placed.id
        graph = graph_id(result.model.subgraphs[subgraph].name, subgraph)
        if described.setdefault(graph, subgraph) != subgraph:
            continue
        values = graphs.setdefault(graph, {})
        value = value_of(facts, placed)
        if value is not None:
            values[str(index)] = value
    name = f"{_NAMES[quantity]}, {result.name}"
    gradient = _HEAT if quantity is NodeQuantity.TIME else ()
    return to_json({graph: GraphValues(name, values, gradient) for graph, values in graphs.items()})


def graph_id(name: str | None, index: int) -> str:
    """Return what Model Explorer's adapter calls the subgraph `index`."""
    shown = (name or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return shown or ("main" if index == 0 else f"subgraph_{index}")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What nodes may show besides their placement, by operator."""

    ms: Mapping[OperatorId, float | None]
    hazards: Mapping[OperatorId, tuple[Hazard, ...]]

    @classmethod
    def of(cls, result: CheckResult) -> _Facts:
        hazards: dict[OperatorId, tuple[Hazard, ...]] = {}
        for hazard in result.placement.hazards:
            hazards[hazard.culprit] = (*hazards.get(hazard.culprit, ()), hazard)
        entries = () if result.estimate is None else result.estimate.operators
        return cls({entry.placement.id: entry.ms for entry in entries}, hazards)


def _everything(facts: _Facts, placed: OperatorPlacement) -> NodeValue:
    colors = _HAZARD_COLORS if placed.id in facts.hazards else _UNIT_COLORS[placed.unit]
    return NodeValue("; ".join(_words(facts, placed)), *colors)


def _words(facts: _Facts, placed: OperatorPlacement) -> Iterator[str]:
    call = "" if placed.partition is None else f", partition {placed.partition}"
    yield f"{_UNIT_WORDS[placed.unit]}{call}"
    ms = facts.ms.get(placed.id)
    if ms is not None:
        yield milliseconds(ms)
    if placed.finding is not None:
        yield printable(f"{placed.finding.rule.id}: {placed.finding.found}")
    yield from (f"hazard {hazard.rule.id} ({hazard.effect})" for hazard in facts.hazards.get(placed.id, ()))


def _unit(_facts: _Facts, placed: OperatorPlacement) -> NodeValue:
    return NodeValue(_UNIT_WORDS[placed.unit], *_UNIT_COLORS[placed.unit])


def _partition(_facts: _Facts, placed: OperatorPlacement) -> NodeValue | None:
    if placed.partition is None:
        return None
    return NodeValue(f"partition {placed.partition}", *_PARTITION_COLORS[placed.partition % len(_PARTITION_COLORS)])


def _time(facts: _Facts, placed: OperatorPlacement) -> NodeValue | None:
    ms = rounded(facts.ms.get(placed.id))
    return None if ms is None else NodeValue(ms)


def _hazard(facts: _Facts, placed: OperatorPlacement) -> NodeValue | None:
    found = facts.hazards.get(placed.id, ())
    words = ", ".join(f"{hazard.rule.id} ({hazard.effect})" for hazard in found)
    return NodeValue(words, *_HAZARD_COLORS) if found else None


_VALUES: dict[NodeQuantity, Callable[[_Facts, OperatorPlacement], NodeValue | None]] = {
    NodeQuantity.ALL: _everything,
    NodeQuantity.UNIT: _unit,
    NodeQuantity.PARTITION: _partition,
    NodeQuantity.TIME: _time,
    NodeQuantity.HAZARD: _hazard,
}
_NAMES = {
    NodeQuantity.ALL: "npufit",
    NodeQuantity.UNIT: "unit",
    NodeQuantity.PARTITION: "partition",
    NodeQuantity.TIME: "predicted ms",
    NodeQuantity.HAZARD: "hazard",
}
