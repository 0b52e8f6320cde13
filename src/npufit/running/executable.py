"""Whether a real library can answer for a target here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit.chips import load_chip
from npufit.errors import InputError
from npufit.stacks import Target

if TYPE_CHECKING:
    from npufit.vdevice import Library, LibraryFile

_EXECUTED = "ethosu"
"""The driver whose virtual device executes what is submitted."""


def require_execution(target: Target, library: Library) -> LibraryFile:
    """Return what the file of `library` says.

    Raises InputError if what it submits for `target` cannot be executed, or if the file is no libteflon.
    """
    if target.stack != "teflon":
        raise InputError(f"{target}: --library is for targets of the stack teflon, such as imx93/teflon.")
    driver = load_chip(target.chip).stack_settings("teflon")["driver"].value
    if driver != _EXECUTED:
        raise InputError(
            f"{target}: npufit executes what Mesa's driver {_EXECUTED} submits, not {driver}, so there is no answer to "
            f"look at. Where the library places operators, and whether it crashes: npufit check MODEL -t {target} "
            "--library FILE."
        )
    from npufit.vdevice import inspect_library

    return inspect_library(library)
