"""Calibrate: measurements in files, and the models that were measured, become the profile of a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from npufit.calibrating.from_bench import is_measurement, observations_of
from npufit.calibrating.refinement import CalibrateResult, refine
from npufit.cost.measured import read_observations
from npufit.errors import InputError
from npufit.graph import Model
from npufit.loading import ModelSource, load, model_file
from npufit.measurements import model_digest, structure_digest
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

    A file is a CSV table (model, latency_ms, unit, threads), output of benchmark_model, or a measurement of
    `npufit bench`, also as a folder of them. `models` are the measured networks by the names that the measurements use;
    those of `npufit bench` find theirs by digest. Raises InputError if a file, a model or the target cannot be used
    or nothing can be fitted, ToolError where a needed tool fails.
    """
    options = options or CalibrateOptions()
    if not models:
        raise InputError("no model given. Name each measured model with -m, such as -m net.tflite.")
    resolved = target if isinstance(target, Target) else resolve_target(target, options.place.vela)
    places = [Path(file) for file in files]
    benched = observations_of([place for place in places if is_measurement(place)], resolved)
    logs = [read_observations(place) for place in places if not is_measurement(place)]
    networks = {name: load(source) for name, source in models.items()}
    return refine(
        [*(run for log in logs for run in log.runs), *benched.runs],
        networks,
        resolved,
        options.name,
        options.place,
        str(target),
        [*(reason for log in logs for reason in log.refused), *benched.refused],
        (options.day or date.today()).isoformat(),
        _digests(networks, models) if benched.runs else None,
    )


def _digests(networks: Mapping[str, Model], sources: Mapping[str, ModelSource]) -> dict[str, tuple[str, str]]:
    """Return the digests of the file and of the structure of each model."""
    return {
        name: (model_digest(model, model_file(sources[name])), structure_digest(model))
        for name, model in networks.items()
    }
