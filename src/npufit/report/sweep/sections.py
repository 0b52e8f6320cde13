"""The sections of a sweep's text around its tables: cliffs, what is affordable, what has no answer and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from npufit.formatting import milliseconds, plural, shorten
from npufit.report.sweep.document import (
    AffordableEntry,
    CliffEntry,
    CulpritEntry,
    PointEntry,
    SeriesEntry,
    SweepDocument,
)
from npufit.report.sweep.words import (
    blocks,
    change_words,
    cliff_place,
    cliff_words,
    full_name,
    largest_words,
    stops_words,
)
from npufit.report.terminal_page import Page
from npufit.sweeping import PointStatus

_MOST_CLIFFS = 8
_WITHOUT_ANSWER = (PointStatus.UNKNOWN, PointStatus.FAILED, PointStatus.IMPOSSIBLE)


def affordable_lines(document: SweepDocument, page: Page) -> list[str]:
    """Return the largest size of each series that meets the requirements, and what stops the next one."""
    if not document.requirements:
        return []
    lines = ["", page.ink("bold", f"Largest size with {' and '.join(document.requirements)}")]
    for answer in document.affordable:
        lines += page.wrap(_affordable(document, answer), "  ", "    ")
    return lines


def _affordable(document: SweepDocument, answer: AffordableEntry) -> str:
    largest = answer.largest
    time = f", {milliseconds(largest.ms, 3)}" if largest is not None and largest.ms is not None else ""
    stops = stops_words(answer)
    name = full_name(document.series[answer.series])
    return f"{name}: {largest_words(answer)}{time}{f'; {stops}' if stops else ''}"


def cliff_lines(document: SweepDocument, page: Page, *, everything: bool) -> list[str]:
    """Return every cliff: where, what changes, and which operator is the first; at most eight without `everything`."""
    if not document.cliffs:
        return []
    shown = document.cliffs if everything else document.cliffs[:_MOST_CLIFFS]
    lines = ["", page.ink("bold", "Cliffs")]
    series = None
    for cliff in shown:
        if cliff.series != series:
            series = cliff.series
            lines.append(f"  {full_name(document.series[series])}")
        how = ", by observation" if cliff.observed else ""
        lines += page.wrap(f"{cliff_place(cliff)}{how}: {cliff_words(cliff)}", "    ", "      ")
        lines += page.wrap(_measured_by(document, cliff), "      ", "        ") if cliff.observed else []
        lines += _culprit_lines(cliff, page)
    hidden = len(document.cliffs) - len(shown)
    if hidden:
        lines.append(page.ink("dim", f"  {plural(hidden, 'more cliff')}: --all"))
    return [*lines, *(page.ink("dim", line) for line in page.wrap(search_words(document), "  "))]


def _measured_by(document: SweepDocument, cliff: CliffEntry) -> str:
    """Return who measured the two sides of an observed cliff, with which software."""
    sides = (cliff.before, cliff.after)
    points = [point for point in document.points if point.series == cliff.series and point.size in sides]
    versions = dict.fromkeys(shorten(point.version) for point in points if point.status is PointStatus.OBSERVED)
    sources = dict.fromkeys(shorten(point.source.partition(" [")[0]) for point in points if point.source)
    return f"measured with {' and '.join(versions)} [{'; '.join(sources)}]"


def _culprit_lines(cliff: CliffEntry, page: Page) -> list[str]:
    culprit = cliff.culprit
    if culprit is None:
        return []
    return page.wrap(f"{_who(culprit)}{culprit.before} → {culprit.after}{_rule(culprit)}", "      ", "        ")


def _who(culprit: CulpritEntry) -> str:
    if culprit.index is None:
        return ""
    where = f"subgraph {culprit.subgraph}, " if culprit.subgraph else ""
    return f"first at {where}operator {culprit.index}, {culprit.type} ({culprit.name}): "


def _rule(culprit: CulpritEntry) -> str:
    if culprit.rule is None:
        return f" (limit: {culprit.limit})" if culprit.limit else ""
    limit = f" Limit: {culprit.limit}." if culprit.limit else ""
    return f". {culprit.rule}: {culprit.reason}{limit}"


def search_words(document: SweepDocument) -> str:
    """Return between which sizes cliffs were searched, and what that does not see."""
    if not document.cliff_step:
        return "No size between two points of the grid was looked at (--cliff-step 0)."
    step = f", at multiples of {document.cliff_step} pixels" if document.cliff_step > 1 else ""
    return (
        f"Sizes between two that differ were looked at{step}; between two that agree, none: a change that undoes "
        "itself there is not seen."
    )


def change_lines(document: SweepDocument, page: Page) -> list[str]:
    """Return what changes from one setup to the next of the same chip and stack, if there is a single size."""
    lines: list[str] = []
    groups = blocks(document)
    for block in groups:
        points = [
            point for point in document.points if point.series in block.series and point.status is PointStatus.PREDICTED
        ]
        if len({point.size for point in points}) > 1:
            continue
        for before, after in pairwise(points):
            first, second = document.series[before.series], document.series[after.series]
            if _stack(first) == _stack(second):
                who = f"{block.title}, " if len(groups) > 1 else ""
                change = f"{first.setup} → {second.setup}: {change_words(before, after)}"
                lines += page.wrap(f"{who}{change}", "  ", "    ")
    return ["", page.ink("bold", "From setup to setup"), *lines] if lines else []


def _stack(entry: SeriesEntry) -> str:
    return entry.target.partition("@")[0]


def unanswered_lines(document: SweepDocument, page: Page) -> list[str]:
    """Return what is unknown, failed or impossible as a section of the text."""
    lines = [line for words in unanswered_words(document) for line in page.wrap(words, "  ", "    ")]
    return ["", page.ink("bold", "Without an answer"), *lines] if lines else []


def unanswered_words(document: SweepDocument) -> list[str]:
    """Return what is unknown, failed or impossible: once for each network and setup, or for each reason."""
    groups: dict[tuple[PointStatus, str, str], list[PointEntry]] = {}
    for point in document.points:
        if point.status in _WITHOUT_ANSWER and (point.in_grid or point.status is not PointStatus.IMPOSSIBLE):
            entry = document.series[point.series]
            setup = "" if point.status is PointStatus.IMPOSSIBLE else entry.setup
            groups.setdefault((point.status, f"{entry.network} ({entry.precision})", setup), []).append(point)
    found: list[str] = []
    for (status, network, setup), points in _with_same_reason(groups):
        where = f"{network}{f' on {setup}' if setup else ''}, {_sizes(points)}"
        reasons = list(dict.fromkeys(point.reason for point in points))
        more = f" ({plural(len(reasons) - 1, 'more reason')}: --json)" if len(reasons) > 1 else ""
        found.append(f"{status}: {where}: {shorten(reasons[0], 600)}{more}")
    return found


_Group = tuple[PointStatus, str, str]


def _with_same_reason(groups: Mapping[_Group, list[PointEntry]]) -> list[tuple[_Group, list[PointEntry]]]:
    """Return the groups; of several with one and the same reason, such as a missing tool, one that names them all."""
    joined: dict[tuple[PointStatus, str], list[_Group]] = {}
    for group, points in groups.items():
        reasons = {point.reason for point in points}
        joined.setdefault((group[0], reasons.pop() if len(reasons) == 1 else str(group)), []).append(group)
    result: list[tuple[_Group, list[PointEntry]]] = []
    for (status, _), members in joined.items():
        networks = list(dict.fromkeys(network for _, network, _ in members))
        setups = list(dict.fromkeys(setup for _, _, setup in members))
        points = [point for member in members for point in groups[member]]
        result.append(((status, _list(networks), _list(setups)), points))
    return result


def _sizes(points: Sequence[PointEntry]) -> str:
    sizes = list(dict.fromkeys(point.size for point in points))
    return f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 2 else " and ".join(sizes)


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def report_lines(document: SweepDocument, page: Page) -> list[str]:
    """Return what others observed as a section of the text."""
    lines = [line for text in report_words(document) for line in page.wrap(text, "  ", "    ")]
    return ["", page.ink("bold", "Observed by others"), *lines] if lines else []


def report_words(document: SweepDocument) -> list[str]:
    """Return what others observed of the networks whose placement is unknown, each with its source."""
    unknown = {point.series for point in document.points if point.status is PointStatus.UNKNOWN}
    said: dict[str, None] = {}
    for number in sorted(unknown):
        for report in document.series[number].reports:
            said.setdefault(f"{report.text} [{report.source}]")
    return list(said)
