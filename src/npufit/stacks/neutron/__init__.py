"""NXP eIQ Neutron: the closed converter for i.MX95, its files and its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.stacks.neutron.stack import NeutronStack
from npufit.stacks.stack import Stack

STACK: Stack = NeutronStack()

if TYPE_CHECKING:
    from npufit.stacks.neutron.brief_conversion import BriefConversion, convert_briefly
    from npufit.stacks.neutron.converted import is_converted
    from npufit.stacks.neutron.converter import convert_for, find_converter

__all__ = ["STACK", "BriefConversion", "convert_briefly", "convert_for", "find_converter", "is_converted"]

_HOMES = {
    "npufit.stacks.neutron.brief_conversion": ("BriefConversion", "convert_briefly"),
    "npufit.stacks.neutron.converted": ("is_converted",),
    "npufit.stacks.neutron.converter": ("convert_for", "find_converter"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
