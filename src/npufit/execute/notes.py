"""What is worth knowing about compiled streams before their results are trusted on a board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.chips import load_chip
from npufit.ethosu import CompiledCall
from npufit.stacks import Target
from npufit.stacks.vela import describe_sram_use, largest_sram_use


def notes_on(calls: Sequence[CompiledCall], target: Target) -> tuple[str, ...]:
    """Return notes on the calls of a file that is to run on `target`, a sentence each."""
    uses = describe_sram_use(largest_sram_use(calls), target.chip)
    return (*_accelerators(calls, target), *([uses] if uses else []))


def _accelerators(calls: Sequence[CompiledCall], target: Target) -> Iterator[str]:
    own = load_chip(target.chip).stack_settings("vela")["accelerator"].value
    for other in dict.fromkeys(call.program.accelerator for call in calls):
        if other and other != own:
            yield (
                f"compiled for {other}, and executed as such; {target.chip} has {own}, which does not run it. Compile "
                "the original model again for a board."
            )
