"""A way out, as several documents print it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from npufit.report.document import Document
from npufit.stacks import Remedy, RemedyKind


@dataclass(frozen=True, slots=True)
class RemedyEntry(Document):
    """One way out."""

    kind: RemedyKind
    text: str
    target: str | None
    """the target without the limit, for another version"""


def remedy_entries(remedies: Iterable[Remedy]) -> tuple[RemedyEntry, ...]:
    """Return the entries of ways out."""
    return tuple(RemedyEntry(remedy.kind, remedy.text, remedy.target) for remedy in remedies)
