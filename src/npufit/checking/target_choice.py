"""What a user names as a target: a target, or the profile of a board that refines one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from npufit.formatting import printable
from npufit.stacks import Target, resolve_target

if TYPE_CHECKING:
    from npufit.cost import EstimateOptions
    from npufit.vdevice import Library

_PROFILE = ".toml"


@dataclass(frozen=True, slots=True)
class ChosenTarget:
    """A target, and the coefficients of a board with the name of their profile; None and empty without a profile."""

    target: Target
    estimate_options: EstimateOptions | None = None
    profile: str = ""

    def options(self, wanted: EstimateOptions | None) -> EstimateOptions | None:
        """Return `wanted` with the board's coefficients, unless it sets more than threads and kernels itself."""
        own = self.estimate_options
        if own is None or wanted is None:
            return own or wanted
        return replace(own, threads=wanted.threads, kernels=wanted.kernels)


TargetChoice = str | Path | Target | ChosenTarget
"""What every verb accepts as a target: `CHIP/STACK[@VERSION]`, or the profile of a board, which ends in `.toml`."""


def choose_target(choice: TargetChoice, executable: str | None = None, library: Library | None = None) -> ChosenTarget:
    """Return the target that `choice` names. Raises InputError.

    Without a version, a stack takes that of `executable` if it can be its compiler, or of `library` if it can be it.
    """
    if isinstance(choice, ChosenTarget):
        return choice
    if isinstance(choice, Target):
        return ChosenTarget(choice)
    if not str(choice).endswith(_PROFILE):
        return ChosenTarget(resolve_target(str(choice), executable, library))
    from npufit.cost import read_profile

    profile = read_profile(Path(choice))
    return ChosenTarget(profile.resolve(), profile.estimate_options(), printable(profile.name))
