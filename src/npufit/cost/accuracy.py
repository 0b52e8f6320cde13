"""Predicted against measured: every public measurement beside what a fit that had not seen its network predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from npufit.cost.data import FITTED, HELD_OUT, read_json
from npufit.cost.estimate import Band
from npufit.cost.reference import Row, architecture, measured_rows
from npufit.errors import InputError


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One public measurement. `chip` is npufit's name of it, or the source's where npufit has no such chip.

    `group` is what predicts the row (`imx93/cpu`, `imx93/vela`). `network` is the zoo's, None where it cannot be built.
    `predicted_ms` is held out: by a fit without any row of this network; None where there is none. `compiler_ms` is the
    stack's own compiler's estimate, `in_band` whether the measurement lay in the range around the prediction.
    `left_out` says why the row is not counted, empty where it is.
    """

    chip: str
    group: str
    model: str
    size: str
    network: str | None
    unit: str
    threads: str
    stack: str
    stack_version: str
    measured_ms: float
    predicted_ms: float | None
    compiler_ms: float | None
    in_band: bool | None
    left_out: str
    source: str

    @property
    def counts(self) -> bool:
        """Whether the row counts in the errors of its group."""
        return self.predicted_ms is not None and not self.left_out

    @property
    def error(self) -> float | None:
        """How far the prediction is off, as a share of the measurement; negative where it is too low."""
        return None if self.predicted_ms is None else self.predicted_ms / self.measured_ms - 1

    @property
    def compiler_error(self) -> float | None:
        """How far the compiler's own estimate is off, as `error`."""
        return None if self.compiler_ms is None else self.compiler_ms / self.measured_ms - 1


@dataclass(frozen=True, slots=True)
class GroupAccuracy:
    """The errors of one group, or of its rows with one number of threads where `threads` says which.

    Errors are absolute shares of the measurement, 0.1 for 10 %. `coverage` is the share of rows within `band`.
    `compiler_mean_error` is that of the compiler's own estimate on the rows that have one, None where none has.
    """

    group: str
    threads: str
    rows: int
    networks: int
    median_error: float
    mean_error: float
    coverage: float
    band: Band
    compiler_median_error: float | None
    compiler_mean_error: float | None


def accuracy_rows(document: Mapping[str, Any] | None = None) -> tuple[AccuracyRow, ...]:
    """Return every public measurement with its held-out prediction, in the order of `measurements.csv`.

    `document` is what `python -m npufit.cost.fit` writes; the packaged one where it is None.
    """
    document = document or _packaged()
    held_out = {entry["row"]: entry for entry in document["held_out"]}
    bands = _bands(document)
    return tuple(_row(row, held_out.get(row.index, {}), bands) for row in measured_rows())


def _packaged() -> Mapping[str, Any]:
    return {**read_json(FITTED), "held_out": read_json(HELD_OUT)}


def _bands(document: Mapping[str, Any]) -> dict[str, Band]:
    return {name: Band(**model["band"]) for name, model in document["models"].items()}


def _row(row: Row, entry: Mapping[str, Any], bands: Mapping[str, Band]) -> AccuracyRow:
    predicted: float | None = entry.get("predicted_ms")
    band = bands.get(row.group)
    return AccuracyRow(
        chip=row.chip or row.chip_name,
        group=row.group,
        model=row.model,
        size=row.size,
        network=entry.get("network") or row.network or None,
        unit=row.unit.value,
        threads=row.threads_text,
        stack=row.stack_name,
        stack_version=row.version,
        measured_ms=row.measured_ms,
        predicted_ms=predicted,
        compiler_ms=entry.get("compiler_ms"),
        in_band=None if predicted is None or band is None else _within(row.measured_ms / predicted, band),
        left_out=entry.get("left_out") or row.left_out or ("" if predicted is not None else "no prediction is stored"),
        source=row.source,
    )


def _within(factor: float, band: Band) -> bool:
    return band.low <= factor <= band.high


def group_accuracy(rows: Sequence[AccuracyRow], document: Mapping[str, Any] | None = None) -> tuple[GroupAccuracy, ...]:
    """Return the errors of every group in `rows`, and of its numbers of threads where there are several.

    Groups without a row that counts are left out. `document` is that of the rows.
    """
    bands = _bands(document or _packaged())
    found: list[GroupAccuracy] = []
    for group in dict.fromkeys(row.group for row in rows):
        counted = [row for row in rows if row.group == group and row.counts]
        band = bands.get(group)
        if not counted or band is None:
            continue
        found.append(_summary(group, "", counted, band))
        threads = list(dict.fromkeys(row.threads for row in counted if row.threads.isdigit()))
        if len(threads) > 1:
            found += [
                _summary(group, count, [row for row in counted if row.threads == count], band) for count in threads
            ]
    return tuple(found)


def _summary(group: str, threads: str, rows: Sequence[AccuracyRow], band: Band) -> GroupAccuracy:
    errors = _sizes(rows, lambda row: row.error)
    theirs = _sizes(rows, lambda row: row.compiler_error)
    return GroupAccuracy(
        group=group,
        threads=threads,
        rows=len(rows),
        networks=len({architecture(row.network) for row in rows if row.network}),
        median_error=median(errors),
        mean_error=fmean(errors),
        coverage=sum(row.in_band is True for row in rows) / len(rows),
        band=band,
        compiler_median_error=median(theirs) if theirs else None,
        compiler_mean_error=fmean(theirs) if theirs else None,
    )


def _sizes(rows: Iterable[AccuracyRow], error: Callable[[AccuracyRow], float | None]) -> list[float]:
    return [abs(value) for row in rows if (value := error(row)) is not None]


def choose_rows(rows: Sequence[AccuracyRow], wanted: Sequence[str]) -> tuple[AccuracyRow, ...]:
    """Return the rows of the chips or groups in `wanted` (`imx93`, `imx93/vela`, `imx93/cpu`), all where it is empty.

    Raises InputError for one that has no row.
    """
    if not wanted:
        return tuple(rows)
    known = list(dict.fromkeys(name for row in rows for name in (row.chip, row.group)))
    for name in wanted:
        if name not in known:
            named = ", ".join(entry for entry in known if " " not in entry)
            raise InputError(f"there is no measurement of '{name}'. Known: {named}.")
    return tuple(row for row in rows if row.chip in wanted or row.group in wanted)
