"""How far an output is from the original's, in words."""

from __future__ import annotations

import math

from npufit.execution import OutputDifference
from npufit.formatting import plural


def amount_words(entry: OutputDifference) -> str:
    """Return the largest difference of an output, in steps of its quantization where it has one."""
    steps = f" ({plural(round(entry.largest_steps), 'step')})" if entry.largest_steps is not None else ""
    return f"{small_words(entry.largest)}{steps}"


def small_words(value: float) -> str:
    """Return a difference with three digits; in words if outputs cannot be compared."""
    return f"{value:.3g}" if math.isfinite(value) else "shape or type"
