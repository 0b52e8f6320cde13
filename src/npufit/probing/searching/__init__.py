"""Searches: which questions find a limit, and what the answers mean. They know no converter."""

from npufit.probing.searching.findings import Asked, GroupFindings, OperatorFindings, Reach
from npufit.probing.searching.groups import search_groups, without_implied
from npufit.probing.searching.inquiry import Inquiry
from npufit.probing.searching.operator_search import search_operator

__all__ = [
    "Asked",
    "GroupFindings",
    "Inquiry",
    "OperatorFindings",
    "Reach",
    "search_groups",
    "search_operator",
    "without_implied",
]
