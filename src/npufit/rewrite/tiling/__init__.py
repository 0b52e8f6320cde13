"""Tiling: operators on parts of a map instead of the whole, with exactly the overlap that they need."""

from npufit.rewrite.tiling.limits import SizeLimits, largest_tensors
from npufit.rewrite.tiling.planning import BYTE_PRICES, Tiling, plan_tiling, smallest_tiling
from npufit.rewrite.tiling.writing import write_tiling

__all__ = ["BYTE_PRICES", "SizeLimits", "Tiling", "largest_tensors", "plan_tiling", "smallest_tiling", "write_tiling"]
