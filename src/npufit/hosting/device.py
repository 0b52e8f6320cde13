"""From a target, as users write it, to the virtual device that a program or a library finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu import KernelVersion, parse_kernel
from npufit.vdevice import (
    Activity,
    CapturingObserver,
    Device,
    DeviceOptions,
    Observers,
    chips_with_devices,
    virtual_device,
)

_STACK = "teflon"


@dataclass(frozen=True, slots=True)
class TargetDevice:
    """The device of a chip, the Linux release whose driver decides on streams, and what writes a capture."""

    chip: str
    device: Device
    kernel: KernelVersion | None
    capture: CapturingObserver | None


def device_for(target: str, activity: Activity, kernel: str | None, capture_to: Path | None) -> TargetDevice:
    """Return the virtual NPU of `target`: a chip, or a chip with Teflon such as imx93/teflon@25.3.

    `capture_to` is a folder for what the first inference submits. Raises InputError for a wrong target, kernel or
    folder, ToolError outside of Linux.
    """
    chip = _chip_of(target)
    release = None if kernel is None else parse_kernel(kernel)
    capture = None if capture_to is None else _capturing(capture_to)
    observer = activity if capture is None else Observers((capture, activity))
    return TargetDevice(chip, virtual_device(chip, observer, DeviceOptions(release)), release, capture)


def _capturing(folder: Path) -> CapturingObserver:
    if next(folder.glob("submit*"), None) is not None:
        raise InputError(f"{folder}: there is a capture already. Give another folder, or remove it.")
    return CapturingObserver(folder)


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
