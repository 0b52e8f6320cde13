"""NXP eIQ Neutron: the closed converter for i.MX95, its files and its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.stacks.neutron.stack import NeutronStack
from npufit.stacks.stack import Stack

STACK: Stack = NeutronStack()

if TYPE_CHECKING:
    from npufit.stacks.neutron.converted import is_converted
    from npufit.stacks.neutron.converter import convert_for

__all__ = ["STACK", "convert_for", "is_converted"]

_HOMES = {
    "npufit.stacks.neutron.converted": ("is_converted",),
    "npufit.stacks.neutron.converter": ("convert_for",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
