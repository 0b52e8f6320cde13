"""What a converter does with groups of operators that it takes alone."""

from npufit.probing.searching.groups.implied import without_implied
from npufit.probing.searching.groups.search import search_groups

__all__ = ["search_groups", "without_implied"]
