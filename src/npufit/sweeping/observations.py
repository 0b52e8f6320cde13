"""Public measurements as points: what others measured of the same network on the same chip and stack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from npufit.cost.measured import Row, measured_rows
from npufit.rewrite.resolution import Size
from npufit.stacks import Target, Unit
from npufit.sweeping.cliffs import Cliff, make_cliff
from npufit.sweeping.point import Point, PointStatus, Series, Sighting
from npufit.sweeping.sizes import by_area
from npufit.zoo import ZooSpec, parse_spec

_CONVERTED = re.compile(r"(\d+)/(\d+) ops converted")
_PLACE_IN_SOURCE = re.compile(r" (?:line \d|\[|\().*")


def observed_points(series: Series, points: Sequence[Point]) -> list[Point]:
    """Return the observations of a series at any size between its smallest and largest of `points`.

    A built-in network is known at every size that was measured; a file at its sizes in `points`, by its operators.
    """
    if series.network.spec is not None:
        return list(_of_built_in(series, series.network.spec, points))
    return list(_of_file(series, points))


def observed_cliffs(observed: Iterable[Point], computed: Iterable[Point]) -> list[Cliff]:
    """Return the changes between neighbouring observations of one source, where no prediction says more.

    Where between the two sizes the change is, nobody has published.
    """
    known = {point.size for point in computed if point.status is PointStatus.PREDICTED}
    ordered = sorted(observed, key=lambda point: by_area(point.size or (0, 0)))
    cliffs: list[Cliff] = []
    for before, after in pairwise(ordered):
        if {before.size, after.size} & known or before.size == after.size or _origin(before) != _origin(after):
            continue
        cliff = make_cliff(before, after, is_exact=False)
        cliffs += [cliff] if cliff is not None else []
    return cliffs


def _of_built_in(series: Series, spec: ZooSpec, points: Sequence[Point]) -> Iterator[Point]:
    by_size = {point.size: point for point in points if point.outcome is not None}
    areas = [by_area(size)[0] for size in by_size if size is not None]
    for row in measured_rows():
        if not _is_of(row, series.setup.target) or row.is_npu_alone or not _is_same(spec, row):
            continue
        measured = parse_spec(row.network)
        size = measured.image_size if measured.size else None
        if size is not None and (not areas or not min(areas) <= by_area(size)[0] <= max(areas)):
            continue
        sighting = Sighting(
            row.measured_ms, _cpu_only(row), *_count(row.version), row.version, row.source, row.left_out
        )
        yield _point(series, size, by_size.get(size), sighting)


def _is_of(row: Row, target: Target) -> bool:
    return row.unit is Unit.NPU and row.chip == target.chip and row.stack == target.stack


def _is_same(spec: ZooSpec, row: Row) -> bool:
    """Return whether a row measures the network of `spec`, at whatever size and with whatever ends."""
    if not row.network:
        return False
    other = parse_spec(row.network)
    return all(getattr(spec, field) == getattr(other, field) for field in ("network", "precision", "alpha", "export"))


def _cpu_only(npu: Row) -> float | None:
    """Return the fastest time on the CPU alone that the same source gives for the same network."""
    return min(
        (
            row.measured_ms
            for row in measured_rows()
            if row.unit is Unit.CPU
            and (row.chip, row.network) == (npu.chip, npu.network)
            and _without_place(row.source) == _without_place(npu.source)
        ),
        default=None,
    )


def _of_file(series: Series, points: Sequence[Point]) -> Iterator[Point]:
    for point in points:
        measured = point.outcome.measured if point.outcome is not None else ()
        alone = [entry for entry in measured if entry.unit is Unit.CPU]
        for entry in measured:
            if entry.unit is not Unit.NPU or series.setup.target.stack not in entry.stack:
                continue
            origin = _without_place(entry.source)
            cpu_only = min((cpu.ms for cpu in alone if _without_place(cpu.source) == origin), default=None)
            sighting = Sighting(entry.ms, cpu_only, *_count(entry.version), entry.version, entry.source, entry.caution)
            yield _point(series, point.size, point, sighting)


def _point(series: Series, size: Size | None, computed: Point | None, sighting: Sighting) -> Point:
    outcome = computed.outcome if computed is not None else None
    return Point(series, size, PointStatus.OBSERVED, outcome, sighting, in_grid=computed is not None)


def _count(version: str) -> tuple[int | None, int | None]:
    found = _CONVERTED.search(version)
    return (int(found[1]), int(found[2])) if found else (None, None)


def _origin(point: Point) -> str:
    return _without_place(point.sighting.source) if point.sighting is not None else ""


def _without_place(source: str) -> str:
    return _PLACE_IN_SOURCE.sub("", source)
