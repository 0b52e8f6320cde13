"""Names, numbers and lists as text. Names come from files, so they are untrusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

LONGEST_NAME = 120


def printable(text: str) -> str:
    """Return `text` with everything escaped that could control a terminal, reverse the writing or break a line."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def clean(text: str) -> str:
    """Return `text` as valid Unicode, ready for JSON: bytes of names that are not UTF-8 become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shorten(text: str, width: int = LONGEST_NAME) -> str:
    """Return `text` printable and shortened in the middle to at most `width` characters.

    The end of a name is more informative than its beginning, so it keeps two thirds.
    """
    if len(text) > 4 * width:
        text = text[:width] + text[-2 * width :]
    text = printable(text)
    if len(text) <= width:
        return text
    head = (width - 1) // 3
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def ranges(indices: Sequence[int], most: int = 12) -> str:
    """Return indices as ranges, such as `0-26, 35, 37`: at most `most` of them, and how many more there are."""
    ordered = sorted(indices)
    runs: list[tuple[int, int]] = []
    for index in ordered:
        if runs and index == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    words = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    if len(words) > most:
        words = [*words[: most - 1], f"… {len(words) - most + 1} more"]
    return ", ".join(words)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def quantity(value: float) -> str:
    """Return a number with a decimal prefix and a trailing space, ready for a unit: `301 M`."""
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}"
    return f"{value:.3g} "


def size(byte_count: int) -> str:
    """Return bytes in the most readable unit."""
    return f"{quantity(byte_count)}B"


def percent(share: float) -> str:
    """Return a share of 0 to 1 in percent; only exactly 0 and 1 look like nothing and everything."""
    value = 100.0 * share
    if 0.0 < value < 0.05:
        return "< 0.1 %"
    if 99.95 <= value < 100.0:
        return "> 99.9 %"
    return f"{value:.3g} %" if value >= 99.95 else f"{value:.1f} %"


def milliseconds(ms: float, digits: int = 2) -> str:
    """Return a time in milliseconds with its unit, with as many digits as predictions deserve: `9.8 ms`, `266 ms`."""
    return f"{significant(ms, digits)} ms"


def significant(value: float, digits: int = 2) -> str:
    """Return a positive number with `digits` significant digits, and never fewer than those before the point."""
    if not math.isfinite(value) or value >= 1e15:
        return f"{value:.1e}"
    if value < 10.0**-digits:
        return f"{value:.1g}" if value else "0"
    places = max(0, digits - 1 - math.floor(math.log10(float(f"{value:.{digits}g}"))))
    return f"{value:.{places}f}"
