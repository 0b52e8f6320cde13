"""The provable part of a model: what LiteRT can execute, before and after the operators that it cannot.

The inputs of such an operator become outputs, so that a proof compares them; its outputs become inputs with made-up
values. Tensors keep their indices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from npufit.errors import InputError
from npufit.execution import LeftOut, Partial, Values, describe, made_up_values
from npufit.fitting.step import FitStep
from npufit.graph import NO_TENSOR, Model
from npufit.graph.arrays import dtype_of
from npufit.rewrite import Pass


@dataclass(frozen=True, slots=True)
class Provable:
    """A model that LiteRT executes, the operators left out, and the values that stand for their outputs."""

    model: Model
    left_out: tuple[LeftOut, ...] = ()
    made_up: Values | None = None


@dataclass(frozen=True, slots=True)
class ProvableStep:
    """A step of a fit between two models that can be executed."""

    before: Model
    after: Model
    pass_: Pass
    is_exact: bool


def provable_part(model: Model, time_limit_s: float, trial: Values | None = None) -> Provable:
    """Return the provable part of `model`; with `trial` inputs, operators that crash LiteRT are also found.

    Raises InputError or ToolError if LiteRT can execute nothing.
    """
    partial = Partial(model, lambda tensor: made_up_values(model, tensor), time_limit_s)
    if trial is not None:
        partial.run(trial)
    if partial.refusal is not None:
        raise partial.refusal
    if not partial.left_out:
        return Provable(model)
    main = model.main
    missing = {tensor for entry in partial.left_out for tensor in main.operators[entry.operator].outputs}
    entering = tuple(tensor for tensor in partial.model.main.inputs if tensor in missing)
    outputs = (
        *(tensor for tensor in main.outputs if tensor not in missing),
        *_read_by(model, partial.left_out, missing),
    )
    tensors = list(partial.model.main.tensors)
    for index in (*main.inputs, *outputs):
        tensors[index] = main.tensors[index]
    graph = replace(partial.model.main, tensors=tuple(tensors), inputs=(*main.inputs, *entering), outputs=outputs)
    reduced = replace(partial.model, name=model.name, subgraphs=(graph, *partial.model.subgraphs[1:]))
    return Provable(reduced, partial.left_out, {tensor: partial.fed[tensor] for tensor in entering})


def provable_steps(steps: Sequence[FitStep], original: Provable, time_limit_s: float) -> Iterator[ProvableStep]:
    """Yield `steps` between the provable parts of their models; `original` is that of the first.

    Raises InputError if a step changes something that cannot be executed.
    """
    before = original
    for step in steps:
        after = provable_part(step.after.model, time_limit_s) if original.left_out else Provable(step.after.model)
        if original.left_out and _form(before) != _form(after):
            raise InputError(
                f"{step.pass_.name} changes operators that cannot be executed: before, {describe(before.left_out)}; "
                f"after, {describe(after.left_out) or 'none'}."
            )
        yield ProvableStep(before.model, after.model, step.pass_, step.is_exact)
        before = after


def forth(steps: Sequence[ProvableStep], values: Values) -> Values:
    """Return inputs of the model before `steps` in the form that the model after them takes."""
    for step in steps:
        values = step.pass_.adapt_inputs(step.before, step.after, values)
    return values


def back(steps: Sequence[ProvableStep], outputs: Values) -> Values:
    """Return outputs of the model after `steps` in the form of the model before them."""
    for step in reversed(steps):
        outputs = step.pass_.adapt_outputs(step.before, step.after, outputs)
    return outputs


def _form(part: Provable) -> tuple[tuple[str, ...], int, int]:
    """Return the names of the operators left out, and the numbers of remaining inputs and outputs."""
    main = part.model.main
    return tuple(entry.name for entry in part.left_out), len(main.inputs), len(main.outputs)


def _read_by(model: Model, left_out: Sequence[LeftOut], missing: set[int]) -> Iterator[int]:
    """Yield the inputs of the operators left out, if they exist and are numeric."""
    main = model.main
    for entry in left_out:
        for index in main.operators[entry.operator].inputs:
            if index == NO_TENSOR or index in missing or main.tensors[index].is_variable:
                continue
            if dtype_of(main.tensors[index]) is not None:
                yield index
