"""NXP eIQ Neutron: the closed converter for i.MX95, its files and its logs."""

from npufit.stacks.neutron.stack import NeutronStack
from npufit.stacks.stack import Stack

STACK: Stack = NeutronStack()

__all__ = ["STACK"]
