"""How far a model behind an approximate pass lies from the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from npufit.execution import Reference, Values
from npufit.execution.differences import OutputDifference, differences
from npufit.graph import Model
from npufit.rewrite import Pass
from rewrite.rewriting import edge_inputs


def measure(
    pass_: Pass, before: Model, after: Model, inputs: Iterable[Values] | None = None
) -> tuple[OutputDifference, ...]:
    """Return how each output differs, on random and extreme inputs where none are given."""
    first, second = Reference(before), Reference(after)
    old: list[Values] = []
    new: list[Values] = []
    for values in edge_inputs(before) if inputs is None else inputs:
        old.append({**values, **first.run(values)})
        adapted = pass_.adapt_inputs(before, after, values)
        new.append(pass_.adapt_outputs(before, after, {**adapted, **second.run(adapted)}))
    return differences(before, old, new)


def largest_steps(pass_: Pass, before: Model, after: Model) -> float:
    """Return by how many steps the outputs lie apart at most, on random and extreme inputs."""
    return max(found.largest_steps or 0.0 for found in measure(pass_, before, after))


def with_outputs(model: Model, outputs: Sequence[int]) -> Model:
    """Return `model` with other tensors as its outputs."""
    return replace(model, subgraphs=(replace(model.main, outputs=tuple(outputs)),), signatures=())
