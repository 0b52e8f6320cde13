"""The points of a sweep as tables: sizes against setups, or one row for each point with everything about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from npufit.formatting import percent, quantity, significant, size
from npufit.report.sweep.document import PointEntry, SweepDocument
from npufit.report.sweep.words import Block, blocks
from npufit.report.tables import fitted_table
from npufit.report.terminal_page import Page, columns
from npufit.sweeping import PointStatus

_DIGITS = 3
_SHOWN = (PointStatus.PREDICTED, PointStatus.UNKNOWN, PointStatus.OBSERVED)
_HAZARD, _CLIFF = "!", "▼"
_GAP = "  "


def table_lines(document: SweepDocument, page: Page, *, everything: bool) -> list[str]:
    """Return a table for each network; `everything` also shows the sizes that only the search for cliffs looked at."""
    lines: list[str] = []
    for block in blocks(document):
        points = [
            point
            for point in document.points
            if point.series in block.series and (everything or _is_shown(document, point))
        ]
        points = [point for point in points if point.status in _SHOWN]
        if not points:
            continue
        is_matrix = len(block.series) > 1 and len({point.size for point in points}) > 1
        table = _matrix(document, block, points, page) if is_matrix else _details(document, block, points, page)
        lines += ["", page.ink("bold", block.title), *table]
    return lines


def _is_shown(document: SweepDocument, point: PointEntry) -> bool:
    """Return whether a point is of the grid, observed, or beside a cliff."""
    if point.in_grid or point.status is PointStatus.OBSERVED:
        return True
    return any(point.series == cliff.series and point.size in (cliff.before, cliff.after) for cliff in document.cliffs)


def _matrix(document: SweepDocument, block: Block, points: Sequence[PointEntry], page: Page) -> list[str]:
    """Return sizes against setups, in as many tables as the page is too narrow for one."""
    ordered = sorted(points, key=lambda point: (point.height or 0) * (point.width or 0))
    sizes = list(dict.fromkeys(point.size for point in ordered))
    macs = {point.size: point.macs for point in ordered if point.macs is not None}
    first = [["size", *sizes], ["MACs", *(_quantity(macs.get(size)) for size in sizes)]]
    lines: list[str] = []
    shown: list[list[str]] = []
    for number in block.series:
        of_series = {size: [p for p in points if p.series == number and p.size == size] for size in sizes}
        cliffs = {cliff.after for cliff in document.cliffs if cliff.series == number and not cliff.observed}
        pair = [
            [document.series[number].setup, *(_time_cell(of_series[size], size in cliffs) for size in sizes)],
            ["NPU", *(_npu_cell(of_series[size]) for size in sizes)],
        ]
        if shown and _width([*first, *shown, *pair]) > page.width:
            lines += [*_aligned([*first, *shown], page), ""]
            shown = []
        shown += pair
    hazards = dict.fromkeys(hazard.id for point in points for hazard in point.hazards)
    note = "ms of one inference, predicted unless measured; NPU: operators on it"
    note += f"; {_HAZARD} hazard: {', '.join(hazards)}" if hazards else ""
    is_marked = any(cliff.series in block.series and not cliff.observed for cliff in document.cliffs)
    note += f"; {_CLIFF} cliff" if is_marked else ""
    return [*lines, *_aligned([*first, *shown], page), *(page.ink("dim", line) for line in page.wrap(note))]


def _width(table: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) for column in table) + len(_GAP) * (len(table) - 1)


def _aligned(table: Sequence[Sequence[str]], page: Page) -> list[str]:
    right = [place for place, column in enumerate(table) if place and column[0] != "NPU"]
    head, *rows = columns(list(zip(*table, strict=True)), right=right, gap=_GAP)
    return [page.ink("bold", head), *rows]


def _time_cell(points: Sequence[PointEntry], is_cliff: bool) -> str:
    """Return what is known about the time of one series at one size: predicted, measured, or both."""
    computed = [_time(point) for point in points if point.status is not PointStatus.OBSERVED]
    measured = [_time(point) for point in points if point.status is PointStatus.OBSERVED]
    mark = f" {_HAZARD}" if any(point.hazards for point in points) else ""
    mark += f" {_CLIFF}" if is_cliff else ""
    if not measured:
        return f"{' '.join(computed)}{mark}"
    said = f"measured {', '.join(measured)}"
    return f"{said}{mark}" if not computed or computed[0] == _UNKNOWN else f"({said}) {computed[0]}{mark}"


def _npu_cell(points: Sequence[PointEntry]) -> str:
    return next((_npu(point) for point in points if point.npu_operators is not None), "")


_UNKNOWN = "unknown"


def _time(point: PointEntry) -> str:
    if point.status is PointStatus.UNKNOWN or point.ms is None:
        return _UNKNOWN
    return significant(point.ms, _DIGITS)


def _npu(point: PointEntry) -> str:
    return f"{point.npu_operators}/{point.operators}" if point.npu_operators is not None else ""


def _quantity(value: int | None) -> str:
    return quantity(value).strip() if value else ""


def _range(point: PointEntry) -> str:
    if point.low_ms is None or point.high_ms is None:
        return ""
    return f"{significant(point.low_ms)} to {significant(point.high_ms)}"


def _memory(point: PointEntry) -> str:
    return ", ".join(
        f"{need.memory} {size(need.used_bytes)}{f' of {size(need.limit_bytes)}' if need.limit_bytes else ''}"
        for need in point.memory
    )


def _hazards(point: PointEntry) -> str:
    return ", ".join(f"{hazard.count} {hazard.id}" if hazard.count > 1 else hazard.id for hazard in point.hazards)


POINT_COLUMNS: dict[str, Callable[[PointEntry], str]] = {
    "MACs": lambda point: _quantity(point.macs),
    "ms": _time,
    "range": _range,
    "CPU alone": lambda point: "" if point.cpu_only_ms is None else significant(point.cpu_only_ms, _DIGITS),
    "NPU": _npu,
    "MACs there": lambda point: "" if point.npu_macs_share is None else percent(point.npu_macs_share),
    "calls": lambda point: "" if point.partitions is None else str(point.partitions),
    "copied": lambda point: "" if point.boundary_bytes is None else size(point.boundary_bytes),
    "memory": _memory,
    "hazards": _hazards,
}
"""NPU and MACs there say how much of the network runs on the NPU; calls are those of the NPU."""

_FLUSH_LEFT = ("size", "setup", "range", "NPU", "memory", "hazards")
_GIVE_WAY = ("memory", "copied", "CPU alone", "MACs there", "range", "calls", "MACs")


def _labelled(name: str, point: PointEntry) -> str:
    return f"{name}, measured" if point.status is PointStatus.OBSERVED else name


def _details(document: SweepDocument, block: Block, points: Sequence[PointEntry], page: Page) -> list[str]:
    """Return a row for each point with everything about it; a column that says nothing is left out."""
    cliffs = {(cliff.series, cliff.after) for cliff in document.cliffs if not cliff.observed}
    if len(block.series) == 1:
        ordered = sorted(points, key=lambda point: (point.height or 0) * (point.width or 0))
        label, names = "size", [point.size for point in ordered]
    else:
        ordered = list(points)
        label, names = "setup", [document.series[point.series].setup for point in ordered]
    table = {label: [_labelled(name, point) for name, point in zip(names, ordered, strict=True)]}
    for name, cell in POINT_COLUMNS.items():
        cells = [cell(point) for point in ordered]
        if any(cells):
            table[name] = cells
    notes = _hazards_of_all(table)
    if cliffs and len(block.series) == 1:
        table["ms"] = [
            f"{cell} {_CLIFF if (point.series, point.size) in cliffs else ' '}"
            for cell, point in zip(table["ms"], ordered, strict=True)
        ]
    lines = fitted_table(table, page, _FLUSH_LEFT, _GIVE_WAY)
    return [*lines, *(page.ink("dim", line) for note in notes for line in page.wrap(note))]


def _hazards_of_all(table: dict[str, list[str]]) -> list[str]:
    """Take the hazards out of a table of several rows that all have the same; return what to say below it."""
    hazards = set(table.get("hazards", ()))
    if len(hazards) != 1 or len(table["hazards"]) == 1:
        return []
    del table["hazards"]
    return [f"each with hazards: {hazards.pop()}"]
