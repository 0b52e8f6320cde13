"""What is possible where nobody knows which operators the NPU gets."""

from __future__ import annotations

from npufit.cost.assembly import Assembly
from npufit.cost.coefficient import Values
from npufit.cost.estimate import Band
from npufit.cost.npu import NpuModel
from npufit.cost.workload import Workload
from npufit.stacks import Placement


def span_unknown(
    placement: Placement,
    workload: Workload,
    assembly: Assembly,
    model: NpuModel | None,
    npu: Values,
    band: Band,
    cpu_band: Band,
) -> tuple[float | None, float | None, float | None]:
    """Return low, total and high in milliseconds; total is None because the placement is unknown."""
    return None, None, assembly.cpu_only_ms * cpu_band.high
