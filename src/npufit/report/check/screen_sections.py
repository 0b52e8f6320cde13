"""The entries of a screen about hazards, operators off the NPU and the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from npufit import formatting
from npufit.checking import CheckResult
from npufit.graph import OperatorId
from npufit.report.check.deciding import decided_by
from npufit.report.check.line_budget import Entry, Section
from npufit.report.findings import group_by_rule
from npufit.report.hazards import effect_words, hazards_by_effect
from npufit.report.terminal_page import GLUE, Page
from npufit.rewrite import cures_of
from npufit.stacks import Effect, Hazard, OperatorPlacement, Remedy, RemedyKind, Rule, Unit

_TYPES = 4
_INDICES = 4
_NAME_WIDTH = 40
_LONG = 40
_NOTE_LINES = 3
_NOTES = 3


def screen_sections(result: CheckResult, page: Page) -> list[Section]:
    """Return the sections, the most important one first; a section without entries is left out."""
    sections = [
        *_hazards(result, page),
        _differences(result, page),
        _off_npu(result, Unit.CPU, "On the CPU", page),
        _off_npu(result, Unit.UNKNOWN, "Unknown", page),
        _notes(result, page),
    ]
    return [section for section in sections if section.entries]


def _hazards(result: CheckResult, page: Page) -> Iterator[Section]:
    for effect, hazards in hazards_by_effect(result.placement.hazards).items():
        title = f"Hazards: accepted, but {effect_words(effect, hazards)} ({len(hazards)})"
        ink = "red" if effect is Effect.CRASH else "bold"
        rules: dict[str, list[Hazard]] = {}
        for hazard in hazards:
            rules.setdefault(hazard.rule.id, []).append(hazard)
        reasons = [_Reason.of_hazards(result, group) for group in rules.values()]
        yield Section(page.ink(ink, title), ("kind of hazard", "kinds of hazard"), _entries(reasons, page))


def _off_npu(result: CheckResult, unit: Unit, title: str, page: Page) -> Section:
    placed = result.on(unit)
    reasons = [_Reason.of_operators(result, rule, group) for rule, group in group_by_rule(placed)]
    title = page.ink("bold", f"{title}: {formatting.plural(len(placed), 'operator')}")
    return Section(title, ("reason", "reasons"), _entries(reasons, page))


@dataclass(frozen=True, slots=True)
class _Reason:
    """A reason for a group of operators: the rule's name, the operators, a sentence, the ways out."""

    name: str
    who: str
    sentence: str
    way_out: str
    more_ways: int

    @classmethod
    def of_hazards(cls, result: CheckResult, group: Sequence[Hazard]) -> _Reason:
        """Return the reason for the hazards of one rule."""
        rule = group[0].rule
        who = _who(result, [hazard.culprit for hazard in group])
        remedies = [remedy for hazard in group for remedy in hazard.remedies]
        evidence = ", ".join(dict.fromkeys(hazard.evidence for hazard in group))
        return cls(rule.id, who, f"{rule.statement} [{evidence}]", *_way_out(rule, remedies, len(group)))

    @classmethod
    def of_operators(cls, result: CheckResult, rule: Rule | None, group: Sequence[OperatorPlacement]) -> _Reason:
        """Return the reason for the operators that one rule keeps off the NPU."""
        who = _who(result, [placed.id for placed in group])
        evidence = ", ".join(dict.fromkeys(placed.evidence for placed in group))
        if rule is None:
            notes = "; ".join(dict.fromkeys(formatting.printable(placed.note) for placed in group if placed.note))
            return cls("no reason given", who, f"{notes} [{evidence}]".lstrip(), "no way out is known", 0)
        remedies = [remedy for placed in group for remedy in (placed.finding.remedies if placed.finding else ())]
        return cls(rule.id, who, f"{rule.statement} [{evidence}]", *_way_out(rule, remedies, len(group)))


