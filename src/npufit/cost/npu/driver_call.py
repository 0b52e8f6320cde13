"""What a call of the NPU costs through Linux's own `ethosu` driver, whoever compiled the stream."""

from __future__ import annotations

from npufit.cost.coefficient import Coefficient

DRIVER_CALL = (
    Coefficient(
        "call_ns",
        "ns",
        "a call: two ioctls, the kernel's scheduler, the interrupt",
        150_000.0,
        2.0,
        "order of magnitude; imx93/vela has the M33 in between instead",
    ),
    Coefficient(
        "copy_in_ns_per_byte",
        "ns/byte",
        "copying what enters a partition",
        0.5,
        2.0,
        "order of magnitude of memcpy on a Cortex-A55",
    ),
    Coefficient(
        "copy_out_ns_per_byte",
        "ns/byte",
        "copying what leaves a partition",
        3.0,
        3.0,
        "the kernel driver's buffers are those of DRM's GEM DMA helper; that the CPU reads them uncached is inferred",
    ),
)
"""Nobody has measured any of these; Mesa's delegate and programs that submit Vela's streams do the same."""
