"""How long a placed model takes, and how much memory it needs: a model of the CPU, and one of each NPU and its driver.

Coefficients are few, named and fitted to public measurements; reported errors are those on networks left out of the
fit. `npufit.cost.npu`, `npufit.cost.measured` and `npufit.cost.regression` have their own public faces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.cost_models import EstimateOptions
from npufit.cost.estimate import Band, Estimate, Measured, MemoryEstimate, OperatorEstimate
from npufit.cost.estimating import estimate
from npufit.cost.kernels import Kernels
from npufit.cost.prediction import Bound, Cost, PartitionCost

if TYPE_CHECKING:
    from npufit.cost.assembly import assemble
    from npufit.cost.board_profile import Change, Profile, ProfiledRun, ProfileErrors, profile_text, read_profile
    from npufit.cost.cpu import Caches, caches_of, total_ms, total_terms
    from npufit.cost.cpu_coefficients import coefficients
    from npufit.cost.memory import live_bytes
    from npufit.cost.packaged_coefficients import load_coefficients
    from npufit.cost.packaged_files import HELD_OUT, read_json
    from npufit.cost.reversal import Reversal, measured_reversal, predicted_reversal
    from npufit.cost.spread import SMALL_MS
    from npufit.cost.workload import PlacedDemand, Workload, on_the_cpu, workload_of

__all__ = [
    "HELD_OUT",
    "SMALL_MS",
    "Band",
    "Bound",
    "Caches",
    "Change",
    "Coefficient",
    "Cost",
    "Estimate",
    "EstimateOptions",
    "Kernels",
    "Measured",
    "MemoryEstimate",
    "OperatorEstimate",
    "PartitionCost",
    "PlacedDemand",
    "Profile",
    "ProfileErrors",
    "ProfiledRun",
    "Reversal",
    "Values",
    "Workload",
    "assemble",
    "caches_of",
    "coefficients",
    "estimate",
    "live_bytes",
    "load_coefficients",
    "measured_reversal",
    "on_the_cpu",
    "predicted_reversal",
    "profile_text",
    "read_json",
    "read_profile",
    "total_ms",
    "total_terms",
    "workload_of",
]

_HOMES = {
    "npufit.cost.assembly": ("assemble",),
    "npufit.cost.board_profile": ("Change", "ProfiledRun", "Profile", "ProfileErrors", "profile_text", "read_profile"),
    "npufit.cost.cpu": ("Caches", "caches_of", "total_ms", "total_terms"),
    "npufit.cost.cpu_coefficients": ("coefficients",),
    "npufit.cost.memory": ("live_bytes",),
    "npufit.cost.packaged_coefficients": ("load_coefficients",),
    "npufit.cost.packaged_files": ("HELD_OUT", "read_json"),
    "npufit.cost.reversal": ("Reversal", "measured_reversal", "predicted_reversal"),
    "npufit.cost.spread": ("SMALL_MS",),
    "npufit.cost.workload": ("PlacedDemand", "Workload", "on_the_cpu", "workload_of"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