def _entries(reasons: Sequence[_Reason], page: Page) -> tuple[Entry, ...]:
    """Return an entry for each reason; a long way out is not repeated."""
    named: dict[str, str] = {}
    entries: list[Entry] = []
    for reason in reasons:
        first = named.setdefault(reason.way_out, reason.name)
        way_out = reason.way_out if first == reason.name or len(reason.way_out) < _LONG else f"as for {first}"
        more = f"; {reason.more_ways}{GLUE}more:{GLUE}-v" if reason.more_ways else ""
        who, why = (
            tuple(_inked(line, reason, page) for line in page.wrap(f"{reason.name}: {text}", "  ", "    "))
            for text in (reason.who, f"{reason.who}. {reason.sentence}")
        )
        entries.append(Entry(((*why, *page.wrap(f"→ {way_out}{more}", "    ", "      ")), who)))
    return tuple(entries)


def _inked(line: str, reason: _Reason, page: Page) -> str:
    """Return the line with its leading name in colour."""
    start = f"  {reason.name}"
    return f"  {page.ink('cyan', reason.name)}{line.removeprefix(start)}" if line.startswith(start) else line


def _way_out(rule: Rule, remedies: Sequence[Remedy], count: int) -> tuple[str, int]:
    """Return the ways out that ask least of the user, and how many more there are.

    These are passes of fit, preferably exact ones, and the version without most of the findings; otherwise the first of
    the others.
    """
    cures = cures_of(rule.id)
    shown = [f"fit {cure.fit_options}" for cure in [cure for cure in cures if cure.is_exact] or cures[:1]]
    tally = Counter(remedy for remedy in remedies if remedy.kind is not RemedyKind.NONE)
    versions = [remedy for remedy, _ in tally.most_common() if remedy.kind is RemedyKind.VERSION]
    shown += [_version(remedy, tally[remedy], count) for remedy in versions[:1]]
    if not shown:
        shown = [formatting.printable(remedy.text.removesuffix(".")) for remedy in tally][:1]
    return "; ".join(shown) or "no way out is known", len(cures) + len(tally) - len(shown)


def _version(remedy: Remedy, lifted: int, count: int) -> str:
    partly = "" if lifted == count else f" ({lifted} of {count})"
    return f"{formatting.printable(remedy.text)}{partly}{f': -t{GLUE}{remedy.target}' if remedy.target else ''}"


def _who(result: CheckResult, places: Sequence[OperatorId]) -> str:
    """Return operators by type, such as `14 CONV_2D, 2 ADD`, and a few indices."""
    names = Counter(formatting.shorten(result.model.operator(place).name, _NAME_WIDTH) for place in places)
    types = [name if count == 1 else f"{count} {name}" for name, count in names.most_common(_TYPES)]
    if len(names) > _TYPES:
        types.append(f"{len(names) - _TYPES} more types")
    is_clear = len(places) <= _INDICES and len(result.model.subgraphs) == 1
    where = f" ({formatting.ranges([place.index for place in places])})" if is_clear else ""
    return f"{', '.join(types)}{where}"


def _differences(result: CheckResult, page: Page) -> Section:
    placement = result.placement
    title = f"Differences: {decided_by(placement)} decides; the rules expected something else"
    entries: list[str] = []
    for difference in placement.differences:
        where = "" if difference.operator is None else f"operator {difference.operator.index}: "
        entries.append(f"{where}{difference.what}: {difference.observed}, the rules say {difference.predicted}")
    return Section(page.ink("bold", title), ("difference", "differences"), _texts(entries, page))


def _notes(result: CheckResult, page: Page) -> Section:
    """Return notes; long ones, and those after the third, are only counted."""
    notes = [f"{formatting.printable(note.text)} [{note.evidence}]" for note in result.placement.notes]
    entries = [
        entry if position < _NOTES and len(entry.forms[0]) <= _NOTE_LINES else Entry(())
        for position, entry in enumerate(_texts(notes, page, "- "))
    ]
    return Section(page.ink("bold", "Worth knowing"), ("note", "notes"), tuple(entries))


def _texts(texts: Iterable[str], page: Page, mark: str = "") -> tuple[Entry, ...]:
    return tuple(Entry((tuple(page.wrap(formatting.printable(text), f"  {mark}", "    ")),)) for text in texts)
