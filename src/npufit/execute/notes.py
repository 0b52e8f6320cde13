"""What is worth knowing about compiled streams before their results are trusted on a board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.chips import load_chip
from npufit.ethosu import CompiledCall
from npufit.ethosu.kernel import IMX93_SRAM_BYTES, SRAM_REGION, used_regions
from npufit.stacks import Target

_MAINLINE_SRAM_BYTES = {"imx93": IMX93_SRAM_BYTES}
"""What the mainline `ethosu` driver has, by chip."""


def notes_on(calls: Sequence[CompiledCall], target: Target) -> tuple[str, ...]:
    """Return notes on the calls of a file that is to run on `target`, a sentence each."""
    return (*_accelerators(calls, target), *_sram(calls, target))


def _accelerators(calls: Sequence[CompiledCall], target: Target) -> Iterator[str]:
    own = load_chip(target.chip).stack_settings("vela")["accelerator"].value
    for other in dict.fromkeys(call.program.accelerator for call in calls):
        if other and other != own:
            yield (
                f"compiled for {other}, and executed as such; {target.chip} has {own}, which does not run it. Compile "
                "the original model again for a board."
            )


def _sram(calls: Sequence[CompiledCall], target: Target) -> Iterator[str]:
    limit = _MAINLINE_SRAM_BYTES.get(target.chip)
    sizes = [
        size
        for call in calls
        for region, size in call.program.region_bytes
        if region == SRAM_REGION and region in used_regions(call.program.stream)
    ]
    if limit is not None and max(sizes, default=0) > limit:
        yield (
            f"uses {max(sizes)} bytes of SRAM, as NXP's settings of Vela allow. Linux's own ethosu driver has {limit} "
            "and refuses such a stream (--kernel VERSION says why); it is for NXP's driver."
        )
