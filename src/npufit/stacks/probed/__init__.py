"""A converter that is known by its answers: limits, how they are named and measured, and placing by them."""

from npufit.stacks.probed.graph_quantities import GRAPH_QUANTITIES, measure_graph
from npufit.stacks.probed.limit import (
    Beyond,
    Condition,
    Confidence,
    Crash,
    GroupLimit,
    Kept,
    Limit,
    Relation,
    Scope,
    Separator,
    Value,
)
from npufit.stacks.probed.probed_rules import Probed, ProbedRules
from npufit.stacks.probed.quantities import Measured, is_known, measure, value_of

__all__ = [
    "GRAPH_QUANTITIES",
    "Beyond",
    "Condition",
    "Confidence",
    "Crash",
    "GroupLimit",
    "Kept",
    "Limit",
    "Measured",
    "Probed",
    "ProbedRules",
    "Relation",
    "Scope",
    "Separator",
    "Value",
    "is_known",
    "measure",
    "measure_graph",
    "value_of",
]
