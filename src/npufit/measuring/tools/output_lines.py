"""The lines of a tool's output: bounded, because it is untrusted, and without what terminals and loggers add."""

from __future__ import annotations

from npufit.cost.measured import plain_lines

_MOST_LINES = 50_000
"""Kept from the beginning, and as many from the end."""

_LONGEST_LINE = 8192


def output_lines(output: bytes) -> tuple[str, ...]:
    """Return the lines with text; from the middle of an endless output, some are missing."""
    lines = [line[:_LONGEST_LINE] for line in output.splitlines() if line and not line.isspace()]
    if len(lines) > 2 * _MOST_LINES:
        lines = lines[:_MOST_LINES] + lines[-_MOST_LINES:]
    return tuple(plain_lines(b"\n".join(lines).decode("utf-8", "replace")))
