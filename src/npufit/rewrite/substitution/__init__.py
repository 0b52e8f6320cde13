"""Operators written with others: what stands for what, whether the target takes it, and how far it is off."""

from npufit.rewrite.substitution.kinds import KINDS, Kind
from npufit.rewrite.substitution.trial import Trial, try_out

__all__ = ["KINDS", "Kind", "Trial", "try_out"]
