"""The Ethos-U65 with streams that Vela compiled, under NXP's firmware: Vela's passes at the speed of the real memory.

Vela counts the cycles of each pass and the bytes that it moves. It cannot know how fast the board's memory really is,
what a call through the driver and the M33 costs, and what a pass costs beside its arithmetic.
"""

from __future__ import annotations

from npufit.cost.coefficient import Coefficient
from npufit.cost.npu.passes import PassModel

_SOURCE = "Vela, Ethos_U65_High_End"

MODEL = PassModel(
    assumption="the passes of the upstream release of Vela; NXP's BSPs compile with forks of the same number",
    coefficients=(
        Coefficient("cycle_ns", "ns/cycle", "one cycle of Vela's arithmetic", 1.0, 1.2, f"{_SOURCE}: 1000 MHz"),
        Coefficient("dram_ns_per_byte", "ns/byte", "one byte between NPU and DRAM", 0.27, 1.5, f"{_SOURCE}: 3.75 GB/s"),
        Coefficient("pass_ns", "ns", "the fixed cost of a pass", 1000.0, 2.0, "order of magnitude"),
        Coefficient(
            "call_ns",
            "ns",
            "a call: driver, mailbox, M33 firmware and back",
            150_000.0,
            2.0,
            "the smallest believable NPU calls measured on i.MX93: 0.2 to 0.4 ms, work included",
        ),
        Coefficient(
            "copy_ns_per_byte",
            "ns/byte",
            "copying what enters and leaves a partition",
            0.4,
            2.0,
            "order of magnitude of memcpy and cache maintenance on a Cortex-A55",
        ),
    ),
)
