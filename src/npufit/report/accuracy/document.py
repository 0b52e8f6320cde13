"""The document of predicted against measured: what `npufit accuracy --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.report.document import Count, Document, Factor, Milliseconds, Share, rounded
from npufit.validating import AccuracyResult, AccuracyRow, GroupAccuracy, OwnAccuracy


@dataclass(frozen=True, slots=True)
class GroupEntry(Document):
    """The errors of a group of measurements."""

    group: str
    part: str
    """which of the group's rows; empty for all of them"""
    rows: Count
    networks: Count
    median_error: Factor | None
    mean_error: Factor | None
    coverage: Share | None
    """the share of rows within their ranges"""
    typical_range: tuple[Factor | None, Factor | None]
    """the median ends of the rows' ranges, as factors on the prediction"""
    compiler_median_error: Factor | None
    compiler_mean_error: Factor | None
    """of the compiler's own estimate, on the rows that have one"""


@dataclass(frozen=True, slots=True)
class RowEntry(Document):
    """A measurement with a prediction that had not seen it.

    Of a public one, the fit had not seen its network; of a user's own, the prediction was made before the measurement.
    """

    chip: str
    group: str
    model: str
    size: str
    network: str | None
    """the built-in network that is the same; null without one"""
    unit: str
    threads: str
    stack: str
    stack_version: str
    measured_ms: Milliseconds
    predicted_ms: Milliseconds | None
    low_ms: Milliseconds | None
    high_ms: Milliseconds | None
    error: float | None
    compiler_ms: Milliseconds | None
    compiler_error: float | None
    in_band: bool | None
    """whether the measurement lies in the range"""
    counts: bool
    """whether the row counts in the errors of its group"""
    left_out: str
    """why the row does not count; empty if it does"""
    source: str


@dataclass(frozen=True, slots=True)
class OwnEntry(Document):
    """A user's own measurements, which no public row contains."""

    groups: tuple[GroupEntry, ...]
    rows: tuple[RowEntry, ...]
    refused: tuple[str, ...]
    """files that were not read, and measurements whose NPU did not run"""


@dataclass(frozen=True, slots=True)
class AccuracyDocument(Document):
    """How far predicted times are from measured ones."""

    schema_version: Literal[1]
    npufit_version: str
    groups: tuple[GroupEntry, ...]
    classes: tuple[GroupEntry, ...]
    """whole classes of networks that a fit had not seen"""
    rows: tuple[RowEntry, ...]
    own: OwnEntry | None = None
    """the user's own measurements, if any were named"""


def accuracy_document(result: AccuracyResult) -> AccuracyDocument:
    """Return the document of public measurements and the errors of their predictions."""
    return AccuracyDocument(
        schema_version=1,
        npufit_version=__version__,
        groups=tuple(_group(group) for group in result.groups),
        classes=tuple(_group(group) for group in result.classes),
        rows=tuple(_row(row) for row in result.rows),
        own=None if result.own is None else _own(result.own),
    )


def _own(own: OwnAccuracy) -> OwnEntry:
    return OwnEntry(tuple(map(_group, own.groups)), tuple(map(_row, own.rows)), own.refused)


def _group(group: GroupAccuracy) -> GroupEntry:
    return GroupEntry(
        group=group.group,
        part=group.part,
        rows=group.rows,
        networks=group.networks,
        median_error=rounded(group.median_error),
        mean_error=rounded(group.mean_error),
        coverage=rounded(group.coverage),
        typical_range=(rounded(group.low), rounded(group.high)),
        compiler_median_error=rounded(group.compiler_median_error),
        compiler_mean_error=rounded(group.compiler_mean_error),
    )


def _row(row: AccuracyRow) -> RowEntry:
    return RowEntry(
        chip=row.chip,
        group=row.group,
        model=row.model,
        size=row.size,
        network=row.network,
        unit=row.unit,
        threads=row.threads,
        stack=row.stack,
        stack_version=row.stack_version,
        measured_ms=row.measured_ms,
        predicted_ms=rounded(row.predicted_ms),
        low_ms=rounded(row.low_ms),
        high_ms=rounded(row.high_ms),
        error=rounded(row.error),
        compiler_ms=rounded(row.compiler_ms),
        compiler_error=rounded(row.compiler_error),
        in_band=row.in_band,
        counts=row.counts,
        left_out=row.left_out,
        source=row.source,
    )
