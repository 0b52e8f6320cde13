"""Models to ask about: for each operator what can be varied, and the model of given values."""

from npufit.probing.questions.catalogue import operator_types, space_of, spaces
from npufit.probing.questions.space import Axis, Choices, ImpossibleError, Numbers, Point, Space, Values

__all__ = [
    "Axis",
    "Choices",
    "ImpossibleError",
    "Numbers",
    "Point",
    "Space",
    "Values",
    "operator_types",
    "space_of",
    "spaces",
]
