"""The axis of a sweep: input sizes as people write them, and what lies between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd

from npufit.errors import InputError
from npufit.rewrite.resolution import Size, parse_size

_FORM = "Write FIRST:LAST:STEP in pixels such as 96:512:32, or sizes such as 224,320 or 192x256."


def parse_sizes(texts: Iterable[str]) -> tuple[Size, ...]:
    """Return the sizes in `texts`, smallest first, each once: `96:512:32`, `224,320`, `192x256`. Raises InputError."""
    sizes = {size for text in texts for word in text.split(",") for size in _parse_word(word.strip())}
    return tuple(sorted(sizes, key=by_area))


def _parse_word(word: str) -> Sequence[Size]:
    if ":" not in word:
        return (parse_size(word),)
    parts = word.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise InputError(f"cannot read the sizes '{word}'. {_FORM}")
    (first, _), (last, _) = parse_size(parts[0]), parse_size(parts[1])
    step = int(parts[2][:9])
    if not step or last < first:
        raise InputError(f"'{word}' contains no size. {_FORM}")
    return [(side, side) for side in range(first, last + 1, step)]


def by_area(size: Size) -> tuple[int, int]:
    """Return what sizes are sorted by: their pixels, then their height."""
    return size[0] * size[1], size[0]


def size_words(size: Size | None) -> str:
    """Return a size in words: `224x224`, or that the input has no rows and columns."""
    return "fixed shape" if size is None else f"{size[0]}x{size[1]}"


def sizes_between(first: Size, last: Size) -> list[Size]:
    """Return the sizes on the straight line between two sizes, without them, in steps as small as whole pixels allow.

    Between two squares these are all squares; if one side is the same, the other one grows by single pixels.
    """
    height, width = last[0] - first[0], last[1] - first[1]
    steps = gcd(height, width)
    return [(first[0] + height // steps * step, first[1] + width // steps * step) for step in range(1, steps)]


def choose_between(sizes: Sequence[Size]) -> Size:
    """Return which of `sizes`, an interval, to look at first: a round one near the middle.

    Architectures often allow only multiples of 8 or 32, and those are the ones that people use.
    """
    middle = (len(sizes) - 1) / 2
    near = [(place, size) for place, size in enumerate(sizes) if abs(place - middle) <= len(sizes) / 4]
    return max(near, key=lambda entry: (_roundness(entry[1]), -abs(entry[0] - middle)))[1]


def _roundness(size: Size) -> int:
    """Return the largest power of two that divides both sides."""
    common = gcd(*size)
    return common & -common
