"""Bounds of work that hold on every machine: calls of functions, counted while they are made."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def calls_at_most(limit: int) -> Generator[None]:
    """Raise AssertionError as soon as more than `limit` functions, built-in ones among them, have been called."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")
        if count > limit:
            sys.setprofile(None)
            raise AssertionError(f"more than {limit} calls")

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
