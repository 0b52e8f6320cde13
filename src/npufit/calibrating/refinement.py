"""Calibration: a board's own measurements refine the coefficients of its target.

The packaged coefficients are the starting point. One factor for all times of a unit is fitted first, then each
coefficient, held close to that: coefficients that the data does not cover keep their values. Operators of a profile are
fitted by type, so a profile changes only the families that it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from statistics import median

from npufit._version import __version__
from npufit.calibrating.measured_parts import MeasuredPart, cpu_parts, find_model, npu_parts
from npufit.cost import (
    Band,
    Change,
    Coefficient,
    Kernels,
    Profile,
    ProfiledRun,
    ProfileErrors,
    Values,
    coefficients,
    load_coefficients,
    profile_text,
)
from npufit.cost.measured import Observation
from npufit.cost.npu import load_npu_model
from npufit.errors import InputError
from npufit.files import write_file
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Target, Unit

_PACE = Coefficient("pace", "1", "one factor for all times of a unit", 1.0, 1.5, "the packaged coefficients")

_SPREAD = 1.3
"""The factor by which single coefficients of a board may well differ from the packaged ones, beside its overall
speed."""

_THREAD_SPREAD = 1.1
_THREAD_ENDING = "_threads"
_NETWORKS_TO_HOLD_OUT = 3
_NETWORKS_FOR_A_BAND = 5
_SMALLEST_CHANGE = 0.005
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """One measured run: milliseconds as measured, as predicted before and after, and by a fit without its network.

    `run` is the measurement as read from its file.
    """

    model: str
    unit: Unit
    threads: int
    measured_ms: float
    before_ms: float
    after_ms: float
    held_out_ms: float | None
    operator_types: int
    source: str
    run: Observation


@dataclass(frozen=True, slots=True)
class CalibrateResult:
    """The profile of the board at `target`, the runs behind it, and the unused measurements with the reason."""

    target: Target
    profile: Profile
    rows: tuple[CalibrationRow, ...]
    unused: tuple[str, ...]

    @property
    def meanings(self) -> dict[str, str]:
        """The meaning of each coefficient of the target, with its unit."""
        model = load_npu_model(self.target.chip, self.target.stack)
        known = (*coefficients(has_dot_product=True), *(model.coefficients if model is not None else ()))
        return {entry.name: f"{entry.unit}: {entry.meaning}" for entry in known}

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the profile to the `.toml` file at `path`; given as a target, it refines what is predicted.

        Raises InputError if the file cannot be written, or exists and `overwrite` is not given.
        """
        write_file(Path(path), (profile_text(self.profile).rstrip("\n") + "\n").encode(), overwrite=overwrite)


@dataclass(frozen=True, slots=True)
class _Refinement:
    values: dict[str, float]
    before: tuple[float, ...]
    after: tuple[float, ...]
    held_out: tuple[float, ...] | None


def refine(
    observations: Sequence[Observation],
    models: Mapping[str, Model],
    target: Target,
    name: str,
    options: PlaceOptions | None = None,
    written: str = "",
    refused: Sequence[str] = (),
    day: str = "",
    digests: Mapping[str, Collection[str]] = {},
) -> CalibrateResult:
    """Return the profile of the board where `observations` were made, and how well it explains them.

    `models` are the measured networks by the names in the observations, `digests` those of each by the same names;
    `name` names the profile, `written` is the target as the user wrote it, `refused` lists unusable runs of the logs,
    `day` is written into the profile. Raises InputError if nothing can be fitted, or if runs on the CPU used different
    kernels.
    """
    cpu = load_coefficients(f"{target.chip}/cpu")
    if cpu is None:
        raise InputError(f"npufit has no cost model for {target.chip}, so there is nothing to calibrate.")
    foreign = [run for run in observations if run.unit is Unit.NPU and run.stack not in ("", target.stack)]
    runs = [(run, *find_model(run, models, digests)) for run in observations if run not in foreign]
    kernels = _kernels([run for run, _, _ in runs if run.unit is Unit.CPU])
    without, reasons = cpu_parts(runs, cpu.values)
    unused = [
        *refused,
        *(f"{run.source}: it ran with {run.stack}, not with {target.stack}" for run in foreign),
        *reasons,
    ]
    on_cpu = _regress(coefficients(has_dot_product=True), cpu.values, without)
    rows = _rows(without, on_cpu)
    npu, model = load_coefficients(f"{target.chip}/{target.stack}"), load_npu_model(target.chip, target.stack)
    before_npu: Values = {}
    on_npu = _Refinement({}, (), (), None)
    if npu is not None and model is not None:
        with_npu, reasons = npu_parts(runs, target, (cpu.values, {**cpu.values, **on_cpu.values}), model, options)
        before_npu, on_npu = npu.values, _regress(model.coefficients, npu.values, with_npu)
        rows += _rows(with_npu, on_npu)
        unused += reasons
    elif any(observation.unit is Unit.NPU for observation in observations):
        unused.append(f"npufit has no cost model for the NPU of {target.chip}/{target.stack}, so its runs are not used")
    if not rows:
        raise InputError(f"none of the measurements can be used: {'; '.join(unused) or 'there are none'}.")
    return CalibrateResult(
        target,
        Profile(
            name=name,
            target=written or f"{target.chip}/{target.stack}",
            measurements=len(rows),
            networks=len({row.model for row in rows}),
            errors=_errors(rows),
            cpu=_changes(cpu.values, on_cpu.values),
            npu=_changes(before_npu, on_npu.values),
            cpu_band=_band([row for row in rows if row.unit is Unit.CPU], name),
            npu_band=_band([row for row in rows if row.unit is Unit.NPU], name),
            kernels=kernels,
            runs=tuple(_profiled_run(row) for row in rows),
            day=day,
            made_by=__version__,
        ),
        tuple(rows),
        tuple(unused),
    )


