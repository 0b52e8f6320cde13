"""One operator and its substitute, tried alone: does the target accept it, and what is the error?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.errors import InputError, InternalError
from npufit.execution import Reference, Values, differences, random_inputs
from npufit.graph import Model, cut_out
from npufit.rewrite.context import Context
from npufit.rewrite.surgery import Editor
from npufit.stacks import Unit

Builder = Callable[[Editor, int], str]
"""Rewrites the operator at an index and returns a description, empty if it cannot.

It looks only at the operator and its tensors, and the results stay in their tensors.
"""

_FREE = frozenset({"RESHAPE"})
"""Operators that may stay on the CPU: they copy almost nothing."""

_INPUTS = 3


@dataclass(frozen=True, slots=True)
class Substitution:
    """What an operator becomes, and its largest and average difference in steps (or real units)."""

    build: Builder
    what: str
    largest: float
    mean: float

    @property
    def error(self) -> str:
        """The difference in words."""
        if not self.largest:
            return "alone it gives the same on random values"
        return f"alone it differs by up to {self.largest:.3g} steps, {self.mean:.2g} on average, on random values"


def find_substitution(model: Model, index: int, builders: tuple[Builder, ...], context: Context) -> Substitution | None:
    """Return the first of `builders` that can rewrite the operator at `index` so that the target accepts all of it.

    None if there is none; without a target, the first that can.
    """
    alone = Editor(cut_out(model, (index,), model.main.operators[index].outputs)).finish()
    for build in builders:
        editor = Editor(alone)
        what = build(editor, 0)
        if not what:
            continue
        written = editor.finish()
        if not _is_taken(written, context):
            continue
        try:
            largest, mean = _error(alone, written)
        except InputError:  # LiteRT runs the one or the other not at all: nothing could be proven
            continue
        return Substitution(build, what, largest, mean)
    return None


def _is_taken(written: Model, context: Context) -> bool:
    """Return whether the target, if any, runs every operator on the NPU, and none of them wrongly."""
    placement = context.place(written)
    if placement is None:
        return True
    if placement.hazards:
        return False
    kinds = [operator.type for operator in written.main.operators]
    return all(placed.unit is Unit.NPU or kinds[placed.id.index] in _FREE for placed in placement.operators)


def _error(alone: Model, written: Model) -> tuple[float, float]:
    """Return the largest and average difference of the results, in steps if they are quantized."""
    first, second = Reference(alone), Reference(written)
    before: list[Values] = []
    after: list[Values] = []
    for seed in range(_INPUTS):
        values = random_inputs(alone, seed)
        found = second.run(dict(zip(written.main.inputs, values.values(), strict=True)))
        before.append(first.run(values))
        after.append(dict(zip(alone.main.outputs, (found[new] for new in written.main.outputs), strict=True)))
    largest = mean = 0.0
    for found in differences(alone, before, after):
        scale = alone.main.tensors[found.tensor].quantization.scale or 1.0
        largest, mean = max(largest, found.largest / scale), max(mean, found.mean / scale)
    if largest == float("inf"):
        raise InternalError(f"A substitute for {alone.main.operators[0].type} has results of another shape.")
    return largest, mean
