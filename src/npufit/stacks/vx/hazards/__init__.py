"""What the delegate accepts although it goes wrong."""

from npufit.stacks.vx.hazards.hazard import VxGraph
from npufit.stacks.vx.hazards.table import HAZARDS, find_hazards

__all__ = ["HAZARDS", "VxGraph", "find_hazards"]
