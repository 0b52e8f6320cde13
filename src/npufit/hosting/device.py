"""From a target, as users write it, to the virtual device that a program or a library finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npufit.chips import chips_of
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

_BY_MESA = "teflon"
"""The stack whose user space opens a driver of Linux; its version is Mesa's."""
_BY_LINUX = "direct"
"""The stack whose programs open the driver themselves; its version is that of Linux."""


@dataclass(frozen=True, slots=True)
class TargetDevice:
    """The device of a chip, the Linux release whose driver decides on streams, and what writes a capture."""

    chip: str
    device: Device
    kernel: KernelVersion | None
    capture: CapturingObserver | None


def device_for(target: str, activity: Activity, kernel: str | None, capture_to: Path | None) -> TargetDevice:
    """Return the virtual NPU of `target`: a chip, or one with Teflon or direct, such as imx93/direct@7.2.6.

    A target of the stack direct names the Linux release that decides. `capture_to` is a folder for what the first
    inference submits. Raises InputError for a wrong target, kernel or folder, ToolError outside of Linux.
    """
    chip, own_kernel = _chip_of(target)
    if "@" in target and own_kernel is not None and kernel not in (None, own_kernel):
        raise InputError(f"{target} is Linux {own_kernel}, but --kernel {kernel} names another one. Omit one of them.")
    decides = kernel or own_kernel
    release = None if decides is None else parse_kernel(decides)
    capture = None if capture_to is None else _capturing(capture_to)
    observer = activity if capture is None else Observers((capture, activity))
    return TargetDevice(chip, virtual_device(chip, observer, DeviceOptions(release)), release, capture)


def _capturing(folder: Path) -> CapturingObserver:
    if next(folder.glob("submit*"), None) is not None:
        raise InputError(f"{folder}: there is a capture already. Give another folder, or remove it.")
    return CapturingObserver(folder)


def _chip_of(target: str) -> tuple[str, str | None]:
    """Return the chip that a target names, and its release of Linux if it names one."""
    if "/" not in target:
        return target, None
    from npufit.stacks import resolve_target  # takes half as long as everything else together

    found = resolve_target(target)
    if found.stack == _BY_LINUX:
        return found.chip, found.version
    if found.stack != _BY_MESA:
        direct = " or ".join(f"{chip}/{_BY_LINUX}" for chip in chips_of(_BY_LINUX))
        raise InputError(
            f"{target}: only Linux's own drivers have a virtual device. Use CHIP/{_BY_MESA} with one of the chips "
            f"{', '.join(chips_with_devices())}, or {direct}."
        )
    return found.chip, None
