"""A board's profile: how its measurements changed the coefficients of a target. Written once, never changed.

The file is TOML and comes from a user, so it is checked against a form when it is read. The same measurements give the
same file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from npufit.cost.coefficient import Values
from npufit.cost.cost_models import EstimateOptions
from npufit.cost.estimate import Band
from npufit.cost.kernels import Kernels
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.errors import InputError
from npufit.files import read_bounded
from npufit.formatting import percent, plural, printable
from npufit.stacks import Target, resolve_target

FORM = 1
_MOST_BYTES = 256 << 10
_MOST_RUNS = 200
_LONGEST = 200
_FARTHEST = 1000.0
"""The factor by which a coefficient may differ from the packaged one at most."""


@dataclass(frozen=True, slots=True)
class Change:
    """One coefficient that the measurements changed."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ProfileErrors:
    """Median absolute errors of the measured runs, as shares.

    They are given with the packaged coefficients, with these, and with each network predicted by a fit that had not
    seen it; the last is None if there were too few networks.
    """

    before: float
    after: float
    held_out: float | None


@dataclass(frozen=True, slots=True)
class ProfiledRun:
    """One measurement that a profile was fitted to; `tool`, `statistic` and `kernels` are empty if unknown."""

    model: str
    unit: str
    threads: int
    ms: float
    source: str
    tool: str = ""
    statistic: str = ""
    kernels: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """The coefficients fitted for one board. `target` is the target that it refines, as a user writes it.

    `kernels` are those of all its runs on the CPU, None if the runs do not say. `runs`, `day` (ISO 8601) and `made_by`
    (npufit's version) document the fit; they are empty in profiles of older versions.
    """

    name: str
    target: str
    measurements: int
    networks: int
    errors: ProfileErrors
    cpu: tuple[Change, ...]
    npu: tuple[Change, ...]
    cpu_band: Band | None = None
    npu_band: Band | None = None
    kernels: Kernels | None = None
    runs: tuple[ProfiledRun, ...] = ()
    day: str = ""
    made_by: str = ""

    def resolve(self) -> Target:
        """Return the target that the profile refines."""
        return resolve_target(self.target)

    def estimate_options(self, threads: int | None = None) -> EstimateOptions:
        """Return the options for predictions with this profile."""
        return EstimateOptions(
            threads=threads,
            cpu={change.name: change.after for change in self.cpu},
            npu={change.name: change.after for change in self.npu},
            cpu_band=self.cpu_band,
            npu_band=self.npu_band,
            origin=f"calibrated with {self.name}: {self._origin()}",
            profiled_kernels=self.kernels,
        )

    def _origin(self) -> str:
        errors = self.errors
        held_out = "" if errors.held_out is None else f", {percent(errors.held_out)} held out"
        return (
            f"{plural(self.measurements, 'measurement')} of {plural(self.networks, 'network')}, median error "
            f"{percent(errors.before)} before, {percent(errors.after)} "
            f"after{held_out}{f', {self.day}' if self.day else ''}"
        )


def profile_text(profile: Profile) -> str:
    """Return `profile` as the text of its file."""
    return "\n".join(_lines(profile)) + "\n"


def _lines(profile: Profile) -> Iterator[str]:
    errors = profile.errors
    yield "# Written by `npufit calibrate`; give it to npufit as a target: -t FILE"
    yield f"form = {FORM}"
    yield f"name = {_quoted(profile.name)}"
    yield f"target = {_quoted(profile.target)}"
    yield f"measurements = {profile.measurements}"
    yield f"networks = {profile.networks}"
    yield ""
    yield "# median absolute errors of the measured runs: 0.1 is 10 %"
    yield "[errors]"
    yield f"before = {errors.before!r}"
    yield f"after = {errors.after!r}"
    if errors.held_out is not None:
        yield f"held_out = {errors.held_out!r}"
    for name, changes in (("cpu", profile.cpu), ("npu", profile.npu)):
        if changes:
            yield ""
            yield f"[{name}]"
            yield from (f"{entry.name} = {{ before = {entry.before!r}, after = {entry.after!r} }}" for entry in changes)
    for name, band in (("cpu", profile.cpu_band), ("npu", profile.npu_band)):
        if band is not None:
            yield from _band_lines(name, band)
    if profile.day or profile.runs:
        yield from _run_lines(profile)


