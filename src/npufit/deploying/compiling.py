"""What Vela makes of a model for Linux's own driver, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from npufit.chips import load_chip
from npufit.checking import CheckOptions, CheckResult, check
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Target
from npufit.stacks.vela import compile_model
from npufit.tflite import parse_model


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled file as a graph, the placement that it came from, and the SRAM that Linux gives the NPU."""

    model: Model
    placed: CheckResult
    accelerator: str
    vela: str
    settings: dict[str, str]
    sram_bytes: int


def compile_for(model: Model, target: Target, place: PlaceOptions) -> Compiled:
    """Return what Vela makes of `model` for `target`. Raises InputError and ToolError."""
    sram_bytes = int(load_chip(target.chip).stack_settings("teflon")["sram"].value) << 10
    given = dict(place.settings)
    given.setdefault("arena-cache-size", str(sram_bytes))
    place = replace(place, settings=tuple(given.items()))
    vela = Target(target.chip, "vela", "5.2")
    placed = check(model, vela, CheckOptions(place=place, predict=False))
    compilation = compile_model(model, vela, place)
    settings = {setting.name: setting.value for setting in placed.placement.settings}
    return Compiled(
        parse_model(compilation.compiled, f"{model.name} compiled by Vela"), placed, settings["accelerator"], "5.2", settings, sram_bytes
    )
