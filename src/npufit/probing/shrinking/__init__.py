"""shrink: a model on which a converter fails becomes the smallest that still does, ready for a bug report."""

from npufit.probing.shrinking.result import ShrinkOptions, ShrinkResult, Step, count_values
from npufit.probing.shrinking.shrink import shrink
from npufit.probing.shrinking.symptom import Find, Symptom

__all__ = ["Find", "ShrinkOptions", "ShrinkResult", "Step", "Symptom", "count_values", "shrink"]
