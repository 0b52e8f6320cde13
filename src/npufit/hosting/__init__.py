"""vnpu: run any program on a virtual NPU, and say what it did there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.hosting.in_this_process import virtual_npu
    from npufit.hosting.program import HostOptions, HostResult, host

__all__ = ["HostOptions", "HostResult", "host", "virtual_npu"]

_HOMES = {
    "npufit.hosting.program": ("HostOptions", "HostResult", "host"),
    "npufit.hosting.in_this_process": ("virtual_npu",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
