"""The search: which passes make a model fit its target better."""

from npufit.fitting.search.greedy_search import (
    PassOutcome,
    PassVerdict,
    SearchOptions,
    SearchResult,
    search,
    survey,
)
from npufit.fitting.search.score import FitScore, change_words, fits, score

__all__ = [
    "FitScore",
    "PassOutcome",
    "PassVerdict",
    "SearchOptions",
    "SearchResult",
    "change_words",
    "fits",
    "score",
    "search",
    "survey",
]