def _run_lines(profile: Profile) -> Iterator[str]:
    yield ""
    yield "# what it was fitted to"
    yield "[fitted]"
    yield f"day = {_quoted(profile.day)}"
    yield f"npufit = {_quoted(profile.made_by)}"
    if profile.kernels is not None:
        yield f"kernels = {_quoted(profile.kernels.value)}"
    yield "runs = ["
    for run in profile.runs[:_MOST_RUNS]:
        said = {"model": run.model[:_LONGEST], "unit": run.unit, "source": run.source[:_LONGEST]}
        said |= {"tool": run.tool, "statistic": run.statistic, "kernels": run.kernels}
        words = ", ".join(f"{key} = {_quoted(value)}" for key, value in said.items() if value)
        yield f"  {{ {words}, threads = {run.threads}, ms = {run.ms!r} }},"
    yield "]"
    if len(profile.runs) > _MOST_RUNS:
        yield f"# and {len(profile.runs) - _MOST_RUNS} more"


def _band_lines(name: str, band: Band) -> Iterator[str]:
    yield ""
    yield f"[band.{name}]"
    yield f"low = {band.low!r}"
    yield f"high = {band.high!r}"
    yield f"rows = {band.rows}"
    yield f"networks = {band.networks}"
    if band.coverage is not None:
        yield f"coverage = {band.coverage!r}"
    if band.median_error is not None:
        yield f"median_error = {band.median_error!r}"


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)


def read_profile(path: Path) -> Profile:
    """Return the profile in the file at `path`. Raises InputError listing everything that is wrong with it."""
    from pydantic import ValidationError

    from npufit.cost._board_profile_form import ProfileForm

    name = printable(path.name)
    data = read_bounded(path, _MOST_BYTES, "Give a profile that `npufit calibrate` wrote.")
    try:
        form = ProfileForm.model_validate(tomllib.loads(data.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: not TOML: {error}. Expected a file that `npufit calibrate` wrote.") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{printable('.'.join(str(step) for step in problem['loc'])) or 'file'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)[:10]
        )
        raise InputError(f"{name}: {problems}. Expected a file that `npufit calibrate` wrote.") from None
    profile = Profile(
        name=name,
        target=form.target,
        measurements=form.measurements,
        networks=form.networks,
        errors=ProfileErrors(form.errors.before, form.errors.after, form.errors.held_out),
        cpu=tuple(Change(key, entry.before, entry.after) for key, entry in form.cpu.items()),
        npu=tuple(Change(key, entry.before, entry.after) for key, entry in form.npu.items()),
        cpu_band=_band(form.band.cpu.model_dump() if form.band.cpu is not None else None, name),
        npu_band=_band(form.band.npu.model_dump() if form.band.npu is not None else None, name),
        kernels=Kernels(form.fitted.kernels) if form.fitted.kernels else None,
        runs=tuple(ProfiledRun(**run.model_dump()) for run in form.fitted.runs),
        day=form.fitted.day,
        made_by=form.fitted.npufit,
    )
    _check_names(profile)
    return profile


def _band(found: Mapping[str, float | int | None] | None, name: str) -> Band | None:
    if found is None:
        return None
    return Band(**found, origin=f"errors of measurements on the board of {name}")  # pyright: ignore[reportArgumentType]


def _check_names(profile: Profile) -> None:
    """Raise InputError if the profile names an unknown coefficient of its target, or one with an implausible value."""
    target = profile.resolve()
    problems: list[str] = []
    for group, changes in ((f"{target.chip}/cpu", profile.cpu), (f"{target.chip}/{target.stack}", profile.npu)):
        fitted = load_coefficients(group)
        known: Values = {} if fitted is None else fitted.values
        for change in changes:
            packaged = known.get(change.name)
            if packaged is None:
                problems.append(f"{group} has no coefficient '{printable(change.name[:60])}'")
            elif not packaged / _FARTHEST <= change.after <= packaged * _FARTHEST:
                problems.append(f"{change.name} is {change.after:g}, npufit's own is {packaged:g}")
    if problems:
        raise InputError(f"{profile.name}: {'; '.join(problems[:10])}. Run `npufit calibrate` again.")
