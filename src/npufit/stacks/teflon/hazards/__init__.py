"""Accepted is not correct: operators that Teflon accepts but computes wrongly.

Each module covers one part of the lowering; each hazard is one rule and one function that looks for it in a placed
graph. The functions are listed in `HAZARDS`.
"""

from npufit.stacks.teflon.hazards.hazard import Detector, TeflonGraph, teflon_graph
from npufit.stacks.teflon.hazards.library import LIBRARY_CRASH
from npufit.stacks.teflon.hazards.table import HAZARDS, find_hazards
from npufit.stacks.teflon.hazards.window import PAD_FOLDED

__all__ = ["HAZARDS", "LIBRARY_CRASH", "PAD_FOLDED", "Detector", "TeflonGraph", "find_hazards", "teflon_graph"]
