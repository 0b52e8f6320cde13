"""The document of a calibration: what `npufit calibrate --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from npufit._version import __version__
from npufit.calibrating import CalibrateResult, CalibrationRow
from npufit.cost import Change
from npufit.report.check.estimate_document import BandEntry, band_entry
from npufit.report.document import Count, Document, Factor, Milliseconds, rounded
from npufit.stacks import Unit


@dataclass(frozen=True, slots=True)
class ProfileEntry(Document):
    """The profile that was written."""

    name: str
    file: str
    target: str
    measurements: Count
    networks: Count
    error_before: Factor
    error_after: Factor
    error_held_out: Factor | None
    """each network predicted by a fit without it; null with fewer than three networks on a unit"""
    cpu: tuple[Change, ...]
    """coefficients of the CPU that changed"""
    npu: tuple[Change, ...]
    cpu_band: BandEntry | None
    """the range of the held-out errors; null with fewer than five networks: the packaged range stays"""
    npu_band: BandEntry | None


@dataclass(frozen=True, slots=True)
class RunEntry(Document):
    """One measured run, as measured and as predicted."""

    model: str
    unit: Unit
    threads: Count
    measured_ms: Milliseconds
    before_ms: Milliseconds
    after_ms: Milliseconds
    held_out_ms: Milliseconds | None
    operator_types: Count
    """operator types whose times came from a profile"""
    source: str


@dataclass(frozen=True, slots=True)
class CalibrateDocument(Document):
    """A board's profile, and how well it explains the measurements."""

    schema_version: Literal[1]
    npufit_version: str
    profile: ProfileEntry
    rows: tuple[RunEntry, ...]
    unused: tuple[str, ...]
    """measurements that could not be used, and why"""


def calibrate_document(result: CalibrateResult, output: Path) -> CalibrateDocument:
    """Return the document of a calibration."""
    profile = result.profile
    return CalibrateDocument(
        schema_version=1,
        npufit_version=__version__,
        profile=ProfileEntry(
            name=profile.name,
            file=str(output),
            target=profile.target,
            measurements=profile.measurements,
            networks=profile.networks,
            error_before=profile.errors.before,
            error_after=profile.errors.after,
            error_held_out=profile.errors.held_out,
            cpu=profile.cpu,
            npu=profile.npu,
            cpu_band=None if profile.cpu_band is None else band_entry(profile.cpu_band),
            npu_band=None if profile.npu_band is None else band_entry(profile.npu_band),
        ),
        rows=tuple(_run(row) for row in result.rows),
        unused=result.unused,
    )


def _run(row: CalibrationRow) -> RunEntry:
    return RunEntry(
        model=row.model,
        unit=row.unit,
        threads=row.threads,
        measured_ms=rounded(row.measured_ms),
        before_ms=rounded(row.before_ms),
        after_ms=rounded(row.after_ms),
        held_out_ms=rounded(row.held_out_ms),
        operator_types=row.operator_types,
        source=row.source,
    )