def _kernels(runs: Sequence[Observation]) -> Kernels | None:
    """Return the kernels of all `runs`, None if one does not say. Raises InputError if they differ."""
    said = {run.kernels: run for run in runs}
    known = [kernels for kernels in said if kernels is not None]
    if len(known) > 1:
        which = ", ".join(f"{kernels} ({said[kernels].source})" for kernels in known)
        raise InputError(f"runs on the CPU used different kernels: {which}. Calibrate with one of them.")
    return known[0] if known and None not in said else None


def _profiled_run(row: CalibrationRow) -> ProfiledRun:
    run = row.run
    said = run.tool, run.statistic or "", run.kernels or ""
    # A profile may be shared: it names files, not folders.
    model = row.model if row.model.startswith("zoo:") else PurePath(row.model).name
    return ProfiledRun(model, run.unit.value, run.threads, run.ms, run.source, *said)


def _regress(wanted: Sequence[Coefficient], values: Values, parts: Sequence[MeasuredPart]) -> _Refinement:
    """Return the values that explain `parts`, and each network's prediction without it; `values` are packaged."""
    names = tuple(entry for entry in wanted if values.get(entry.name, 0.0) > 0)
    if not parts or not names:
        return _Refinement({}, (), (), None)
    found = {name: _rounded(value) for name, value in _explain(names, values, parts).items()}
    networks = dict.fromkeys(entry.network for entry in parts)
    apart: dict[str, Values] = {}
    if len(networks) >= _NETWORKS_TO_HOLD_OUT:
        for network in networks:
            others = [entry for entry in parts if entry.network != network]
            apart[network] = {**values, **_explain(names, values, others)}
    return _Refinement(
        found,
        tuple((entry.predict_before or entry.predict)(values) for entry in parts),
        tuple(entry.predict({**values, **found}) for entry in parts),
        tuple(entry.predict(apart[entry.network]) for entry in parts) if apart else None,
    )


def _explain(wanted: Sequence[Coefficient], values: Values, parts: Sequence[MeasuredPart]) -> dict[str, float]:
    """Return the values of `wanted` that explain `parts`.

    First one factor for all of them, which reflects another clock or governor; then each value by itself, close to
    that. numpy is imported only here.
    """
    from npufit.cost.regression import Case, regress

    times = [entry for entry in wanted if not entry.name.endswith(_THREAD_ENDING)]

    def cases(change: Callable[[Values], Values]) -> list[Case]:
        def case(entry: MeasuredPart) -> Case:
            # Parts of a profile are measurements of their own; runs of the same network are repetitions of one.
            name = f"{entry.network} {entry.part}"
            return Case(name, entry.measured_ms, lambda found: entry.predict({**values, **change(found)}))

        return [case(entry) for entry in parts]

    def paced(found: Values) -> Values:
        return {entry.name: values[entry.name] * found[_PACE.name] for entry in times}

    start = {**values, **paced(regress([_PACE], cases(paced)).values)}
    tight = [replace(entry, prior=start[entry.name], spread=_spread(entry)) for entry in wanted]
    return regress(tight, cases(lambda found: found)).values


def _spread(entry: Coefficient) -> float:
    return _THREAD_SPREAD if entry.name.endswith(_THREAD_ENDING) else min(entry.spread, _SPREAD)


def _rows(parts: Sequence[MeasuredPart], outcome: _Refinement) -> list[CalibrationRow]:
    return [
        CalibrationRow(
            model=entry.network,
            unit=entry.observation.unit,
            threads=entry.observation.threads,
            measured_ms=entry.measured_ms,
            before_ms=outcome.before[position],
            after_ms=outcome.after[position],
            held_out_ms=None if outcome.held_out is None else outcome.held_out[position],
            operator_types=entry.types,
            source=entry.observation.source,
            run=entry.observation,
        )
        for position, entry in enumerate(parts)
        if entry.observation is not None
    ]


def _errors(rows: Sequence[CalibrationRow]) -> ProfileErrors:
    held_out = [abs(row.held_out_ms / row.measured_ms - 1) for row in rows if row.held_out_ms is not None]
    return ProfileErrors(
        _rounded(median(abs(row.before_ms / row.measured_ms - 1) for row in rows)),
        _rounded(median(abs(row.after_ms / row.measured_ms - 1) for row in rows)),
        _rounded(median(held_out)) if held_out else None,
    )


def _changes(before: Values, after: Values) -> tuple[Change, ...]:
    return tuple(
        Change(name, before[name], value)
        for name, value in sorted(after.items())
        if abs(value / before[name] - 1) >= _SMALLEST_CHANGE
    )


def _band(rows: Sequence[CalibrationRow], name: str) -> Band | None:
    """Return the range of the held-out errors, None if there are too few networks to derive one."""
    factors = [row.measured_ms / row.held_out_ms for row in rows if row.held_out_ms]
    networks = {row.model for row in rows}
    if len(networks) < _NETWORKS_FOR_A_BAND or not factors:
        return None
    return Band(
        low=_rounded(min(1.0, *factors)),
        high=_rounded(max(1.0, *factors)),
        coverage=1.0,
        rows=len(factors),
        networks=len(networks),
        median_error=_rounded(median(abs(1 / factor - 1) for factor in factors)),
        origin=f"errors of measurements on the board of {name}",
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
