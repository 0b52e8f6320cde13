"""A document of JSON between two marks in a program's output, among whatever drivers and delegates print there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from npufit.measuring.tools.output_lines import output_lines

_BEGIN, _END = b"@@npufit-times-begin@@", b"@@npufit-times-end@@"
_LONGEST_DOCUMENT = 1 << 20
_MOST_MS = 1e7
_MOST_COUNT = 10_000_000
_MOST_MEMBERS = 10_000

Document = Mapping[str, Any]


def split(output: bytes) -> tuple[Document | None, tuple[str, ...]]:
    """Return the last document in `output`, None if there is none, and the lines around it. The output is untrusted."""
    before, begun, rest = output.rpartition(_BEGIN)
    text, ended, after = rest.partition(_END)
    if not begun or not ended or len(text) > _LONGEST_DOCUMENT:
        return None, output_lines(output)
    try:
        document = member(json.loads(text))
    except (ValueError, RecursionError):
        return None, output_lines(output)
    return document or None, output_lines(before + b"\n" + after)


def member(value: object) -> Document:
    """Return `value` if it is an object, otherwise an empty one."""
    return cast("Document", value) if isinstance(value, dict) else {}


def members(value: object) -> tuple[Document, ...]:
    """Return the objects in a list, at most 10,000; none if `value` is no list."""
    return tuple(map(member, cast("list[object]", value)[:_MOST_MEMBERS])) if isinstance(value, list) else ()


def number(value: object) -> float | None:
    """Return milliseconds or megabytes from 0 to 10,000,000, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= _MOST_MS else None


def count(value: object) -> int | None:
    """Return a count from 0 to 10,000,000, None for anything else."""
    return value if type(value) is int and 0 <= value <= _MOST_COUNT else None
