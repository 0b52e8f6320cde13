"""Numbers of channels after a width multiplier."""

from __future__ import annotations


def rounded_depth(depth: int, alpha: float) -> int:
    """Return `depth * alpha` rounded to a multiple of 8, at most a tenth lower (the paper's `make_divisible`)."""
    wanted = depth * alpha
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
