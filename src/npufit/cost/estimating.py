"""The estimate of a placed model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from npufit.cost.assembly import Assembly, assemble
from npufit.cost.coefficient import Values
from npufit.cost.cpu import caches_of, elasticities, total_ms, total_terms
from npufit.cost.cpu_coefficients import CORES, coefficients
from npufit.cost.estimate import Band, Estimate, OperatorEstimate
from npufit.cost.kernels import Kernels, cpu_rates
from npufit.cost.measured.public_measurements import find_measured
from npufit.cost.memory import estimate_memory
from npufit.cost.npu import NpuModel, load_npu_model
from npufit.cost.packaged_coefficients import PackagedCoefficients, load_coefficients
from npufit.cost.possible_workloads import Taking, all_it_could_take
from npufit.cost.prediction import Bound
from npufit.cost.slopes import slopes_by_differences
from npufit.cost.unknown_placement import Span, span_unknown
from npufit.cost.workload import PlacedDemand, Workload, workload_of
from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.graph import Family, Model
from npufit.stacks import OperatorPlacement, Placement, Setting, Status, Target, Unit

_MOST_THREADS = 64
_MOST_NAMES = 5
_COST_BY_PASSES = ("vela",)
"""Stacks whose NPU time is computed from the passes that their compiler scheduled."""


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """Options of an estimate: `threads` and `kernels` of the CPU's share, and coefficients of the user's own board.

    None means all cores, and the kernels that were measured on the chip. `cpu` and `npu` replace the packaged
    coefficients by name; `origin` says where they come from, `profiled_kernels` which kernels `cpu` was measured with
    (None: unknown).
    """

    threads: int | None = None
    kernels: Kernels | None = None
    cpu: Values | None = None
    npu: Values | None = None
    cpu_band: Band | None = None
    npu_band: Band | None = None
    profiled_kernels: Kernels | None = None
    origin: str = "fitted to public measurements (npufit accuracy)"


def estimate(model: Model, placement: Placement, options: EstimateOptions | None = None) -> Estimate | None:
    """Return the predicted time of `model` in this `placement`; None if nothing can be predicted.

    That is the case if the chip's CPU is unknown, and for a file that Vela already compiled: its calls do not say what
    they compute, and no CPU could compute them.

    Raises InputError for a wrong number of threads.
    """
    options = options or EstimateOptions()
    target = placement.target
    cpu = cpu_rates(target.chip, _packaged_kernels(options))
    if cpu is None or any(operator.is_npu_call for graph in model.subgraphs for operator in graph.operators):
        return None
    threads = _threads(target, options.threads, int(cpu.values[CORES]))
    npu = load_coefficients(f"{target.chip}/{target.stack}")
    model_of_npu = load_npu_model(target.chip, target.stack) if npu is not None else None
    workload = workload_of(model, placement)
    if target.stack in _COST_BY_PASSES and not workload.passes:
        model_of_npu = None  # a Vela that was only given as a program does not tell them
    cpu_values = {**cpu.values, **(options.cpu or {})}
    npu_values = {**(npu.values if npu is not None else {}), **(options.npu or {})}
    assembly = assemble(workload, cpu_values, threads, model_of_npu, npu_values)
    known = meanings(model_of_npu)

    def cpu_band_of(operators: Iterable[PlacedDemand]) -> Band:
        demands = [operator.demand for operator in operators]
        terms = total_terms(demands, caches_of((entry.demand for entry in workload.operators), cpu_values), threads)
        return options.cpu_band or cpu.spread.band(
            elasticities(terms, cpu_values, threads), total_ms(terms, cpu_values, threads), known
        )

    cpu_band = cpu_band_of(workload.operators)
    band = options.npu_band or (
        _npu_band(npu, model_of_npu, workload, npu_values, known)
        if npu is not None and (workload.partitions or _is_open(placement))
        else cpu_band
    )
    compiled = placement.compiler_estimate
    if _is_open(placement) or (model_of_npu is None and workload.partitions):
        span = span_unknown(placement, workload, cpu_values, threads, model_of_npu, npu_values, band, cpu_band)
    else:
        left = workload.on(Unit.CPU)
        span = _span_known(assembly, band, cpu_band_of(left) if left and workload.partitions else cpu_band)
    shown = span.assumed
    total = shown.total_ms if shown is not None else None
    alone = assembly.cpu_only_ms
    operators = tuple(_operator_estimate(entry.placement, assembly) for entry in workload.operators)
    slower = tuple(
        entry.placement.id
        for entry in operators
        if entry.placement.unit is Unit.NPU and entry.ms is not None and entry.ms > entry.cpu_ms
    )
    return Estimate(
        total_ms=total,
        low_ms=span.low_ms,
        high_ms=span.high_ms,
        npu_ms=shown.npu_ms if shown is not None else None,
        cpu_ms=shown.cpu_ms if shown is not None else None,
        overhead_ms=shown.overhead_ms if shown is not None else None,
        cpu_only_ms=alone,
        cpu_only_low_ms=alone * cpu_band.low,
        cpu_only_high_ms=alone * cpu_band.high,
        threads=threads,
        band=band,
        cpu_band=cpu_band,
        basis=_basis(model_of_npu, options, _unmeasured(npu, placement)),
        operators=operators,
        partitions=assembly.npu.partitions if assembly.npu is not None else {},
        compiler_ms=compiled.total_ms if compiled is not None else None,
        slower_on_npu=slower,
        measured=find_measured((operator.demand for operator in workload.operators), target.chip),
        settings=(
            Setting("threads", str(threads), "option" if options.threads else "all cores of the chip"),
            _profiled_setting(options) if options.cpu else cpu.setting,
        ),
        memory=estimate_memory(model, placement),
        assumption=span.why,
        warnings=(*_warnings(total, span.low_ms, alone, threads), *_unknown_costs(workload)),
    )


def _npu_band(
    npu: PackagedCoefficients, model: NpuModel | None, workload: Workload, values: Values, known: Mapping[str, str]
) -> Band:
    """Return the band of the NPU's share, or of the most that it could take if its share is unknown."""
    if model is None:
        return npu.spread.typical()
    if not workload.partitions and isinstance(model, Taking):
        workload = all_it_could_take(workload, model)
    slopes = slopes_by_differences(lambda changed: model.cost(workload, changed).total_ms, values)
    return npu.spread.band(slopes, model.cost(workload, values).total_ms, known)


