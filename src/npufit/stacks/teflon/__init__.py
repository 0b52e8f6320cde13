"""Mesa's TensorFlow Lite delegate Teflon with its drivers: ethosu, etnaviv, rocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.stacks.teflon.stack import TeflonStack

STACK = TeflonStack()

if TYPE_CHECKING:
    from npufit.stacks.teflon.deciding import LibraryDecision, decide_by_library
    from npufit.stacks.teflon.node import clamp_is_implied
    from npufit.stacks.teflon.rounding import is_rounding_note

__all__ = [
    "STACK",
    "LibraryDecision",
    "TeflonStack",
    "clamp_is_implied",
    "decide_by_library",
    "is_rounding_note",
]

_HOMES = {
    "npufit.stacks.teflon.deciding": (
        "LibraryDecision",
        "decide_by_library",
    ),
    "npufit.stacks.teflon.node": ("clamp_is_implied",),
    "npufit.stacks.teflon.rounding": ("is_rounding_note",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
