"""The cost models of a target with their coefficients: its CPU's, and its NPU's under a stack if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.cost.assembly import Assembly, assemble
from npufit.cost.coefficient import Values
from npufit.cost.cpu import caches_of, elasticities, total_ms, total_terms
from npufit.cost.cpu_coefficients import CORES, coefficients
from npufit.cost.estimate import Band
from npufit.cost.kernels import Kernels, cpu_rates
from npufit.cost.npu import NpuModel, PassModel, load_npu_model
from npufit.cost.packaged_coefficients import PackagedCoefficients, load_coefficients
from npufit.cost.possible_workloads import Taking, all_it_could_take
from npufit.cost.slopes import slopes_by_differences
from npufit.cost.spread import Spread
from npufit.cost.workload import PlacedDemand, Workload
from npufit.errors import InputError
from npufit.stacks import Setting, Target

_MOST_THREADS = 64

_ONE_PERCENT = 0.01
"""Small against what coefficients are uncertain by, and large against the steps of a model."""


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


@dataclass(frozen=True, slots=True)
class CostModels:
    """A target's CPU on `threads` cores, and its NPU: a model and coefficients, each None or empty if unknown.

    `packaged` are the coefficients that come with npufit for the NPU, before those of the user's board replaced any.
    """

    options: EstimateOptions
    threads: int
    cpu: Values
    cpu_spread: Spread
    kernels: Setting
    npu: Values
    npu_model: NpuModel | None
    packaged: PackagedCoefficients | None

    def assemble(self, workload: Workload) -> Assembly:
        """Return the milliseconds of `workload`."""
        return assemble(workload, self.cpu, self.threads, self.npu_model, self.npu)

    def cpu_band(self, workload: Workload, operators: Sequence[PlacedDemand]) -> Band:
        """Return the band of the CPU's time for `operators` of `workload`."""
        if self.options.cpu_band is not None:
            return self.options.cpu_band
        caches = caches_of((entry.demand for entry in workload.operators), self.cpu)
        terms = total_terms([entry.demand for entry in operators], caches, self.threads)
        slopes = elasticities(terms, self.cpu, self.threads)
        return self.cpu_spread.band(slopes, total_ms(terms, self.cpu, self.threads), meanings(self.npu_model))

    def npu_band(self, workload: Workload) -> Band | None:
        """Return the band of the NPU's share, or of the most that it could take if its share is unknown.

        None if nothing about this NPU under this stack was measured or assumed.
        """
        model, values = self.npu_model, self.npu
        if self.options.npu_band is not None or self.packaged is None:
            return self.options.npu_band
        if model is None:
            return self.packaged.spread.typical()
        if not workload.partitions and isinstance(model, Taking):
            workload = all_it_could_take(workload, model)
        slopes = slopes_by_differences(lambda changed: model.cost(workload, changed).total_ms, values, _ONE_PERCENT)
        return self.packaged.spread.band(slopes, model.cost(workload, values).total_ms, meanings(model))


def cost_models(target: Target, workload: Workload, options: EstimateOptions) -> CostModels | None:
    """Return the cost models of `target` for `workload`, None if nothing is known about the chip's CPU.

    Raises InputError for a wrong number of threads, and for kernels that a board's rates are not for.
    """
    cpu = cpu_rates(target.chip, _packaged_kernels(options))
    if cpu is None:
        return None
    packaged = load_coefficients(f"{target.chip}/{target.stack}")
    return CostModels(
        options=options,
        threads=_threads(target, options.threads, int(cpu.values[CORES])),
        cpu={**cpu.values, **(options.cpu or {})},
        cpu_spread=cpu.spread,
        kernels=_profiled_setting(options) if options.cpu else cpu.setting,
        npu={**(packaged.values if packaged is not None else {}), **(options.npu or {})},
        npu_model=_npu_model(target, workload) if packaged is not None else None,
        packaged=packaged,
    )


def _npu_model(target: Target, workload: Workload) -> NpuModel | None:
    """Return the model of the NPU, None if it needs passes and there are none: a Vela given as a program tells none."""
    model = load_npu_model(target.chip, target.stack)
    return None if isinstance(model, PassModel) and not workload.passes else model


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
