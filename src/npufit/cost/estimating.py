"""The estimate of a placed model."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.cost.assembly import Assembly
from npufit.cost.cost_models import CostModels, EstimateOptions, cost_models
from npufit.cost.estimate import Band, Estimate, OperatorEstimate
from npufit.cost.measured.public_measurements import find_measured
from npufit.cost.memory import estimate_memory
from npufit.cost.packaged_coefficients import PackagedCoefficients
from npufit.cost.prediction import Bound
from npufit.cost.unknown_placement import Span, span_unknown
from npufit.cost.workload import Workload, workload_of
from npufit.formatting import shorten
from npufit.graph import Family, Model, OperatorId
from npufit.stacks import OperatorPlacement, Placement, Setting, Status, Unit

_MOST_NAMES = 5


def estimate(model: Model, placement: Placement, options: EstimateOptions | None = None) -> Estimate | None:
    """Return the predicted time of `model` in this `placement`; None if nothing can be predicted.

    That is the case if the chip's CPU is unknown, and for a file that Vela already compiled: its calls do not say what
    they compute, and no CPU could compute them.

    Raises InputError for a wrong number of threads.
    """
    if any(operator.is_npu_call for _, operator in model.operators()):
        return None
    options = options or EstimateOptions()
    workload = workload_of(model, placement)
    models = cost_models(placement.target, workload, options)
    if models is None:
        return None
    assembly = models.assemble(workload)
    cpu_band = models.cpu_band(workload, workload.operators)
    band = _band(placement, workload, models) or cpu_band
    span = _span(placement, workload, models, assembly, band, cpu_band)
    shown = span.assumed
    total, alone = shown.total_ms if shown is not None else None, assembly.cpu_only_ms
    compiled = placement.compiler_estimate
    operators = tuple(_operator_estimate(entry.placement, assembly) for entry in workload.operators)
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
        threads=models.threads,
        band=band,
        cpu_band=cpu_band,
        basis=_basis(models, placement),
        operators=operators,
        partitions=assembly.npu.partitions if assembly.npu is not None else {},
        compiler_ms=compiled.total_ms if compiled is not None else None,
        slower_on_npu=_slower_on_npu(operators),
        measured=find_measured((operator.demand for operator in workload.operators), placement.target.chip),
        settings=(
            Setting("threads", str(models.threads), "option" if options.threads else "all cores of the chip"),
            models.kernels,
        ),
        memory=estimate_memory(model, placement),
        assumption=span.why,
        warnings=(*_warnings(total, span.low_ms, alone, models.threads), *_unknown_costs(workload)),
    )


def _is_open(placement: Placement) -> bool:
    return placement.status is not Status.COMPLETE


def _band(placement: Placement, workload: Workload, models: CostModels) -> Band | None:
    """Return the band of the NPU's share, None if it has none or nothing about it is known."""
    has_share = workload.partitions or _is_open(placement)
    return models.npu_band(workload) if has_share else models.options.npu_band


def _span(
    placement: Placement, workload: Workload, models: CostModels, assembly: Assembly, band: Band, cpu_band: Band
) -> Span:
    """Return the range of the total."""
    if _is_open(placement) or (models.npu_model is None and workload.partitions):
        return span_unknown(
            placement, workload, models.cpu, models.threads, models.npu_model, models.npu, band, cpu_band
        )
    left = workload.on(Unit.CPU)
    return _span_known(assembly, band, models.cpu_band(workload, left) if left and workload.partitions else cpu_band)


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


def _slower_on_npu(operators: Sequence[OperatorEstimate]) -> tuple[OperatorId, ...]:
    return tuple(
        entry.placement.id
        for entry in operators
        if entry.placement.unit is Unit.NPU and entry.ms is not None and entry.ms > entry.cpu_ms
    )


def _unmeasured(packaged: PackagedCoefficients | None, placement: Placement) -> str:
    """Return a remark if no network was measured with this release of the stack, otherwise nothing."""
    stack = placement.target.stack
    release = next((setting.value for setting in placement.settings if setting.name == stack), placement.target.version)
    if packaged is None or not packaged.releases or not release or packaged.was_measured(release):
        return ""
    *others, last = packaged.releases
    known = f"{', '.join(others)} and {last}" if others else last
    return f"no measurement with {stack} {release} is public; the measured networks used {known}"


def _basis(models: CostModels, placement: Placement) -> str:
    parts = [f"coefficients {models.options.origin}"]
    if unmeasured := _unmeasured(models.packaged, placement):
        parts.append(unmeasured)
    if models.npu_model is not None:
        parts.append(f"assumes {models.npu_model.assumption}")
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
