"""NXP's eIQ Neutron N3-1024S on i.MX95: rates, because neither its schedule nor its memory is public.

An operator takes the longer of its arithmetic and its bytes, plus a small fixed cost; a NeutronGraph is one call.
Operators on the CPU are not part of this model and usually take most of the time: the YOLOv8 exports leave TRANSPOSE
and SOFTMAX there. Convolutions on the CPU run slower beside the delegate than alone (`tail_factor`): for MobileNetV2 at
320x320 a quarter of the operators, those near the output, ran on the NPU, and the whole took 87.38 ms against 76.08 on
the CPU alone. One or a few calls cannot cost that much, since all of MobileNet V1 takes 1.2 ms. Lost XNNPACK kernels
would explain it, since NXP advises `--use_xnnpack=false`; that is inferred from this one pair.
"""

from __future__ import annotations

from dataclasses import dataclass

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.demand import Demand
from npufit.cost.npu.rates import Arithmetic, cost_of_rates, rate_cost, round_up
from npufit.cost.prediction import FREE, Cost, NpuCost
from npufit.cost.workload import Workload
from npufit.graph import Family

_LANES = 16
"""Channels per dot product: `num_macs` of NXP's delegate for i.MX95."""

_LADDER = "YOLOv8 l and x on i.MX95 (kylefoxaustin/imx95-device-skills): 0.0018 to 0.0022 with everything else in it"
_USUAL = "order of magnitude"
_CPU_ONLY = frozenset({"QUANTIZE", "DEQUANTIZE", "SOFTMAX", "TRANSPOSE", "CAST"})
"""Operator types on the CPU in every public log or profile that shows single operators."""

_NEVER = (Family.DETECTION, Family.RECURRENT, Family.CONVERSION, Family.SOFTMAX, Family.TRANSPOSE, Family.OTHER)


@dataclass(frozen=True, slots=True)
class NeutronModel:
    """Cost of NeutronGraphs by rates."""

    borrowed: tuple[str, ...] = ()
    assumption: str = (
        "rates from few public figures for the Neutron NPU, and NeutronGraphs made of consecutive operators of the file"
    )
    coefficients: tuple[Coefficient, ...] = (
        Coefficient("mac_ns", "ns/MAC", "a multiply-accumulate of a dense convolution", 0.0015, 1.3, _LADDER),
        Coefficient(
            "depthwise_mac_ns",
            "ns/MAC",
            "the same of a depthwise convolution, which uses one lane in 16",
            0.016,
            2.0,
            "1024 / 16 multiply-accumulates per cycle at 1 GHz; MobileNetV2 runs at 95 GMAC/s, MobileNetV1 at 470",
        ),
        Coefficient(
            "activation_ns_per_byte",
            "ns/byte",
            "a byte between the tightly coupled memory and DRAM",
            0.06,
            2.0,
            "16 GB/s, the most that the CPU cores reach",
        ),
        Coefficient(
            "weight_ns_per_byte", "ns/byte", "a byte of weights from DRAM", 0.1, 2.0, "like a byte of activations"
        ),
        Coefficient("operator_ns", "ns", "starting the kernels of an operator", 4000.0, 2.0, _USUAL),
        Coefficient(
            "call_ns",
            "ns",
            "a NeutronGraph: driver, mailbox, firmware and back",
            200_000.0,
            2.0,
            "MobileNet V1 takes 1.2 ms in all",
        ),
        Coefficient(
            "copy_ns_per_byte",
            "ns/byte",
            "copying what enters and leaves a NeutronGraph: cache maintenance, and a copy unless it is zero-copy",
            0.4,
            2.0,
            "order of magnitude of memcpy on a Cortex-A55",
        ),
        Coefficient(
            "tail_factor",
            "1",
            "how many times longer convolutions on the CPU take beside the delegate",
            1.4,
            1.2,
            "Toradex community thread 29531, 320x320: 1.3 to 1.8, depending on what the 88 counts; inferred from this "
            "one pair",
        ),
    )

    slowed_by: str = ""

    def arithmetic(self, demand: Demand) -> Arithmetic:
        """Return the arithmetic of one operator."""
        return _arithmetic(demand)

    def takes(self, demand: Demand) -> bool:
        """Return whether the NPU could take the operator at all, judged by public observations."""
        return not demand.is_float and demand.type not in _CPU_ONLY and demand.family not in _NEVER

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the NeutronGraphs of `workload`."""
        return cost_of_rates(workload, values, operator_cost, tail_factor=values["tail_factor"])


def operator_cost(demand: Demand, values: Values) -> Cost:
    """Return the time of one operator inside a NeutronGraph."""
    if demand.family is Family.FREE:
        return FREE
    return rate_cost(demand, values, _arithmetic(demand))


def _arithmetic(demand: Demand) -> Arithmetic:
    match demand.family:
        case Family.DEPTHWISE:
            return Arithmetic(demand.macs, ("depthwise_mac_ns",))
        case Family.CONVOLUTION | Family.TRANSPOSED | Family.MATRIX:
            idle = round_up(demand.depth_in, _LANES) / max(1, demand.depth_in)
            return Arithmetic(demand.macs * idle, ("mac_ns",))
        case _:
            return Arithmetic(0.0, ())


MODEL = NeutronModel()
