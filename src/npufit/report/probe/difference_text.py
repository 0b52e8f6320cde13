"""Two converters compared, for people: the answer, then what only one of them takes, each with its smallest model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, groupby, repeat

from npufit.formatting import printable
from npufit.report.probe.difference_document import DifferenceDocument, DifferenceEntry
from npufit.report.probe.difference_words import (
    difference_headline,
    difference_words,
    example_words,
    heading_words,
)
from npufit.report.terminal_page import Page

_MOST = 12
"""The differences that the default shows."""


def difference_text(document: DifferenceDocument, page: Page, *, everything: bool = False) -> str:
    """Return what two converters do differently; `everything` shows every difference."""
    lines = page.wrap(difference_headline(document), hanging="  ")
    if document.ended_by:
        lines += page.wrap(f"Not complete, more may differ: ended by {document.ended_by}.")
    shown = document.differences if everything else document.differences[:_MOST]
    width = max((len(entry.operator) for entry in shown), default=0)
    for heading, entries in _sorted(document, shown):
        lines += ["", page.ink("bold", heading)]
        for operator, own in groupby(entries, lambda entry: entry.operator):
            names = chain([printable(operator)], repeat(""))
            for name, entry in zip(names, own, strict=False):
                lines += _lines(document, entry, page, name.ljust(width))
    if len(shown) < len(document.differences):
        lines.append(page.ink("dim", f"  {len(document.differences) - len(shown)} more: -v"))
    if document.differences:
        lines += ["", *page.wrap(_next(document))]
    return "\n".join(lines)


def _sorted(
    document: DifferenceDocument, entries: Sequence[DifferenceEntry]
) -> Iterator[tuple[str, list[DifferenceEntry]]]:
    """Return the differences by what becomes of their models."""
    outcomes = dict.fromkeys((entry.example.first, entry.example.second) for entry in entries)
    for first, second in outcomes:
        alike = [entry for entry in entries if (entry.example.first, entry.example.second) == (first, second)]
        yield heading_words(document, first, second), alike


def _lines(document: DifferenceDocument, entry: DifferenceEntry, page: Page, name: str) -> Iterator[str]:
    """Return the limits of a difference and the smallest model that shows it."""
    margin = " " * (len(name) + 4)
    yield from page.wrap(difference_words(document, entry), f"  {name}  ", f"{margin}  ")
    written = f" ({entry.example.written})" if entry.example.written else ""
    shown = page.wrap(f"smallest model: {example_words(entry)}{written}", f"{margin}  ")
    yield from (page.ink("dim", line) for line in shown)


def _next(document: DifferenceDocument) -> str:
    if any(entry.example.written for entry in document.differences):
        return "Next: npufit check MODEL -t each of them shows why, in the words of the tool."
    return "Next: --models FOLDER writes the smallest models."
