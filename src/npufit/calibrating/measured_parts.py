"""What a board's measurements say about coefficients: whole runs, operators by type, and the NPU's delegate alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from npufit.cost import (
    Caches,
    PlacedDemand,
    Values,
    Workload,
    assemble,
    caches_of,
    on_the_cpu,
    total_ms,
    total_terms,
    workload_of,
)
from npufit.cost.measured import Observation
from npufit.cost.npu import NpuModel
from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Status, Target, Unit, place

_COMPILED_ENDINGS = ("_vela", "_neutron", "_npu")
_MOST_REASONS = 4


@dataclass(frozen=True, slots=True)
class MeasuredPart:
    """Something measured, and its prediction from coefficients.

    `predict_before` also predicts the other unit's share with its packaged coefficients, None if that is the same.
    `observation` is set for whole runs; for parts of one it is None, and `part` names the part. `types` counts the
    operator types of its profile.
    """

    network: str
    measured_ms: float
    predict: Callable[[Values], float]
    observation: Observation | None = None
    types: int = 0
    predict_before: Callable[[Values], float] | None = None
    part: str = ""


Tied = tuple[Observation, str, Model]


def find_model(
    observation: Observation, models: Mapping[str, Model], digests: Mapping[str, Collection[str]]
) -> tuple[str, Model]:
    """Return the model that `observation` is of: by a digest, else by name: exactly, of the file, or without a suffix.

    `digests` has those of each model by its name. Raises InputError if there is none, or if there are several.
    """
    for digest in observation.digests:
        for key, known in digests.items():
            if digest in known:
                return key, models[key]
    if not observation.model and len(models) == 1:
        return next(iter(models.items()))
    wanted = _spellings(observation.model)
    matches = {key: model for key, model in models.items() if observation.model == key}
    matches = matches or {key: model for key, model in models.items() if wanted & _spellings(key)}
    if len(matches) == 1:
        return next(iter(matches.items()))
    said = f"names the model '{shorten(observation.model, 80)}'" if observation.model else "names no model"
    known = ", ".join(shorten(key, 60) for key in models) or "nothing"
    what = "which matches several of" if matches else "which is not among"
    raise InputError(
        f"{observation.source} {said}, {what} those given with -m ({known}). Give it as -m NAME=MODEL, with the name "
        "in the measurement."
    )


def _spellings(name: str) -> set[str]:
    if name.startswith("zoo:"):
        return {name}
    file = PurePath(name.replace("\\", "/")).name
    stem = file.removesuffix(".tflite")
    found = {name, file, stem}
    for ending in _COMPILED_ENDINGS:
        found.add(stem.removesuffix(ending))
    return found - {""}


def cpu_parts(runs: Sequence[Tied], values: Values) -> tuple[list[MeasuredPart], list[str]]:
    """Return what was measured without the NPU, and what cannot be used; `values` has the CPU's cache."""
    found: list[MeasuredPart] = []
    unused: list[str] = []
    for observation, network, model in runs:
        if observation.unit is Unit.CPU:
            workload = on_the_cpu(model)
            caches = caches_of((entry.demand for entry in workload.operators), values)
            parts, reasons = _parts(observation, network, workload, values, caches)
            whole = _cpu_time(workload.operators, observation.threads, caches)
            found += [MeasuredPart(network, observation.ms, whole, observation, len(parts)), *parts]
            unused += reasons
    return found, unused


def _cpu_time(operators: Iterable[PlacedDemand], threads: int, caches: Caches) -> Callable[[Values], float]:
    """Return the CPU time of `operators` as a function of its coefficients."""
    terms = total_terms([entry.demand for entry in operators], caches, threads)
    return lambda found: total_ms(terms, found, threads)


def _parts(
    observation: Observation, network: str, workload: Workload, values: Values, caches: Caches
) -> tuple[list[MeasuredPart], list[str]]:
    """Return the operators of a profile by type, if the profile has as many of a type as the model."""
    measured: dict[str, list[float]] = {}
    for entry in observation.operators:
        measured.setdefault(entry.type, []).append(entry.ms)
    of_type: dict[str, list[PlacedDemand]] = {}
    for entry in workload.operators:
        of_type.setdefault(entry.demand.type, []).append(entry)
    found: list[MeasuredPart] = []
    reasons: list[str] = []
    for kind, times in measured.items():
        members = of_type.get(kind, [])
        if len(members) == len(times):
            predict = _cpu_time(members, observation.threads, caches)
            # What takes no time on either side says nothing, and has no logarithm.
            if sum(times) > 0 and predict(values) > 0:
                found.append(MeasuredPart(network, sum(times), predict, part=kind))
        else:
            reasons.append(
                f"{observation.source}: the profile has {len(times)} of type {shorten(kind, 40)}, the model has "
                f"{len(members)} on the CPU"
            )
    return found, reasons[:_MOST_REASONS]


def npu_parts(
    runs: Sequence[Tied],
    target: Target,
    cpu: tuple[Values, Values],
    model: NpuModel,
    options: PlaceOptions | None,
) -> tuple[list[MeasuredPart], list[str]]:
    """Return what was measured with the NPU, and what cannot be used: runs whose placement is unknown.

    The CPU's share is the prediction of `cpu`, before and after its own calibration. Raises InputError and ToolError if
    a model cannot be placed.
    """
    found: list[MeasuredPart] = []
    unused: list[str] = []
    workloads: dict[str, Workload | None] = {}
    for observation, network, graph in runs:
        if observation.unit is not Unit.NPU:
            continue
        if network not in workloads:
            workloads[network] = _placed(graph, target, options)
        workload = workloads[network]
        if workload is None:
            unused.append(
                f"{observation.source}: it is unknown which operators of {shorten(network, 60)} the NPU of {target} "
                "has, or it has none; give the converted file with -m"
            )
            continue
        found.append(_whole_with_npu(observation, network, workload, cpu, model))
        if observation.delegate_ms is not None:
            found.append(_delegate_alone(observation.delegate_ms, network, workload, model))
    return found, unused


def _placed(model: Model, target: Target, options: PlaceOptions | None) -> Workload | None:
    placement = place(model, target, options or PlaceOptions())
    if placement.status is not Status.COMPLETE or not placement.partitions:
        return None
    return workload_of(model, placement)


def _whole_with_npu(
    observation: Observation, network: str, workload: Workload, cpu: tuple[Values, Values], model: NpuModel
) -> MeasuredPart:
    def predictor(values_of_cpu: Values) -> Callable[[Values], float]:
        return lambda found: assemble(workload, values_of_cpu, observation.threads, model, found).total_ms

    before, after = map(predictor, cpu)
    return MeasuredPart(network, observation.ms, after, observation, predict_before=before)


def _delegate_alone(ms: float, network: str, workload: Workload, model: NpuModel) -> MeasuredPart:
    return MeasuredPart(network, ms, lambda values: model.cost(workload, values).total_ms, part="delegate")
