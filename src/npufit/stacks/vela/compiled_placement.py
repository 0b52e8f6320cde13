"""The placement of a model that Vela compiled, with everything else that Vela tells: hazards, memory, its estimate."""

from __future__ import annotations

from dataclasses import replace

from npufit.graph import Model
from npufit.stacks.placement import Hazard, MemoryUse, Placement
from npufit.stacks.target import Target
from npufit.stacks.vela.compilation import Compilation
from npufit.stacks.vela.compiler_choice import compiler_setting
from npufit.stacks.vela.compiling import Invocation
from npufit.stacks.vela.hazards import find_hazards
from npufit.stacks.vela.other_releases import count_note, fork_note
from npufit.stacks.vela.placing import place_operators


def place_compilation(model: Model, target: Target, compilation: Compilation, invocation: Invocation) -> Placement:
    """Return where every operator of `model` runs on `target`, read from its `compilation`."""
    compiler, settings = invocation.compiler, invocation.settings
    placed = place_operators(model, target, compilation, compiler.version)
    # As everywhere: the Nth stream belongs to the Nth call if there are as many of both.
    is_tied = compilation.database.stream_count == len(placed.partitions)
    return replace(
        placed,
        hazards=_hazards(model, compilation, placed, invocation),
        settings=(*settings.shown, compiler_setting(compiler)),
        notes=(*fork_note(compiler), *count_note(compiler, compilation, placed.operators), *placed.notes),
        memory=tuple(
            MemoryUse(need.memory, need.used_bytes, need.limit_bytes, f"Vela {compiler.version}: summary")
            for need in compilation.memory
        ),
        compiler_estimate=compilation.estimate if is_tied else None,
    )


def _hazards(model: Model, compilation: Compilation, placed: Placement, invocation: Invocation) -> tuple[Hazard, ...]:
    """Return the hazards of the compiled model; all known ones are faults of Vela 5's compiler."""
    if not invocation.compiler.is_regor:
        return ()
    return tuple(find_hazards(model, compilation, placed.operators, invocation.settings.accelerator))
