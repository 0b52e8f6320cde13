"""Calibrate: measurements in files, and the models that were measured, become the profile of a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from npufit.calibrating.refinement import CalibrateResult, refine
from npufit.cost.measured import read_observations
from npufit.errors import InputError
from npufit.graph import Model
from npufit.loading import ModelSource, load, model_file
from npufit.measurements import model_digest, structure_digest
from npufit.stacks import PlaceOptions, Target, resolve_target

_MEASUREMENT = ".json"


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
    benched = [place for place in places if place.is_dir() or place.suffix.lower() == _MEASUREMENT]
    logs = [read_observations(place) for place in places if place not in benched]
    runs = [run for log in logs for run in log.runs]
    refused = [reason for log in logs for reason in log.refused]
    networks = {name: load(source) for name, source in models.items()}
    digests: dict[str, tuple[str, str]] = {}
    if benched:
        from npufit.calibrating.from_bench import observations_of

        found = observations_of(benched, resolved)
        runs, refused, digests = [*runs, *found.runs], [*refused, *found.refused], _digests(networks, models)
    return refine(
        runs,
        networks,
        resolved,
        options.name,
        options.place,
        str(target),
        refused,
        (options.day or date.today()).isoformat(),
        digests,
    )


def _digests(networks: Mapping[str, Model], sources: Mapping[str, ModelSource]) -> dict[str, tuple[str, str]]:
    """Return the digests of the file and of the structure of each model."""
    return {
        name: (model_digest(model, model_file(sources[name])), structure_digest(model))
        for name, model in networks.items()
    }
