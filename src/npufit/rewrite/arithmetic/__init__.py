"""The integer arithmetic of LiteRT's kernels, as far as passes must reproduce it."""

from npufit.rewrite.arithmetic.clamping import CLAMPING_OPERATORS, clamp_of
from npufit.rewrite.arithmetic.requantization import (
    Integers,
    Multiplier,
    Way,
    as_multiplier,
    narrow_product,
    nearby_scales,
    round_twice,
    scales_alike,
    wide_product,
)
from npufit.rewrite.arithmetic.shape_arithmetic import SHAPE_ARITHMETIC

__all__ = [
    "CLAMPING_OPERATORS",
    "SHAPE_ARITHMETIC",
    "Integers",
    "Multiplier",
    "Way",
    "as_multiplier",
    "clamp_of",
    "narrow_product",
    "nearby_scales",
    "round_twice",
    "scales_alike",
    "wide_product",
]
