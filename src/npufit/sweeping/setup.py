"""What a network is placed on: a target with its settings, and the CPU's threads and kernels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from npufit.checking import ChosenTarget, TargetChoice, choose_target
from npufit.cost import EstimateOptions, Kernels
from npufit.errors import InputError
from npufit.stacks import PROBED, PlaceOptions, Target, compiling_stack, loads_libraries, require_library_target

if TYPE_CHECKING:
    from npufit.vdevice import Library


@dataclass(frozen=True, slots=True)
class Setup:
    """One target, what is set for its compiler, and threads and kernels of the CPU's share (None: the defaults)."""

    chosen: ChosenTarget
    settings: tuple[tuple[str, str], ...] = ()
    threads: int | None = None
    kernels: Kernels | None = None

    @property
    def target(self) -> Target:
        """The target."""
        return self.chosen.target

    @property
    def deciding_stack(self) -> str:
        """The name of the stack whose rules the reasons come from."""
        return self.target.stack if self.chosen.probed is None else PROBED

    @property
    def estimate_options(self) -> EstimateOptions | None:
        """The options of the estimate, with the coefficients of a board if the target is one's profile."""
        return self.chosen.options(EstimateOptions(threads=self.threads, kernels=self.kernels))

    def place_options(self, given: PlaceOptions) -> PlaceOptions:
        """Return `given` with the settings of this setup; only what Vela compiles gets a Vela, only Mesa a library."""
        vela = given.vela if compiling_stack(self.target) is not None else None
        library = given.library if loads_libraries(self.target) else None
        return replace(self.chosen.placing(given), settings=self.settings, vela=vela, library=library)

    def __str__(self) -> str:
        """Return the setup in words: `imx93/vela@5.2, arena-cache-size=98304, 1 thread`."""
        words = [str(self.target), *([self.chosen.profile] if self.chosen.profile else [])]
        words += [f"{name}={value}" for name, value in self.settings]
        if self.threads is not None:
            words.append(f"{self.threads} thread{'' if self.threads == 1 else 's'}")
        return ", ".join([*words, *([str(self.kernels)] if self.kernels is not None else [])])


def make_setups(
    targets: Iterable[TargetChoice],
    settings: Iterable[tuple[str, str]] = (),
    threads: Sequence[int] = (),
    kernels: Sequence[Kernels] = (),
    vela: str | None = None,
    library: Library | None = None,
) -> tuple[Setup, ...]:
    """Return every combination, each once, in the order given.

    A target may name several releases (`imx93/vela@3.8,3.12`), the value of a setting several values
    (`98304,196608`). Settings are Vela's: targets for which it does not compile are not multiplied by them. Raises
    InputError.
    """
    chosen = [choose_target(entry, vela, library) for target in targets for entry in _releases(target)]
    if not chosen:
        raise InputError("no target given. Name one with -t, such as -t imx93/teflon@26.1 (see `npufit targets`).")
    require_library_target((entry.target for entry in chosen), library)
    choices = {name: _values(name, value) for name, value in settings}
    if choices and all(compiling_stack(entry.target) is None for entry in chosen):
        raise InputError(f"--set {next(iter(choices))}: settings are Vela's, but no target is. Add -t imx93/vela.")
    setups: list[Setup] = []
    for entry in chosen:
        own = choices if compiling_stack(entry.target) is not None else {}
        for values in product(*own.values()):
            pairs = tuple(zip(own, values, strict=True))
            for count, kind in product(threads or (None,), kernels or (None,)):
                setup = Setup(entry, pairs, count, kind)
                if setup not in setups:
                    setups.append(setup)
    return tuple(setups)


def _releases(target: TargetChoice) -> list[TargetChoice]:
    """Return a target for each release that `target` names."""
    if not isinstance(target, str) or "," not in target or "@" not in target:
        return [target]
    name, _, releases = target.partition("@")
    return [f"{name}@{release.strip()}" for release in releases.split(",") if release.strip()]


def _values(name: str, text: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(value.strip() for value in text.split(",") if value.strip()))
    if not values:
        raise InputError(f"--set {name}: has no value. Write --set {name}=VALUE or --set {name}=VALUE,VALUE.")
    return values
