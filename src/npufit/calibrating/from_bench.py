"""What measurements of `npufit bench` say about a target: runs that calibrate it, and why others do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from npufit.cost import Kernels
from npufit.cost.measured import Observation, OperatorTime, Statistic
from npufit.measurements import (
    Measurement,
    OperatorMeasurement,
    ProofVerdict,
    SavedMeasurement,
    SteadyTime,
    read_measurements,
)
from npufit.stacks import Target, Unit

_MOST_CALLS = 1000


@dataclass(frozen=True, slots=True)
class BenchedRuns:
    """The runs on a target's chip, and why measurements or parts of them cannot be used."""

    runs: tuple[Observation, ...] = ()
    refused: tuple[str, ...] = ()


def observations_of(places: Sequence[Path], target: Target) -> BenchedRuns:
    """Return what the measurements in `places` say about `target`. Raises InputError for a place that does not exist.

    The CPU's time counts whatever the stack was. A time with the NPU counts if it was the target's stack and the proof
    is that the NPU ran, or consistent with it.
    """
    read = read_measurements(*places)
    runs: list[Observation] = []
    refused = list(read.refused)
    for saved in read.found:
        found = saved.measurement
        problem = _unusable(found, target) or _problem_with_npu(found)
        refused += [f"{saved.path.name}: {problem}"] if problem else []
        if _unusable(found, target):
            continue
        if found.cpu is not None and found.cpu.ms:
            runs.append(_on_cpu(saved, found.cpu))
        if found.npu is not None and found.npu.ms and not problem:
            runs.append(_on_npu(saved, found.npu))
    return BenchedRuns(tuple(runs), tuple(refused))


def _unusable(measurement: Measurement, target: Target) -> str:
    """Return why nothing of a measurement can be used, empty if something can."""
    chip = measurement.chip
    if chip != target.chip:
        return f"measured on {chip or 'a computer that is none of the known chips'}, not on {target.chip}"
    if measurement.conditions.throttled:
        return "the board throttled while it ran. Cool it, and measure again"
    return "it has no time" if measurement.cpu is None and measurement.npu is None else ""


def _problem_with_npu(measurement: Measurement) -> str:
    """Return why there is no time with the NPU that can be used; empty if it can be, or if none was measured."""
    proof = measurement.proof
    if proof.verdict is ProofVerdict.CONTRADICTED:
        return f"the NPU did not run ({proof.sentence}), so only the CPU's time is used"
    if measurement.npu is None or proof.verdict is not ProofVerdict.UNKNOWN:
        return ""
    return (
        f"whether the NPU ran is unknown ({proof.sentence}), so its time is not used. If you know that it did, give "
        "the time in a CSV table"
    )


def _on_cpu(saved: SavedMeasurement, steady: SteadyTime) -> Observation:
    measurement = saved.measurement
    rows = [row for row in measurement.operators if row.with_npu is False or measurement.target == ""]
    operators = [row for row in rows if row.unit == Unit.CPU.value and row.index is not None]
    return _observation(saved, steady, Unit.CPU, operators)


def _on_npu(saved: SavedMeasurement, steady: SteadyTime) -> Observation:
    # Rows with cycles are operators of the NPU; the others are whole nodes of the delegate, with its calls and copies.
    rows = saved.measurement.operators
    nodes = [row for row in rows if row.unit == Unit.NPU.value and row.cycles is None and row.ms is not None]
    return _observation(saved, steady, Unit.NPU, (), sum(row.ms * row.calls for row in nodes if row.ms) or None)


def _observation(
    saved: SavedMeasurement,
    steady: SteadyTime,
    unit: Unit,
    operators: Sequence[OperatorMeasurement],
    delegate_ms: float | None = None,
) -> Observation:
    measurement = saved.measurement
    model, settings = measurement.model, measurement.settings
    stack = measurement.target.partition("/")[2].partition("@")[0]
    kernels = {True: Kernels.XNNPACK, False: Kernels.BUILTIN, None: None}[settings.xnnpack]
    return Observation(
        model=model.name,
        unit=unit,
        threads=settings.threads,
        ms=steady.ms,
        source=saved.path.name,
        operators=tuple(_times(operators)),
        delegate_ms=delegate_ms,
        stack=stack if unit is Unit.NPU else "",
        kernels=kernels,
        statistic=Statistic(steady.statistic),
        tool=measurement.software.tool,
        digests=tuple(filter(None, (model.sha256, model.compiled_sha256, model.structure))),
    )


def _times(rows: Sequence[OperatorMeasurement]) -> Iterator[OperatorTime]:
    for row in rows:
        if row.ms is not None:
            yield from [OperatorTime(row.type, row.ms)] * min(row.calls, _MOST_CALLS)
