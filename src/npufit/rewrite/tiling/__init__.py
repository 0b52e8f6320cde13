"""Tiling: operators on parts of a map instead of the whole, with exactly the overlap that they need."""

from npufit.rewrite.tiling.search import Demand, Tiling, largest_tensors, plan_tiling, smallest_tiling
from npufit.rewrite.tiling.writing import write_tiling

__all__ = ["Demand", "Tiling", "largest_tensors", "plan_tiling", "smallest_tiling", "write_tiling"]
