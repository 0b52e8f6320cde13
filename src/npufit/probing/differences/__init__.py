"""Differences of two converters: which models one takes and the other does not, and by which limit."""

from npufit.probing.differences.compare_converters import compare_converters
from npufit.probing.differences.difference import Ask, ConverterDifference, Difference, Example, Outcome, outcome_of
from npufit.probing.differences.search import find_differences

__all__ = [
    "Ask",
    "ConverterDifference",
    "Difference",
    "Example",
    "Outcome",
    "compare_converters",
    "find_differences",
    "outcome_of",
]
