"""Models to ask about: for each operator what can be varied, and the model of given values."""

from npufit.probing.questions.catalogue import operator_types, space_of, spaces
from npufit.probing.questions.chains import BETWEEN, CHAIN, LINKS, draw_chain
from npufit.probing.questions.measuring import measure_point
from npufit.probing.questions.space import Axis, Choices, ImpossibleError, Numbers, Point, Space, Values

__all__ = [
    "BETWEEN",
    "CHAIN",
    "LINKS",
    "Axis",
    "Choices",
    "ImpossibleError",
    "Numbers",
    "Point",
    "Space",
    "Values",
    "draw_chain",
    "measure_point",
    "operator_types",
    "space_of",
    "spaces",
]
