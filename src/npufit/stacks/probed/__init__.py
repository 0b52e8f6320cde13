"""A converter that is known by its answers: limits, how they are named and measured, and placing by them."""

from npufit.stacks.probed.graph_quantities import GRAPH_QUANTITIES, measure_graph
from npufit.stacks.probed.keeping import Loss, find_losses, groups_of, kept_of
from npufit.stacks.probed.keeping_to import holds_for, keeps_to
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
    "Loss",
    "Measured",
    "Probed",
    "ProbedRules",
    "Relation",
    "Scope",
    "Separator",
    "Value",
    "find_losses",
    "groups_of",
    "holds_for",
    "is_known",
    "keeps_to",
    "kept_of",
    "measure",
    "measure_graph",
    "value_of",
]
