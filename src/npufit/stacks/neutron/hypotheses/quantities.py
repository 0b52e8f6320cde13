"""What the limits of a hypothesis may be about: quantities of one operator, and of a group of operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from npufit.graph import Operator, Subgraph
from npufit.stacks.probed import GRAPH_QUANTITIES, measure, value_of

LINE = "line"
TILED_WEIGHTS = "tiled_weights_bytes"
MACS = "macs"
_LINES_OF_A_TILE = 8

GROUP_QUANTITIES: Mapping[str, str] = {
    **GRAPH_QUANTITIES,
    MACS: "multiply-accumulates",
    TILED_WEIGHTS: f"bytes of weights, read once for every {_LINES_OF_A_TILE} lines of output",
}
"""Quantities of a group of operators, and what they are in words. Each grows with the group."""


def measure_operator(subgraph: Subgraph, operator: Operator, quantity: str) -> int | None:
    """Return a quantity of one operator, None if it has none; `line` is its wider feature map's line in values."""
    measured = measure(subgraph, operator)
    if quantity == LINE:
        lines = [value_of(name, measured) for name in ("w*c", "ofm_w*ofm_c")]
        return max((line for line in lines if isinstance(line, int)), default=None)
    value = value_of(quantity, measured)
    return value if isinstance(value, int) else None


def _macs(subgraph: Subgraph, operator: Operator) -> int:
    return measure_operator(subgraph, operator, MACS) or 0


def _tiled_weights(subgraph: Subgraph, operator: Operator) -> int:
    height = measure_operator(subgraph, operator, "ofm_h") or 1
    return (measure_operator(subgraph, operator, "weights_bytes") or 0) * -(-height // _LINES_OF_A_TILE)


SUMMED: Mapping[str, Callable[[Subgraph, Operator], int]] = {MACS: _macs, TILED_WEIGHTS: _tiled_weights}
"""The quantities of a group that are sums over its operators."""
