"""How LiteRT scales sums of products back to 8 bits, and whether two ways to do so agree for all sums.

A real multiplier becomes a 32-bit integer and a shift. CONV_2D and DEPTHWISE_CONV_2D round twice: to the upper half of
the 64-bit product, then by the shift. FULLY_CONNECTED rounds once, halves away from zero. The scales of input and
weights are multiplied as 64-bit floats; only the convolutions for uint8 do it in 32 bits. All this was compared with
LiteRT 2.3 (`tests/rewrite/arithmetic/test_requantization.py`).

Scaling is monotonic, so two ways agree on a range of sums if each result begins at the same sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import frexp, inf, isfinite

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

_LARGEST = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A real multiplier as the kernels store it: `integer` / 2^31 * 2^`shift`."""

    integer: int
    shift: int


Scaling = Callable[[Integers, Multiplier], Integers]


def as_multiplier(real: float) -> Multiplier:
    """Return the kernels' form of a real multiplier; for a non-number, one that scales every sum out of range."""
    if real == 0.0:
        return Multiplier(0, 0)
    if not isfinite(real):
        return Multiplier(_LARGEST, 64)
    mantissa, shift = frexp(real)
    integer = int(np.floor(mantissa * (1 << 31) + 0.5))
    if integer == 1 << 31:
        integer, shift = integer // 2, shift + 1
    return Multiplier(0, 0) if shift < -31 else Multiplier(integer, shift)


def wide_product(ifm: float, weights: float, ofm: float) -> Multiplier:
    """Return the multiplier of int8 convolutions and of FULLY_CONNECTED: the product of the scales in 64 bits."""
    return as_multiplier(ifm * weights / ofm if ofm else inf)


def narrow_product(ifm: float, weights: float, ofm: float) -> Multiplier:
    """Return the multiplier of uint8 convolutions: the product of the scales in 32 bits."""
    return as_multiplier(float(np.float32(ifm) * np.float32(weights)) / ofm if ofm else inf)


def round_twice(sums: Integers, multiplier: Multiplier) -> Integers:
    """Return `sums` scaled like the reference convolutions."""
    product = (sums << max(0, multiplier.shift)) * multiplier.integer
    nudge = np.where(product >= 0, np.int64(1 << 30), np.int64(1 - (1 << 30)))
    total = product + nudge
    high = np.where(total >= 0, total >> 31, -(-total >> 31))
    right = max(0, -multiplier.shift)
    mask = (1 << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def round_once(sums: Integers, multiplier: Multiplier) -> Integers:
    """Return `sums` scaled like the reference FULLY_CONNECTED: halves away from zero."""
    total = 31 - multiplier.shift
    half = np.int64(1 << (total - 1)) if total > 0 else np.int64(0)
    return np.sign(sums) * (np.abs(sums) * multiplier.integer + half >> total)


def beginnings(scaling: Scaling, multiplier: Multiplier, results: Integers, lowest: int, highest: int) -> Integers:
    """Return the least sum in `lowest`..`highest` that gives at least each of `results`; `highest` + 1 for none."""
    low = np.full(results.shape, lowest, np.int64)
    high = np.full(results.shape, highest + 1, np.int64)
    while bool((low < high).any()):
        middle = (low + high) >> 1
        enough = scaling(middle, multiplier) >= results
        high = np.where(enough & (low < high), middle, high)
        low = np.where(~enough & (low < high), middle + 1, low)
    return low


Way = tuple[Scaling, Multiplier]
Ends = tuple[int, int]


@lru_cache(maxsize=16)
def _begin(way: Way, sums: Ends, results: Ends) -> Integers:
    return beginnings(*way, np.arange(results[0] + 1, results[1] + 1, dtype=np.int64), *sums)


def scales_alike(first: Way, second: Way, sums: Ends, results: Ends) -> bool:
    """Return whether both give the same for every sum in `sums`, clamped to `results` (both ends included).

    Also False if the sums are too large for the kernels' 32 bits, where nothing is guaranteed. If many are compared
    with one, pass that one first.
    """
    lowest, highest = sums
    shift = max(0, first[1].shift, second[1].shift)
    if max(abs(lowest), abs(highest)) << shift > _LARGEST:
        return False
    if first == second:
        return True
    begin, wanted = _begin(first, sums, results), np.arange(results[0] + 1, results[1] + 1, dtype=np.int64)
    scaling, multiplier = second
    reached = scaling(np.minimum(begin, highest), multiplier) >= wanted
    early = scaling(np.maximum(begin - 1, lowest), multiplier) >= wanted
    # Where a result never comes, the highest sum must not give it; what is there from the lowest on cannot be early.
    return bool((reached == (begin <= highest)).all()) and not bool((early & (begin > lowest)).any())


def nearby_scales(scale: float, steps: int = 4) -> list[float]:
    """Return the 32-bit floats around `scale`, `steps` up and as many down, the nearest first."""
    up = down = np.float32(scale)
    found = [float(up)]
    for _ in range(steps):
        up, down = np.nextafter(up, np.float32(np.inf)), np.nextafter(down, np.float32(0))
        found += [float(up), float(down)]
    return found
