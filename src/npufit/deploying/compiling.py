"""What Vela makes of a model for Linux's own driver, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from npufit.checking import CheckOptions, CheckResult, check
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Target, compiling_stack
from npufit.tflite import parse_model


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled file as a graph, and the placement that it came from. `settings` are Vela's, by name."""

    model: Model
    placed: CheckResult
    settings: dict[str, str]

    @property
    def accelerator(self) -> str:
        """The NPU that the streams are for, as Vela calls it."""
        return self.settings["accelerator"]


def compile_for(model: Model, target: Target, place: PlaceOptions) -> Compiled:
    """Return what Vela makes of `model` for `target`. Raises InputError and ToolError."""
    stack = compiling_stack(target)
    if stack is None:
        raise InputError(f"{target}: nothing is compiled for this target.")
    place = replace(place, explore=False)
    placed = check(model, target, CheckOptions(place=place, predict=False))
    # The placement compiled the same: this comes from the cache, unless that is not to be used.
    compiled = stack.compile(model, target, place).compiled
    settings = {setting.name: setting.value for setting in placed.placement.settings}
    return Compiled(parse_model(compiled, f"{model.name} compiled by Vela"), placed, settings)
