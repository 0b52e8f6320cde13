"""Which kernels LiteRT uses on the CPU: its own, or XNNPACK's, which are faster on a Cortex-A55.

The measurements of i.MX93 and i.MX8M Plus come from BSPs whose guide uses XNNPACK "for floating point layers", those of
i.MX95 from TFLite 2.14 and later, which uses it for integers too. So each chip's fit stands for one of the two
(inferred). i.MX93 and i.MX95 have the same core, so each can borrow the other's rates, at the ratio of their clocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import log

from npufit.chips import Chip, chip_names, is_packaged, load_chip
from npufit.cost.coefficient import Values
from npufit.cost.cpu_coefficients import CACHE, CORES, is_time
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.cost.spread import Spread
from npufit.errors import InputError
from npufit.stacks import Setting


class Kernels(StrEnum):
    """Implementations of LiteRT's operators for the CPU."""

    BUILTIN = "builtin"
    XNNPACK = "xnnpack"


_LENT = 1.6
"""The factor of the band if another chip's rates stand in: a guess."""


@dataclass(frozen=True, slots=True)
class CpuRates:
    """The coefficients of a chip's CPU with some kernels, how certain they are, and why these kernels."""

    values: Values
    spread: Spread
    setting: Setting


def cpu_rates(chip: str, wanted: Kernels | None = None) -> CpuRates | None:
    """Return the rates of the CPU of `chip` with the kernels `wanted`, by default those that were measured there.

    None if nothing is known about the chip. Raises InputError if nothing is known about these kernels on its core.
    """
    own = load_coefficients(f"{chip}/cpu")
    if own is None:
        return None
    measured = Kernels(str(load_chip(chip).cpu_times["kernels"].value))
    if wanted is None or wanted is measured:
        origin = "option" if wanted else "those of the chip's public measurements, as far as their versions tell"
        return CpuRates(own.values, own.spread, Setting("kernels", measured.value, origin))
    lender = _lender(load_chip(chip), wanted)
    lent = load_coefficients(f"{lender.name}/cpu") if lender is not None else None
    if lender is None or lent is None:
        raise InputError(
            f"--kernels {wanted}: no time of these kernels on the CPU of {chip} is public. Use {measured}, or measure "
            "them and give the times to `npufit calibrate`."
        )
    slower = _clock_mhz(lender) / _clock_mhz(load_chip(chip))
    kept = {name: own.values[name] for name in (CACHE, CORES)}
    values = {name: value * (slower if is_time(name) else 1.0) for name, value in lent.values.items()}
    origin = f"a guess: rates of {lender.name}, which has the same core, scaled to the clock of {chip}"
    spread = replace(
        lent.spread, noise=log(_LENT), reach=1.0, coverage=None, rows=0, networks=0, median_error=None, origin=origin
    )
    return CpuRates({**values, **kept}, spread, Setting("kernels", wanted.value, "option"))


def _lender(chip: Chip, kernels: Kernels) -> Chip | None:
    """Return the chip with the same core whose measurements were made with `kernels`, or None."""
    if "clock" not in chip.cpu_times:
        return None
    for other in map(load_chip, filter(is_packaged, chip_names())):
        has_same_core = other.cpu[0].kind.value == chip.cpu[0].kind.value and "clock" in other.cpu_times
        if has_same_core and other.cpu_times["kernels"].value == kernels:
            return other
    return None


def _clock_mhz(chip: Chip) -> float:
    """Return the clock at which the CPU of `chip` was measured."""
    return float(chip.cpu_times["clock"].value)
