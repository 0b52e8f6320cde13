"""The stack `vela`: Arm's compiler for the Ethos-U, with NXP's ethosu delegate on the board."""

from npufit.stacks.vela.compilation import Compilation
from npufit.stacks.vela.debug_database import DebugDatabase, Write
from npufit.stacks.vela.labels import read_label
from npufit.stacks.vela.linux_sram import describe_sram_use, largest_sram_use
from npufit.stacks.vela.precompiled import is_precompiled
from npufit.stacks.vela.stack import VelaStack, compile_model

STACK = VelaStack()

__all__ = [
    "STACK",
    "Compilation",
    "DebugDatabase",
    "VelaStack",
    "Write",
    "compile_model",
    "describe_sram_use",
    "is_precompiled",
    "largest_sram_use",
    "read_label",
]
