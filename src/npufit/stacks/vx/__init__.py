"""VeriSilicon's VX delegate on i.MX8M Plus: listed, so that nobody takes its absence for an answer."""

from npufit.stacks.stack import Stack
from npufit.stacks.vx.stack import VxStack

STACK: Stack = VxStack()

__all__ = ["STACK"]
