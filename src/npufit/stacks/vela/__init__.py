"""The stack `vela`: Arm's compiler for the Ethos-U, with NXP's ethosu delegate on the board."""

from npufit.stacks.vela.stack import VelaStack

STACK = VelaStack()

__all__ = ["STACK", "VelaStack"]
