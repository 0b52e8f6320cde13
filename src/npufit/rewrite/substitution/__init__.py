"""Operators written with others: the substitutes, whether the target accepts them, and their error."""

from npufit.rewrite.substitution.kinds import KINDS
from npufit.rewrite.substitution.lone_operator import Substitution, find_substitution

__all__ = ["KINDS", "Substitution", "find_substitution"]
