"""The stack `vela`: Arm's compiler for the Ethos-U, with NXP's ethosu delegate on the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.stacks.vela.compilation import Compilation
from npufit.stacks.vela.debug_database import DebugDatabase, Stretch, Write
from npufit.stacks.vela.labels import read_label, restore_names
from npufit.stacks.vela.precompiled import is_precompiled
from npufit.stacks.vela.stack import VelaStack

STACK = VelaStack()

if TYPE_CHECKING:
    from npufit.stacks.vela.compiler_choice import find_compiler
    from npufit.stacks.vela.compiling import Invocation, invocation_of
    from npufit.stacks.vela.environments import Environment, list_environments, remove_environment
    from npufit.stacks.vela.forking import BriefCompilation, compile_briefly
    from npufit.stacks.vela.installing import install, wish_for
    from npufit.stacks.vela.releases import BSPS, NEWEST, RELEASES, bsps_with, is_bsp, read_version, release_number
    from npufit.stacks.vela.runner import RefusedSettingsError

__all__ = [
    "BSPS",
    "NEWEST",
    "RELEASES",
    "STACK",
    "BriefCompilation",
    "Compilation",
    "DebugDatabase",
    "Environment",
    "Invocation",
    "RefusedSettingsError",
    "Stretch",
    "VelaStack",
    "Write",
    "bsps_with",
    "compile_briefly",
    "find_compiler",
    "install",
    "invocation_of",
    "is_bsp",
    "is_precompiled",
    "list_environments",
    "read_label",
    "read_version",
    "release_number",
    "remove_environment",
    "restore_names",
    "wish_for",
]

_HOMES = {
    "npufit.stacks.vela.compiling": ("Invocation", "invocation_of"),
    "npufit.stacks.vela.runner": ("RefusedSettingsError",),
    "npufit.stacks.vela.forking": (
        "BriefCompilation",
        "compile_briefly",
    ),
    "npufit.stacks.vela.compiler_choice": ("find_compiler",),
    "npufit.stacks.vela.environments": ("Environment", "list_environments", "remove_environment"),
    "npufit.stacks.vela.installing": ("install", "wish_for"),
    "npufit.stacks.vela.releases": (
        "BSPS",
        "NEWEST",
        "RELEASES",
        "bsps_with",
        "is_bsp",
        "read_version",
        "release_number",
    ),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
