"""A converter that is known by its answers: limits, how they are named and measured, and placing by them."""

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

__all__ = [
    "Beyond",
    "Condition",
    "Confidence",
    "Crash",
    "GroupLimit",
    "Kept",
    "Limit",
    "Probed",
    "ProbedRules",
    "Relation",
    "Scope",
    "Separator",
    "Value",
]
