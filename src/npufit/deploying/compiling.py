"""What Vela makes of a model for Linux's own driver, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from npufit.checking import CheckOptions, CheckResult, check
from npufit.chips import load_chip
from npufit.errors import InputError
from npufit.ethosu import read_programs
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Target, compiling_stack
from npufit.stacks.vela import is_precompiled
from npufit.tflite import parse_model

_UNKNOWN = "unknown"


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


def _accelerator(model: Model, target: Target) -> str:
    """Return the NPU that a compiled file is for. Raises InputError if it is not that of the target's chip."""
    own = str(load_chip(target.chip).stack_settings(target.stack)["accelerator"].value)
    for call in read_programs(model):
        if call.program.accelerator != own:
            raise InputError(
                f"{model.name} is compiled for {call.program.accelerator}, and {target.chip} has {own}. Give the model "
                "that it was compiled from; npufit deploy compiles it."
            )
    return own


def compile_for(model: Model, target: Target, place: PlaceOptions) -> Compiled:
    """Return what Vela makes of `model` for `target`, or has made of it already. Raises InputError and ToolError."""
    stack = compiling_stack(target)
    if stack is None:
        raise InputError(f"{target}: nothing is compiled for this target.")
    place = replace(place, explore=False)
    placed = check(model, target, CheckOptions(place=place, predict=False))
    if is_precompiled(model):
        return Compiled(model, placed, {"accelerator": _accelerator(model, target), "vela": _UNKNOWN})
    # The placement compiled the same: this comes from the cache, unless that is not to be used.
    compiled = stack.compile(model, target, place).compiled
    settings = {setting.name: setting.value for setting in placed.placement.settings}
    return Compiled(parse_model(compiled, f"{model.name} compiled by Vela"), placed, settings)
