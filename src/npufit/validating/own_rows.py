"""A user's own measurements as rows of predicted against measured: each beside the prediction made before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from npufit.measurements import Measurement, ProofVerdict, SavedMeasurement, SteadyTime, read_measurements
from npufit.validating.groups import GroupAccuracy, group_accuracy
from npufit.validating.rows import AccuracyRow


@dataclass(frozen=True, slots=True)
class OwnAccuracy:
    """A user's own measurements, each content once, and the errors of what was predicted before they were made.

    `refused` says why files were not read, and in which measurements the NPU did not run although it was asked to.
    """

    rows: tuple[AccuracyRow, ...] = ()
    groups: tuple[GroupAccuracy, ...] = ()
    refused: tuple[str, ...] = ()


def own_accuracy(places: Sequence[Path], wanted: Sequence[str] = ()) -> OwnAccuracy:
    """Return the errors of the measurements in `places`, files and folders of them.

    `wanted` names chips or groups, all of them if it is empty. Raises InputError for a place that does not exist.
    """
    read = read_measurements(*places)
    rows = tuple(row for saved in read.found for row in _rows(saved) if not wanted or {row.chip, row.group} & {*wanted})
    against = [
        f"{saved.path.name}: the NPU did not run: {saved.measurement.proof.sentence}"
        for saved in read.found
        if saved.measurement.proof.verdict is ProofVerdict.CONTRADICTED
    ]
    return OwnAccuracy(rows, group_accuracy(rows), (*read.refused, *against))


def _rows(saved: SavedMeasurement) -> Iterator[AccuracyRow]:
    """Yield the times with the NPU and on the CPU alone."""
    measurement, predicted = saved.measurement, saved.measurement.predicted
    if measurement.npu is not None and measurement.npu.ms:
        times = (None, None, None) if predicted is None else (predicted.ms, predicted.low_ms, predicted.high_ms)
        yield _row(saved, measurement.npu, measurement.target.partition("@")[0], "npu", times)
    if measurement.cpu is not None and measurement.cpu.ms:
        times = (None, None, None)
        if predicted is not None:
            times = (predicted.cpu_ms, predicted.cpu_low_ms, predicted.cpu_high_ms)
        yield _row(saved, measurement.cpu, f"{_chip(measurement)}/cpu", "cpu", times)


def _row(
    saved: SavedMeasurement,
    steady: SteadyTime,
    group: str,
    unit: str,
    predicted: tuple[float | None, float | None, float | None],
) -> AccuracyRow:
    measurement = saved.measurement
    ms, low, high = predicted
    software = measurement.software
    return AccuracyRow(
        chip=_chip(measurement),
        group=group,
        model=measurement.model.name,
        size="",
        network=measurement.model.structure,
        unit=unit,
        threads=str(measurement.settings.threads),
        stack=measurement.target.partition("/")[2].partition("@")[0] if unit == "npu" else software.runtime,
        stack_version=software.bsp or software.mesa or software.kernel,
        measured_ms=steady.ms,
        predicted_ms=ms or None,
        low_ms=low,
        high_ms=high,
        compiler_ms=None,
        left_out=_left_out(measurement, unit, has_prediction=bool(ms)),
        source=f"{saved.path.name}, {measurement.day}, predicted by {measurement.made_by}",
    )


def _chip(measurement: Measurement) -> str:
    return measurement.chip or measurement.board.architecture


def _left_out(measurement: Measurement, unit: str, *, has_prediction: bool) -> str:
    """Return why a row does not count, empty if it does."""
    if measurement.conditions.throttled:
        return "the board throttled while it ran"
    if unit == "npu" and measurement.proof.verdict not in (ProofVerdict.PROVEN, ProofVerdict.CONSISTENT):
        return f"whether the NPU ran is {measurement.proof.verdict}"
    if has_prediction:
        return ""
    return measurement.predicted_unavailable.rstrip(".") or "nothing was predicted before it was measured"
