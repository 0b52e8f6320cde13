"""Operators written with others: the substitutes, whether the target accepts them, and their error."""

from npufit.rewrite.substitution.kinds import KINDS, Kind
from npufit.rewrite.substitution.trial import Trial, try_out

__all__ = ["KINDS", "Kind", "Trial", "try_out"]
