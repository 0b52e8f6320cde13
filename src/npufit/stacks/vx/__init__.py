"""VeriSilicon's VX delegate on i.MX8M Plus, as NXP's BSPs ship it."""

from npufit.stacks.stack import Stack
from npufit.stacks.vx.releases import bsps_with_tflite
from npufit.stacks.vx.stack import VxStack

STACK: Stack = VxStack()

__all__ = ["STACK", "bsps_with_tflite"]
