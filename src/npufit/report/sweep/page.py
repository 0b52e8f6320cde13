"""A sweep as an HTML page: what is affordable, the curves with their cliffs, and every point as a table."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.formatting import milliseconds
from npufit.report.page import Bundle, Frame, Specification, Tone, charts_payload, render_page
from npufit.report.sweep.chart import sweep_charts
from npufit.report.sweep.document import AffordableEntry, CliffEntry, PointEntry, SweepDocument
from npufit.report.sweep.headline import counts_line, headline_sentences
from npufit.report.sweep.sections import report_words, search_words, unanswered_words
from npufit.report.sweep.tables import POINT_COLUMNS
from npufit.report.sweep.words import Block, blocks, cliff_place, cliff_words, full_name, largest_words, stops_words
from npufit.sweeping import PointStatus


@dataclass(frozen=True, slots=True)
class PointTable:
    """The points of one network as texts; `cliffs` are the rows at which a cliff is."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    cliffs: frozenset[int]


def sweep_page(document: SweepDocument) -> str:
    """Return a sweep as one HTML file; each chart stands beside a table of its points."""
    charts = sweep_charts(document)
    captions = {name: _take_caption(specification) for name, specification in charts.items()}
    answer, *others = headline_sentences(document)
    networks = list(dict.fromkeys(entry.network for entry in document.series))
    has_failed = bool(document.requirements) and document.best is None
    frame = Frame(
        verb="sweep",
        subject=", ".join(networks),
        headline=answer,
        about=" ".join([*others, f"{counts_line(document)}."]),
        tone=Tone.BAD if has_failed else Tone.PLAIN,
        bundles=(Bundle.CHARTS,) if charts else (),
        payloads={"charts": charts_payload(charts)} if charts else {},
    )
    return render_page(
        "sweep/sweep.html.j2",
        frame,
        document=document,
        charts=charts,
        captions=captions,
        blocks=list(enumerate(blocks(document))),
        table=_table,
        affordable=_affordable,
        series_name=full_name,
        cliff_place=cliff_place,
        cliff_words=cliff_words,
        culprit_name=_culprit_name,
        unanswered=unanswered_words(document),
        reports=report_words(document),
        searched=search_words(document),
    )


def _take_caption(specification: Specification) -> str:
    """Remove the title from a chart, because the page has one, and return the subtitle."""
    title = specification.pop("title", {})
    return f"{str(title.get('subtitle', '')).capitalize()}."


def _table(document: SweepDocument, block: Block) -> PointTable:
    """Return every point of a network that has an answer, with the columns that say something."""
    points = [point for point in document.points if point.series in block.series and _has_answer(point)]
    cells = {name: [cell(point) for point in points] for name, cell in POINT_COLUMNS.items()}
    kept = {name: column for name, column in cells.items() if any(column)}
    columns = {
        "size": [point.size for point in points],
        **({"setup": [document.series[point.series].setup for point in points]} if len(block.series) > 1 else {}),
        **kept,
        "known from": [_origin(point) for point in points],
    }
    header = tuple(columns)
    ends = {(cliff.series, cliff.after) for cliff in document.cliffs if not cliff.observed}
    return PointTable(
        title=block.title,
        header=header,
        rows=tuple(zip(*columns.values(), strict=True)),
        numbers=tuple(place for place, name in enumerate(header) if name in _NUMBERS),
        cliffs=frozenset(
            place
            for place, point in enumerate(points)
            if (point.series, point.size) in ends and point.status is not PointStatus.OBSERVED
        ),
    )


_NUMBERS = ("MACs", "ms", "range", "CPU alone", "NPU", "MACs there", "calls", "copied")


def _has_answer(point: PointEntry) -> bool:
    return point.status not in (PointStatus.FAILED, PointStatus.IMPOSSIBLE)


def _origin(point: PointEntry) -> str:
    """Return how a time is known: predicted, measured by whom, or why it is unknown."""
    if point.status is PointStatus.OBSERVED:
        caution = f" ({point.caution})" if point.caution else ""
        return f"measured: {point.version}, {point.source}{caution}"
    return "predicted" if point.status is PointStatus.PREDICTED else f"{point.status}"


def _affordable(document: SweepDocument) -> list[tuple[str, str, str, str]]:
    """Return for each series the largest size that holds, its time, and what stops the next one."""
    return [_afforded(document, answer) for answer in document.affordable]


def _afforded(document: SweepDocument, answer: AffordableEntry) -> tuple[str, str, str, str]:
    name, largest = full_name(document.series[answer.series]), answer.largest
    time = milliseconds(largest.ms, 3) if largest is not None and largest.ms is not None else ""
    return name, largest_words(answer), time, stops_words(answer)


def _culprit_name(cliff: CliffEntry) -> str:
    """Return the first operator that differs; empty if it is not an operator."""
    culprit = cliff.culprit
    if culprit is None or culprit.index is None:
        return ""
    subgraph = f"{culprit.subgraph}:" if culprit.subgraph else ""
    return f"{subgraph}{culprit.index} {culprit.type}"
