"""From the name of a chip to its virtual device: the chip's file has the values, a module has the driver's answers."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Mapping

from npufit.chips import Chip, Fact, chip_names, load_chip
from npufit.errors import InputError, ToolError
from npufit.formatting import shorten
from npufit.vdevice import drivers
from npufit.vdevice.device import Device, Observer
from npufit.vdevice.identity import Identity
from npufit.vdevice.options import DeviceOptions

_STACKS = ("teflon", "direct")
"""The stacks whose programs open a driver of Linux, which their table names; the first that a chip has counts."""


def virtual_device(chip: str, observer: Observer, options: DeviceOptions | None = None) -> Device:
    """Return the NPU of `chip` as its Linux driver shows it.

    Raises InputError if the chip is unknown or has no virtual device, and ToolError outside of Linux.
    """
    if sys.platform != "linux":
        raise ToolError("A virtual device needs Linux: its memory is a sealed memfd. Use a Linux machine or container.")
    described = load_chip(chip)
    driver = _driver(described)
    if driver not in _answered():
        why = f"the driver '{shorten(driver)}' is not answered here" if driver else "its file has no table [device]"
        raise InputError(
            f"{shorten(chip)} has no virtual device: {why}. Chips with one: {', '.join(chips_with_devices())}."
        )
    facts = {**_settings(described), **described.device}
    module = importlib.import_module(f"{drivers.__name__}.{driver}")
    return module.make_device(Identity(chip, facts), observer, options or DeviceOptions())


def chips_with_devices() -> tuple[str, ...]:
    """Return the names of the chips that have a virtual device, those of the user too. Raises InputError."""
    return tuple(name for name in chip_names() if _driver(load_chip(name)) in _answered())


def _driver(chip: Chip) -> str:
    """Return the name of the Linux driver of a chip with a `[device]`, empty if it has none."""
    setting = _settings(chip).get("driver")
    return str(setting.value) if setting is not None and chip.device else ""


def _settings(chip: Chip) -> Mapping[str, Fact]:
    """Return the settings of the first stack of a chip that names a driver, empty if none does."""
    named = [stack for stack in _STACKS if "driver" in chip.stack_settings(stack)]
    return chip.stack_settings(named[0] if named else _STACKS[0])


def _answered() -> frozenset[str]:
    """Return the names of the drivers that are answered here."""
    return frozenset(found.name for found in pkgutil.iter_modules(drivers.__path__))
