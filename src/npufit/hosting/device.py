"""From a target, as users write it, to the virtual device that a program or a library finds."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.errors import InputError
from npufit.ethosu import KernelVersion, parse_kernel
from npufit.vdevice import Device, DeviceOptions, Observer, chips_with_devices, virtual_device

_STACK = "teflon"


@dataclass(frozen=True, slots=True)
class TargetDevice:
    """The device of a chip, and the Linux release whose driver decides on streams."""

    chip: str
    device: Device
    kernel: KernelVersion | None


def device_for(target: str, observer: Observer, kernel: str | None) -> TargetDevice:
    """Return the virtual NPU of `target`: a chip, or a chip with Teflon such as imx93/teflon@25.3.

    Raises InputError for a wrong target or kernel, ToolError outside of Linux.
    """
    chip = _chip_of(target)
    release = None if kernel is None else parse_kernel(kernel)
    return TargetDevice(chip, virtual_device(chip, observer, DeviceOptions(release)), release)


def _chip_of(target: str) -> str:
    if "/" not in target:
        return target
    from npufit.stacks import resolve_target  # takes half as long as everything else together

    found = resolve_target(target)
    if found.stack != _STACK:
        raise InputError(
            f"{target}: only Mesa's drivers have a virtual device. Use CHIP/{_STACK} with one of the chips "
            f"{', '.join(chips_with_devices())}."
        )
    return found.chip
