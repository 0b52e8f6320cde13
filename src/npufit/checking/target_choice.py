"""What a user names as a target: a target, the profile of a board that refines one, or the rules of a converter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from npufit.formatting import printable
from npufit.stacks import PlaceOptions, Target, resolve_target

if TYPE_CHECKING:
    from npufit.cost import EstimateOptions
    from npufit.stacks.probed import ProbedRules
    from npufit.vdevice import Library

_FILE = ".toml"


@dataclass(frozen=True, slots=True)
class ChosenTarget:
    """A target, and what a file says of it.

    A board's profile gives coefficients, a rule file the limits of a converter. `profile` is the file's name and
    `file` the file as the user named it, both empty without one.
    """

    target: Target
    estimate_options: EstimateOptions | None = None
    profile: str = ""
    probed: ProbedRules | None = None
    file: str = ""

    def options(self, wanted: EstimateOptions | None) -> EstimateOptions | None:
        """Return `wanted` with the board's coefficients, unless it sets more than threads and kernels itself."""
        own = self.estimate_options
        if own is None or wanted is None:
            return own or wanted
        return replace(own, threads=wanted.threads, kernels=wanted.kernels)

    def placing(self, wanted: PlaceOptions) -> PlaceOptions:
        """Return `wanted` with the limits of the rule file, if the target is one."""
        return wanted if self.probed is None else replace(wanted, probed=self.probed)


TargetChoice: TypeAlias = "str | Path | Target | ChosenTarget | ProbedRules"
"""What every verb accepts as a target: `CHIP/STACK[@VERSION]`, a file (`.toml`), or the rules of a probe."""


def choose_target(choice: TargetChoice, executable: str | None = None, library: Library | None = None) -> ChosenTarget:
    """Return the target that `choice` names. Raises InputError.

    Without a version, a stack takes that of `executable` if it can be its compiler, or of `library` if it can be it.
    """
    if isinstance(choice, ChosenTarget):
        return choice
    if isinstance(choice, Target):
        return ChosenTarget(choice)
    if not isinstance(choice, str | Path):
        return _by_rules(choice)
    if not str(choice).endswith(_FILE):
        return ChosenTarget(resolve_target(str(choice), executable, library))
    from npufit.stacks.probed import is_rule_file, read_rules

    if is_rule_file(Path(choice)):
        return _by_rules(read_rules(Path(choice)), str(choice))
    from npufit.cost import read_profile

    profile = read_profile(Path(choice))
    return ChosenTarget(profile.resolve(), profile.estimate_options(), printable(profile.name), file=str(choice))


def _by_rules(known: ProbedRules, file: str = "") -> ChosenTarget:
    from npufit.stacks.probed import probed_target

    target = resolve_target(known.target) if known.target else probed_target(known)
    return ChosenTarget(target, profile=known.name, probed=known, file=file)
