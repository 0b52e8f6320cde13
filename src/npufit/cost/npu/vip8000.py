"""The VIP8000 of i.MX8M Plus under VeriSilicon's closed driver: rates of its three parts.

Dense convolutions run on the multipliers (2.3 TOPS at 1 GHz), operators that only move or combine values on the tensor
units, and functions that neither supports on programmable shaders. A depthwise convolution leaves most multipliers
idle. NXP's guides say that weights quantized per channel run slower than per tensor; the open TF1 networks are uint8
and per tensor, those of current converters int8 and per channel, so int8 stands for per channel here.

Where operators run is decided by the placement; `takes` says what the NPU could take if it is unknown.
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
_USUAL = "order of magnitude"
_NEVER = (Family.DETECTION, Family.OTHER)
_SHADERS = (Family.SOFTMAX, Family.RESIZE, Family.REDUCTION, Family.TRANSPOSE, Family.RECURRENT)

RATES: tuple[Coefficient, ...] = (
    Coefficient(
        "mac_ns",
        "ns/MAC",
        "a multiply-accumulate of a dense convolution, per tensor",
        0.003,
        1.5,
        "1150 per ns at the peak; MobileNet V1 reaches 206 in all",
    ),
    Coefficient(
        "per_channel_factor",
        "1",
        "how many times longer a convolution with weights per channel takes",
        1.5,
        1.4,
        "ResNet50: 25 ms per channel (NXP's zoo), 11.7 ms per tensor (Tengine)",
    ),
    Coefficient(
        "depthwise_mac_ns",
        "ns/MAC",
        "a multiply-accumulate of a depthwise convolution",
        0.03,
        2.0,
        "MobileNetV2 takes 2.5 times as long as MobileNet V1 with half of its multiply-accumulates",
    ),
    Coefficient("value_ns", "ns/value", "a value that the tensor units write", 0.4, 2.0, _USUAL),
    Coefficient("shader_ns", "ns/value", "a value that a shader reads or writes", 1.0, 3.0, _USUAL),
    Coefficient(
        "activation_ns_per_byte", "ns/byte", "a byte of a feature map to or from DRAM", 0.15, 2.0, "about 6 GB/s"
    ),
    Coefficient(
        "weight_ns_per_byte",
        "ns/byte",
        "a byte of weights from DRAM",
        0.3,
        2.0,
        "about 3 GB/s: every weight is read once, in short pieces",
    ),
)
"""The costs of the silicon, whatever the driver."""


@dataclass(frozen=True, slots=True)
class Vip8000Model:
    """Cost of partitions by rates."""

    borrowed: tuple[str, ...] = ()
    assumption: str = "rates of the NPU's multipliers, tensor units and shaders; what the driver fuses is unknown"
    coefficients: tuple[Coefficient, ...] = (
        *RATES,
        Coefficient(
            "operator_ns",
            "ns",
            "the fixed cost of an operator",
            10_000.0,
            2.0,
            "BlazeFace, 1.19 ms, has about 60 operators",
        ),
        Coefficient(
            "call_ns", "ns", "a call of the driver", 80_000.0, 2.0, "the smallest networks measured take 0.14 ms"
        ),
        Coefficient(
            "copy_ns_per_byte",
            "ns/byte",
            "copying what enters and leaves a partition",
            0.5,
            2.0,
            "memcpy on a Cortex-A53",
        ),
    )

    slowed_by: str = ""

    def arithmetic(self, demand: Demand) -> Arithmetic:
        """Return the arithmetic of one operator."""
        return arithmetic_of(demand)

    def takes(self, demand: Demand) -> bool:
        """Return whether the NPU could take the operator at all."""
        return demand.family not in _NEVER

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the partitions of `workload`."""
        return cost_of_rates(workload, values, operator_cost)


def operator_cost(demand: Demand, values: Values, factor: float = 1.0) -> Cost:
    """Return the time of one operator inside a partition; `factor` multiplies its arithmetic and its memory."""
    if demand.family is Family.FREE:
        return FREE
    return rate_cost(demand, values, arithmetic_of(demand), factor)


def arithmetic_of(demand: Demand) -> Arithmetic:
    """Return the arithmetic of one operator, whatever the driver."""
    match demand.family:
        case Family.DEPTHWISE:
            return Arithmetic(demand.macs, ("depthwise_mac_ns", *_per_channel(demand)))
        case Family.CONVOLUTION | Family.TRANSPOSED | Family.MATRIX:
            idle = round_up(demand.depth_out, _LANES) / max(1, demand.depth_out)
            return Arithmetic(demand.macs * idle, ("mac_ns", *_per_channel(demand)))
        case family if family in _SHADERS:
            return Arithmetic(max(demand.inputs, demand.outputs), ("shader_ns",))
        case Family.POOLING:
            return Arithmetic(demand.outputs * max(1, demand.patch) / 4, ("value_ns",))
        case _:
            return Arithmetic(demand.outputs, ("value_ns",))


def _per_channel(demand: Demand) -> tuple[str, ...]:
    return () if demand.is_unsigned else ("per_channel_factor",)


MODEL = Vip8000Model()
