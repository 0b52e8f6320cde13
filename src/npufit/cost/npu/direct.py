"""The Ethos-U65 with streams that Vela compiled, submitted to Linux's own `ethosu` driver: no firmware in between.

The silicon, the compiler and the memory are those of `imx93/vela`, so its fitted `cycle_ns`, `dram_ns_per_byte` and
`pass_ns` stand here. Two things differ. The clock: a cycle takes `clock_ratio` times as long, 1000 MHz (the clock that
NXP's Vela assumes, at which the measured boards ran as far as anybody has published) over the 800 MHz of mainline
device trees. Should NXP's BSP run the NPU at 800 MHz too, the ratio is 1 and arithmetic is 20 % faster than predicted
here. And the call: two ioctls and an interrupt instead of a mailbox and the M33, with copies to and from buffers that
the CPU does not cache; these are the expectations for `imx93/teflon`, which uses the same driver.

That the SRAM has 96 KiB instead of the 384 KiB of NXP's settings is in the passes: Vela schedules for it.

Nobody has published a time of this stack, and none is fitted.
"""

from __future__ import annotations

from npufit.cost.coefficient import Coefficient
from npufit.cost.npu.driver_call import DRIVER_CALL
from npufit.cost.npu.passes import CLOCK_RATIO, PassModel
from npufit.cost.npu.vela import MODEL as VELA

_FITTED = tuple(entry for entry in VELA.coefficients if entry.name in ("cycle_ns", "dram_ns_per_byte", "pass_ns"))
"""Coefficients of silicon and compiler; Linux's driver changes none of them."""

MODEL = PassModel(
    assumption=(
        "the passes, cycles and memory of imx93/vela at the clock of mainline device trees (800 MHz, where NXP's Vela "
        "assumes 1000), and two ioctls for each call; nobody has measured this stack, so the range is a guess"
    ),
    coefficients=(
        *_FITTED,
        Coefficient(
            CLOCK_RATIO,
            "1",
            "how much longer a cycle takes than on NXP's BSP",
            1.25,
            1.25,
            "chips/imx93.toml: npu-clock of [stacks.vela], 1000 MHz, over that of [stacks.direct], 800 MHz",
        ),
        *DRIVER_CALL,
    ),
    borrowed=tuple(entry.name for entry in _FITTED),
)
