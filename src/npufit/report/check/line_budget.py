"""Sections that share a number of lines: entries that do not fit are shortened, then only counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npufit.report.terminal_page import Page


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a section, as lines: in full, and in a short form if it has one."""

    forms: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A title and its entries, the most important one first; `nouns` are the singular and plural name of an entry."""

    title: str
    nouns: tuple[str, str]
    entries: tuple[Entry, ...]


def lay_out(sections: Sequence[Section], room: int, page: Page) -> list[str]:
    """Return the sections, each after an empty line, on `room` lines if possible.

    The last section gives way first, and in it the last entry. An entry with a shorter form takes it; one without is
    counted. If that is not enough, the short ones are counted as well.
    """
    chosen = [[0] * len(section.entries) for section in sections]
    for number, position, form in _concessions(sections):
        if sum(page.rows(_lines(*each, page)) for each in zip(sections, chosen, strict=True)) <= room:
            break
        chosen[number][position] = form
    return [line for each in zip(sections, chosen, strict=True) for line in _lines(*each, page)]


def _concessions(sections: Sequence[Section]) -> Iterator[tuple[int, int, int]]:
    """Yield section, entry and its new form, in the order in which they give way."""
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
    """Return a section whose entries have the forms `chosen`; an entry past its last form is counted."""
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
