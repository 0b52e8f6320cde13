"""Sections that share a number of lines: what does not fit becomes shorter, then a count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npufit.report.terminal_page import Page


@dataclass(frozen=True, slots=True)
class Entry:
    """What a section says about one thing, as lines: in full, and short where it has a short form."""

    forms: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A title and its entries, the most important one first; `nouns` is what one and several are called."""

    title: str
    nouns: tuple[str, str]
    entries: tuple[Entry, ...]


def lay_out(sections: Sequence[Section], room: int, page: Page) -> list[str]:
    """Return the sections, each after an empty line, on `room` lines where that is possible.

    The last section gives way first, and in it the last entry. An entry that has a shorter form takes it; one that has
    none is counted. Where that is not enough, the short ones are counted as well.
    """
    chosen = [[0] * len(section.entries) for section in sections]
    for number, position, form in _concessions(sections):
        if sum(page.rows(_lines(*each, page)) for each in zip(sections, chosen, strict=True)) <= room:
            break
        chosen[number][position] = form
    return [line for each in zip(sections, chosen, strict=True) for line in _lines(*each, page)]


def _concessions(sections: Sequence[Section]) -> Iterator[tuple[int, int, int]]:
    """Yield section, entry and the form that it is to have, in the order in which they give way."""
    backwards = [
        (number, position)
        for number in reversed(range(len(sections)))
        for position in reversed(range(len(sections[number].entries)))
    ]
    for number, position in backwards:
        yield number, position, 1
    for number, position in backwards:
        yield number, position, len(sections[number].entries[position].forms)


def _lines(section: Section, chosen: Sequence[int], page: Page) -> list[str]:
    """Return a section whose entries have the forms `chosen`; one past the last form is no line but counted."""
    shown = [entry.forms[form] for entry, form in zip(section.entries, chosen, strict=True) if form < len(entry.forms)]
    hidden = len(section.entries) - len(shown)
    noun = section.nouns[hidden > 1]
    if not shown:
        return ["", section.title + page.ink("dim", f", {hidden} {noun}: -v")]
    shortened = sum(0 < form < len(entry.forms) for entry, form in zip(section.entries, chosen, strict=True))
    left_out = [f"why for the last {shortened}"] if shortened else []
    left_out += [f"{hidden} more {noun}"] if hidden else []
    more = [page.ink("dim", f"  … {' and '.join(left_out)}: -v")] if left_out else []
    return ["", section.title, *(line for lines in shown for line in lines), *more]
