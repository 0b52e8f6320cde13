"""The first lines of a sweep: what it found, and what it looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from npufit.formatting import milliseconds, plural
from npufit.report.sweep.document import CliffEntry, PointEntry, SweepDocument
from npufit.report.sweep.words import cliff_place, cliff_words, failed_words, full_name
from npufit.sweeping import PointStatus

_SETUPS = 3
"""The first line names so many setups."""


def sweep_headline(document: SweepDocument) -> str:
    """Return the answer in one or two sentences: what is affordable, if that was asked, and the worst cliff."""
    return " ".join(headline_sentences(document))


def headline_sentences(document: SweepDocument) -> list[str]:
    """Return the sentences of the headline, the one that answers first."""
    sentences = [_affordable(document)] if document.requirements else []
    return [*sentences, _cliffs(document), *_dangers(document)]


def counts_line(document: SweepDocument) -> str:
    """Return what was looked at: points, networks, sizes, setups, and how many points have no answer."""
    series, points = document.series, document.points
    counted = [point for point in points if point.in_grid or point.status is not PointStatus.IMPOSSIBLE]
    computed = [point for point in counted if point.status is not PointStatus.OBSERVED]
    words = [
        plural(len(computed), "point"),
        plural(len({(entry.network, entry.precision) for entry in series}), "network"),
        plural(len({point.size for point in computed}), "size"),
        plural(len({entry.setup for entry in series}), "setup"),
    ]
    for status in (PointStatus.UNKNOWN, PointStatus.IMPOSSIBLE, PointStatus.FAILED):
        count = sum(point.status is status for point in counted)
        words += [f"{count} {status}"] if count else []
    observed = len(counted) - len(computed)
    words += [plural(observed, "public measurement")] if observed else []
    words += [f"{document.kept} of {len(computed)} kept from before"] if document.kept else []
    return ", ".join(words)


def _affordable(document: SweepDocument) -> str:
    asked = " and ".join(document.requirements)
    if document.best is None:
        nearest = next((entry for entry in document.affordable if entry.following is not None), None)
        why = ""
        if nearest is not None and nearest.following is not None:
            why = f": even {nearest.following.size} has {failed_words(nearest.following)}"
        return f"No size holds {asked}{why}."
    best = document.affordable[document.best]
    assert best.largest is not None
    name = full_name(document.series[best.series])
    time = f" at {milliseconds(best.largest.ms, 3)}" if best.largest.ms is not None else ""
    if best.following is None:
        return f"{best.largest.size} holds {asked}{time}, {name}; nothing larger was looked at."
    return (
        f"{best.largest.size} is the largest size that holds {asked}{time}, {name}; {best.following.size} does not: "
        f"{failed_words(best.following)}."
    )


def _cliffs(document: SweepDocument) -> str:
    """Return how many cliffs there are and the steepest; for a single size, the fastest setup."""
    computed = [point for point in document.points if point.status is PointStatus.PREDICTED]
    located = [cliff for cliff in document.cliffs if not cliff.observed]
    observed = [cliff for cliff in document.cliffs if cliff.observed]
    seen = f"a cliff that others observed: {_cliff(document, max(observed, key=_steepness))}" if observed else ""
    if located:
        which = "; the steepest" if len(located) > 1 else ""
        found = f"{plural(len(located), 'cliff')}{which}: {_cliff(document, max(located, key=_steepness))}"
        return f"{found}; and {seen}." if seen else f"{found}."
    ordered = sorted(computed, key=lambda point: (point.height or 0) * (point.width or 0))
    sizes = list(dict.fromkeys(point.size for point in ordered))
    if not computed:
        found = "nothing could be predicted"
    elif len(sizes) == 1:
        found = _fastest(document, computed)
    else:
        found = f"no cliff from {sizes[0]} to {sizes[-1]} on {_setups(document, computed)}{_where_known(document)}"
    first, *others = [sentence for sentence in (seen, found) if sentence]
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in (first, *others))


def _dangers(document: SweepDocument) -> list[str]:
    """Return what a time may hide: an NPU that gets nothing, hazards, and an NPU that is slower than the CPU alone."""
    unused = sum(point.npu_operators == 0 for point in document.points)
    hazards = Counter(hazard.id for point in document.points for hazard in point.hazards)
    exposed = sum(bool(point.hazards) for point in document.points)
    slower = sum(point.speed_up is not None and point.speed_up < 1 for point in document.points)
    sentences: list[str] = []
    if unused:
        where = f" at {unused} of {plural(len(document.points), 'point')}" if unused < len(document.points) else ""
        sentences.append(f"Nothing runs on the NPU{where}.")
    if hazards:
        sentences.append(f"{plural(exposed, 'point')} with hazards ({', '.join(hazards)}).")
    if slower:
        sentences.append(f"{plural(slower, 'point')} slower with the NPU than on the CPU alone.")
    return sentences


def _cliff(document: SweepDocument, cliff: CliffEntry) -> str:
    return f"{full_name(document.series[cliff.series])}, {cliff_place(cliff)}: {cliff_words(cliff)}"


def _where_known(document: SweepDocument) -> str:
    """Return on which setups nothing is known, if there are any."""
    unknown = [point for point in document.points if point.status is PointStatus.UNKNOWN]
    return f"; unknown on {_setups(document, unknown)}" if unknown else ""


def _setups(document: SweepDocument, points: Sequence[PointEntry]) -> str:
    """Return the setups of `points`, each once; how many if they are more than a line has room for."""
    setups = list(dict.fromkeys(document.series[number].setup for number in sorted({point.series for point in points})))
    return " and ".join(setups) if len(setups) <= _SETUPS else f"{len(setups)} setups"


def _fastest(document: SweepDocument, points: Sequence[PointEntry]) -> str:
    timed = [point for point in points if point.ms is not None]
    if not timed:
        return "placed, but no time is predicted"
    fastest = min(timed, key=lambda point: point.ms or 0.0)
    slowest = max(timed, key=lambda point: point.ms or 0.0)
    said = f"{full_name(document.series[fastest.series])}, {milliseconds(fastest.ms or 0.0, 3)}"
    if len(timed) == 1:
        return said
    last = f"{full_name(document.series[slowest.series])}, {milliseconds(slowest.ms or 0.0, 3)}"
    return f"fastest: {said}; slowest: {last}"


def _steepness(cliff: CliffEntry) -> float:
    """Return by how much the time changes beyond the work, in either direction."""
    if not cliff.time_ratio:
        return float("inf")
    excess = cliff.time_ratio / (cliff.macs_ratio or 1.0)
    return max(excess, 1 / excess)
