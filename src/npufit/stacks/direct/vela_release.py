"""The Vela that compiles for Linux: any release, since nothing on the board depends on it."""

from __future__ import annotations

from npufit.chips import load_chip
from npufit.errors import InputError
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target
from npufit.stacks.vela.compiler_choice import executable_compiler
from npufit.stacks.vela.compiling import Invocation, invocation_of
from npufit.stacks.vela.releases import NEWEST, find_release, is_bsp, known_versions, read_version
from npufit.stacks.vela.settings import SETTINGS

RELEASE = "vela"
"""The setting that names the release."""


def release_of(options: PlaceOptions) -> str:
    """Return the release of Vela that `options` ask for, the bundled one if they ask for none.

    Raises InputError if there is no such release, or if it is not the one behind `options.vela`, ToolError if that
    does not run.
    """
    text = dict(options.settings).get(RELEASE)
    if text is None:
        return NEWEST if options.vela is None else executable_compiler(options.vela).number
    release = read_version(text)
    if release is None or not (is_bsp(release) or find_release(release) is not None):
        raise InputError(f"--set {RELEASE}={text}: there is no such release. Known: {', '.join(known_versions())}.")
    return release


def invocation_for(target: Target, options: PlaceOptions) -> Invocation:
    """Return how Vela compiles for `target`. Raises InputError and ToolError."""
    settings = tuple((name, value) for name, value in options.settings if name != RELEASE)
    _require_names(settings)
    invocation = invocation_of(target.chip, target.stack, release_of(options), options, settings)
    fact = load_chip(target.chip).stack_settings(target.stack)["accelerator"]
    if invocation.settings.accelerator != fact.value:
        raise InputError(
            f"--set accelerator={invocation.settings.accelerator}: Linux's driver runs streams for the {fact.value} of "
            f"{target.chip} only. Omit the setting."
        )
    return invocation


def _require_names(settings: tuple[tuple[str, str], ...]) -> None:
    known = (RELEASE, *SETTINGS)
    for name, _ in settings:
        if name not in known:
            raise InputError(f"Unknown setting '{name}' for direct. Available: {', '.join(known)}.")
