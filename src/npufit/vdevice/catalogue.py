"""From the name of a chip to its virtual device: the chip's file has the values, a module has the driver's answers."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from npufit.chips import Chip, chip_names, load_chip
from npufit.errors import InputError, ToolError
from npufit.formatting import shorten
from npufit.vdevice import drivers
from npufit.vdevice.device import Device, Observer
from npufit.vdevice.identity import Identity
from npufit.vdevice.options import DeviceOptions

_STACK = "teflon"


def virtual_device(chip: str, observer: Observer, options: DeviceOptions | None = None) -> Device:
    """Return the NPU of `chip` as its Linux driver shows it.

    Raises InputError if the chip is unknown or has no virtual device, and ToolError outside of Linux.
    """
    if sys.platform != "linux":
        raise ToolError("A virtual device needs Linux: its memory is a sealed memfd. Use a Linux machine or container.")
    described = load_chip(chip)
    driver = _driver(described)
    if driver is None:
        raise InputError(
            f"{shorten(chip)} has no virtual device: its file has no table [device], or the driver is unknown. "
            f"Chips with one: {', '.join(chips_with_devices())}."
        )
    facts = {**described.stack_settings(_STACK), **described.device}
    module = importlib.import_module(f"{drivers.__name__}.{driver}")
    return module.make_device(Identity(chip, facts), observer, options or DeviceOptions())


def chips_with_devices() -> tuple[str, ...]:
    """Return the names of the chips that have a virtual device, those of the user too. Raises InputError."""
    return tuple(name for name in chip_names() if _driver(load_chip(name)) is not None)


def _driver(chip: Chip) -> str | None:
    """Return the driver of a chip with a `[device]`, None if there is none that is answered here."""
    setting = chip.stack_settings(_STACK).get("driver")
    if setting is None or not chip.device:
        return None
    return next((found.name for found in pkgutil.iter_modules(drivers.__path__) if found.name == setting.value), None)