def meanings(model: NpuModel | None) -> dict[str, str]:
    """Return the meaning of each coefficient of a CPU and of the NPU of `model`, by name."""
    of_npu = model.coefficients if model is not None else ()
    return {entry.name: entry.meaning for entry in (*coefficients(has_dot_product=True), *of_npu)}


def _packaged_kernels(options: EstimateOptions) -> Kernels | None:
    """Return the kernels whose packaged rates are requested. Raises InputError if a board's rates are for others."""
    if not options.cpu or options.kernels is None:
        return options.kernels
    if options.kernels is not options.profiled_kernels:
        found = options.profiled_kernels or "kernels that its measurements do not name"
        raise InputError(
            f"--kernels {options.kernels}: the profile's rates of the CPU were measured with {found}. Omit the "
            "option, or calibrate with runs of these kernels."
        )
    return None


def _profiled_setting(options: EstimateOptions) -> Setting:
    return Setting("kernels", options.profiled_kernels or "not stated", "the profile's measurements")


def _threads(target: Target, wanted: int | None, cores: int) -> int:
    if wanted is None:
        return cores
    if not 1 <= wanted <= _MOST_THREADS:
        raise InputError(f"--threads {wanted}: {target.chip} has {cores} cores. Give a number from 1 to {cores}.")
    return min(wanted, cores)


def _is_open(placement: Placement) -> bool:
    return placement.status is not Status.COMPLETE


def _span_known(assembly: Assembly, band: Band, cpu_band: Band) -> Span:
    """Return the band around the total of a known placement."""
    on_npu = assembly.npu_ms + assembly.overhead_ms
    low = on_npu * band.low + assembly.cpu_ms * cpu_band.low
    high = on_npu * band.high + assembly.cpu_ms * cpu_band.high
    return Span(low, high, assembly, "")


def _operator_estimate(placement: OperatorPlacement, assembly: Assembly) -> OperatorEstimate:
    on_cpu = assembly.on_cpu[placement.id]
    cost = None
    if placement.unit is Unit.CPU:
        cost = on_cpu
    elif placement.unit is Unit.NPU and assembly.npu is not None:
        cost = assembly.npu.operators.get(placement.id)
    bound: Bound | None = cost.bound if cost is not None and cost.ms else None
    return OperatorEstimate(placement, cost.ms if cost is not None else None, on_cpu.ms, bound)


def _unmeasured(npu: PackagedCoefficients | None, placement: Placement) -> str:
    """Return a remark if no network was measured with this release of the stack, otherwise nothing."""
    stack = placement.target.stack
    release = next((setting.value for setting in placement.settings if setting.name == stack), placement.target.version)
    if npu is None or not npu.releases or not release or npu.was_measured(release):
        return ""
    *others, last = npu.releases
    known = f"{', '.join(others)} and {last}" if others else last
    return f"no measurement with {stack} {release} is public; the measured networks used {known}"


def _basis(model: NpuModel | None, options: EstimateOptions, unmeasured: str) -> str:
    parts = [f"coefficients {options.origin}"]
    if unmeasured:
        parts.append(unmeasured)
    if model is not None:
        parts.append(f"assumes {model.assumption}")
    return "; ".join(parts)


def _warnings(total: float | None, low: float | None, alone: float, threads: int) -> tuple[str, ...]:
    cores = "core" if threads == 1 else f"{threads} cores"
    if total is not None and total > alone:
        return (f"slower with the NPU than without: {total:.3g} ms against {alone:.3g} ms on {cores}",)
    if total is None and low is not None and low > alone:
        return (f"slower with the NPU than without, wherever the unknown operators run: above {low:.3g} ms",)
    return ()


def _unknown_costs(workload: Workload) -> tuple[str, ...]:
    """Return a warning that names operators without cost data on the CPU, empty if there are none."""
    others = dict.fromkeys(
        operator.demand.type
        for operator in workload.operators
        if operator.demand.family is Family.OTHER and operator.placement.unit is not Unit.NPU
    )
    if not others:
        return ()
    names = ", ".join(shorten(name, 40) for name in list(others)[:_MOST_NAMES])
    more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
    return (f"no cost data for {names}{more} on the CPU: estimated as ADD",)
