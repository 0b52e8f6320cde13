"""Streams that need more SRAM than Linux's own `ethosu` driver gives the NPU; Vela's settings for NXP allow more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from npufit.chips import Fact, load_chip
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence

if TYPE_CHECKING:
    from npufit.ethosu import CompiledCall


def largest_sram_use(calls: Iterable[CompiledCall]) -> int:
    """Return the most bytes that a call uses in the SRAM region, 0 if no stream uses it."""
    from npufit.ethosu import SRAM_REGION, used_regions

    return max(
        (
            size
            for call in calls
            for region, size in call.program.region_bytes
            if region == SRAM_REGION and region in used_regions(call.program.stream)
        ),
        default=0,
    )


def sram_use_of(compiled: Model) -> int:
    """Return the same for a file that Vela compiled; also 0 if npufit cannot read its streams."""
    from npufit.ethosu import read_programs

    try:
        return largest_sram_use(read_programs(compiled))
    except InputError:
        return 0


def describe_sram_use(used_bytes: int, chip: str) -> str | None:
    """Return a sentence on streams that need more SRAM than the driver has on `chip`, or None."""
    fact = _mainline_sram(chip)
    if fact is None or used_bytes <= _in_bytes(fact):
        return None
    return (
        f"uses {used_bytes} bytes of SRAM, as NXP's settings of Vela allow. Linux's own ethosu driver has "
        f"{_in_bytes(fact)} and refuses such a stream (npufit run --kernel VERSION says why); it is for NXP's driver."
        + (f" For Linux's own, compile with -t {chip}/direct." if load_chip(chip).stack_settings("direct") else "")
    )


def sram_notes(used_bytes: int, chip: str) -> tuple[Note, ...]:
    """Return that sentence as a note of a placement, or nothing."""
    fact, text = _mainline_sram(chip), describe_sram_use(used_bytes, chip)
    if fact is None or text is None:
        return ()
    return (Note(f"The compiled stream {text.removesuffix('.')}", Evidence.SOURCE, fact.source),)


def _mainline_sram(chip: str) -> Fact | None:
    """Return the SRAM that device trees give to the driver that Mesa uses, if the chip has it."""
    stacks = load_chip(chip).stacks
    return stacks["teflon"].get("sram") if "teflon" in stacks else None


def _in_bytes(fact: Fact) -> int:
    return int(fact.value) << 10
