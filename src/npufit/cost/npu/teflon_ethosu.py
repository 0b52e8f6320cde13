"""The Ethos-U65 with streams from Mesa's driver `ethosu`: one operator after the other, everything in DRAM.

Read from Mesa's captured streams (25.3): each operation with weights that fit the 96 KiB of SRAM follows a KERNEL_WAIT,
one transfer of its weights, and a DMA_WAIT, so the transfer overlaps with nothing. Weights that do not fit are read
from DRAM, again for every block of the output. No feature map stays on the chip. The CPU copies what enters and leaves
a partition at every inference, and each partition is a call of the driver. Compilation happens once, before the first
inference; it is not part of these times.

Nobody has published a time of this stack on i.MX93, so nothing here is fitted to it: the memory takes the value fitted
for `imx93/vela`, the clock is the device tree's, and the rest is expectation. Arithmetic and memory overlap as they do
there.

A public report gives an order instead of times. The model reproduces that both MobileNets are far below both
Inceptions, and that all four gain 5 to 13 times over two cores. It does not reproduce three things, and was not
adjusted to them: MobileNet V1 should be the fastest, but is predicted slightly behind V2, which has half of its
arithmetic and twice its operations (each would have to wait some 15 us instead of 4); Inception V1 should gain most,
but V2 is predicted to gain slightly more; and SSD MobileNet V1 should be close to the CPU's speed, but nothing in its
23 operators on the CPU explains that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.demand import Demand
from npufit.cost.npu.calls import NS
from npufit.cost.npu.driver_call import DRIVER_CALL
from npufit.cost.npu.ethos_u65 import blocks_of, cycles_of, has_weights
from npufit.cost.npu.rates import cost_of_rates
from npufit.cost.prediction import FREE, Cost, NpuCost
from npufit.cost.workload import Workload
from npufit.graph import Family

SRAM_BYTES = 96 << 10
"""The SRAM that i.MX 93 gives to the NPU, the one chip whose streams were seen."""
_SCALE_BYTES = 10
"""Bias, scale and shift of one output channel."""

_FUSED = ("PAD", "RESHAPE")
"""Types that execute nothing: PAD becomes padding of the next convolution, RESHAPE an alias."""


@dataclass(frozen=True, slots=True)
class TeflonEthosuModel:
    """Cost of operators as Mesa lowers them."""

    borrowed: tuple[str, ...] = ("dram_ns_per_byte", "pass_ns")
    assumption: str = (
        "Mesa's streams as captured, the clock of mainline device trees (800 MHz) and the memory as fitted for Vela; "
        "no measurement of this stack on i.MX93 is public, so the range is a guess"
    )
    coefficients: tuple[Coefficient, ...] = (
        Coefficient(
            "cycle_ns",
            "ns/cycle",
            "one cycle of the arithmetic",
            1.25,
            1.25,
            "800 MHz: chips/imx93.toml, [stacks.teflon] npu-clock",
        ),
        Coefficient(
            "dram_ns_per_byte",
            "ns/byte",
            "one byte between NPU and DRAM",
            0.27,
            1.5,
            "the same memory as for imx93/vela, with its fitted value; 3.75 GB/s is Vela's assumption",
        ),
        Coefficient(
            "weight_ratio",
            "1",
            "bytes of encoded weights per weight",
            0.7,
            1.4,
            "Mesa's captured streams: 0.77 (MobileNet V1 0.5 160), 0.55 (SSD MobileNet V1), 0.6 (Keras MobileNetV2)",
        ),
        Coefficient(
            "pass_ns",
            "ns",
            "the fixed cost of an operation",
            8000.0,
            2.0,
            "as for imx93/vela, with its fitted value; networks of many small operators, such as MediaPipe's iris "
            "landmarks (2.1 ms), allow about 10 us",
        ),
        Coefficient(
            "wait_ns",
            "ns",
            "KERNEL_WAIT, a transfer's latency and DMA_WAIT: the last block drains, the first one is awaited",
            4000.0,
            2.0,
            "order of magnitude: three DRAM latencies (250 and 2 x 500 cycles in Vela's configuration) and two blocks "
            "of 4 KiB",
        ),
        *DRIVER_CALL,
    )

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the partitions of `workload`, each operator separately."""
        return cost_of_rates(workload, values, _operator_cost)


def _operator_cost(demand: Demand, values: Values) -> Cost:
    if demand.type in _FUSED or demand.family is Family.FREE:
        return FREE
    byte = values["dram_ns_per_byte"] * NS
    blocks = blocks_of(demand)
    streamed = blocks.input_bytes + demand.outputs * demand.element_bytes
    staged = 0.0
    overhead = values["pass_ns"] * NS
    if has_weights(demand):
        encoded = demand.weight_bytes * values["weight_ratio"] + _SCALE_BYTES * max(0, demand.depth_out)
        if encoded <= SRAM_BYTES and demand.family is not Family.MATRIX:
            staged = encoded * byte
            overhead += values["wait_ns"] * NS
        else:
            streamed += encoded * blocks.area
    arithmetic = cycles_of(demand) * values["cycle_ns"] * NS
    return Cost(hypot(arithmetic, streamed * byte) + staged + overhead, arithmetic, streamed * byte + staged, overhead)


MODEL = TeflonEthosuModel()
