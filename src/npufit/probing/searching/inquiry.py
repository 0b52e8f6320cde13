"""A search as a conversation: it yields questions, is sent their answers, and returns what it found.

So a search knows neither converters nor workers nor budgets: many run side by side on one pool (`asking.desk`), and
tests answer from a table.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

from npufit.probing.asking import Answer
from npufit.probing.questions import Point

Found = TypeVar("Found")

Inquiry = Generator[Sequence[Point], Sequence[Answer], Found]
"""Yields points whose answers may be found at the same time, is sent the answers in the same order, returns a finding.

`Unanswered` is thrown into it when the budget is spent; it then returns what it knows, with a lower confidence.
"""
