"""A converter that is known by its answers: limits, how they are named and measured, and placing by them."""

from npufit.stacks.probed.asked_ranges import asked_ranges
from npufit.stacks.probed.graph_quantities import GRAPH_QUANTITIES, measure_graph
from npufit.stacks.probed.keeping import Loss, find_losses, groups_of, kept_of
from npufit.stacks.probed.keeping_to import holds_for, is_wide_gap, keeps_to
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
from npufit.stacks.probed.measured_numbers import NUMBERS
from npufit.stacks.probed.measured_words import WORDS
from npufit.stacks.probed.probed_rules import AskedRange, Probed, ProbedRules
from npufit.stacks.probed.quantities import Measured, is_known, measure, value_of
from npufit.stacks.probed.rule_file import is_rule_file, read_rules, rule_text
from npufit.stacks.probed.stack import STACK, probed_target
from npufit.stacks.probed.wording import bound_words, values_words

__all__ = [
    "GRAPH_QUANTITIES",
    "NUMBERS",
    "STACK",
    "WORDS",
    "AskedRange",
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
    "asked_ranges",
    "bound_words",
    "find_losses",
    "groups_of",
    "holds_for",
    "is_known",
    "is_rule_file",
    "is_wide_gap",
    "keeps_to",
    "kept_of",
    "measure",
    "measure_graph",
    "probed_target",
    "read_rules",
    "rule_text",
    "value_of",
    "values_words",
]
