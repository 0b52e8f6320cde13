"""The VIP8000 of i.MX8M Plus under Mesa's driver `etnaviv`: the rates of the silicon, and one factor for the driver.

Mesa's documentation gives three times for this chip: MobileNet V1 7.9 ms, V2 8.0 and SSDLite MobileDet 24.4; the closed
driver takes 2.76 ms for the first. The closed driver clocks and tiles better, compresses more and keeps feature maps on
the chip. The share of each is unknown, so one factor covers them all, with a larger cost per operation, because each is
a separate job. The rates are the values fitted for `imx8mp/vx`.
"""

from __future__ import annotations

from dataclasses import dataclass

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.demand import Demand
from npufit.cost.npu import vip8000
from npufit.cost.npu.rates import Arithmetic, cost_of_rates
from npufit.cost.prediction import Cost, NpuCost
from npufit.cost.workload import Workload

_DOCUMENTED = "Mesa docs/teflon.rst: MobileNet V1 7.9 ms, V2 8.0 ms; the closed driver takes 2.76 ms for the first"


@dataclass(frozen=True, slots=True)
class EtnavivModel:
    """Cost of partitions by the rates of the silicon."""

    borrowed: tuple[str, ...] = tuple(coefficient.name for coefficient in vip8000.RATES)
    assumption: str = (
        "the rates of the closed driver times one factor; there are only three public times, given as approximate"
    )
    coefficients: tuple[Coefficient, ...] = (
        *vip8000.RATES,
        Coefficient("driver_factor", "1", "how many times longer the same work takes", 2.5, 1.5, _DOCUMENTED),
        Coefficient("operator_ns", "ns", "a job of the driver", 30_000.0, 2.0, _DOCUMENTED),
        Coefficient("call_ns", "ns", "submitting a partition and waiting for it", 200_000.0, 2.0, "order of magnitude"),
        Coefficient(
            "copy_ns_per_byte",
            "ns/byte",
            "copying what enters and leaves a partition",
            1.0,
            2.0,
            "memcpy on a Cortex-A53",
        ),
    )

    slowed_by: str = "driver_factor"

    def arithmetic(self, demand: Demand) -> Arithmetic:
        """Return the arithmetic of one operator."""
        return vip8000.arithmetic_of(demand)

    def takes(self, demand: Demand) -> bool:
        """Return whether the NPU could take the operator at all."""
        return vip8000.MODEL.takes(demand)

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the partitions of `workload`."""
        return cost_of_rates(workload, values, _operator_cost)


def _operator_cost(demand: Demand, values: Values) -> Cost:
    return vip8000.operator_cost(demand, values, values["driver_factor"])


MODEL = EtnavivModel()
