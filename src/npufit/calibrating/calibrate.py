"""Calibrate: measurements in files, and the models that were measured, become the profile of a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from npufit.calibrating.refinement import CalibrateResult, refine
from npufit.cost.measured import read_observations
from npufit.errors import InputError
from npufit.loading import ModelSource, load
from npufit.stacks import PlaceOptions, Target, resolve_target


@dataclass(frozen=True, slots=True)
class CalibrateOptions:
    """What a user may set for a calibration: the name of the profile, the day in it (today by default), and tools."""

    name: str = "board.toml"
    day: date | None = None
    place: PlaceOptions = field(default_factory=PlaceOptions)


def calibrate(
    files: Sequence[str | Path],
    models: Mapping[str, ModelSource],
    target: str | Target,
    options: CalibrateOptions | None = None,
) -> CalibrateResult:
    """Return the profile of the board at `target`, on which the measurements in `files` were made.

    A file is a CSV table (model, latency_ms, unit, threads), or output of benchmark_model. `models` are the measured
    networks by the names that the measurements use. Raises InputError if a file, a model or the target cannot be used
    or nothing can be fitted, ToolError where a needed tool fails.
    """
    options = options or CalibrateOptions()
    if not models:
        raise InputError("no model given. Name each measured model with -m, such as -m net.tflite.")
    resolved = target if isinstance(target, Target) else resolve_target(target, options.place.vela)
    logs = [read_observations(Path(file)) for file in files]
    networks = {name: load(source) for name, source in models.items()}
    return refine(
        [run for log in logs for run in log.runs],
        networks,
        resolved,
        options.name,
        options.place,
        str(target),
        [reason for log in logs for reason in log.refused],
        (options.day or date.today()).isoformat(),
    )
