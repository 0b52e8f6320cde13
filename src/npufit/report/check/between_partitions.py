"""The operators between partitions."""

from __future__ import annotations

from collections import Counter

from npufit.checking import CheckResult
from npufit.formatting import printable
from npufit.graph import operators_after, operators_before
from npufit.stacks import Unit


def cutters(result: CheckResult) -> Counter[str]:
    """Return the operators between partitions, by type.

    They are off the NPU, and data from the NPU passes through them and back to the NPU.
    """
    counts: Counter[str] = Counter()
    on_npu: dict[int, set[int]] = {}
    for placed in result.placement.operators:
        if placed.unit is Unit.NPU:
            on_npu.setdefault(placed.id.subgraph, set()).add(placed.id.index)
    for number, operators in on_npu.items():
        subgraph = result.model.subgraphs[number]
        between = operators_after(subgraph, operators) & operators_before(subgraph, operators)
        counts.update(printable(subgraph.operators[index].name)[:60] for index in sorted(between))
    return counts
