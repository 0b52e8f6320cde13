"""What the reference kernels compute of the source model: the right answers for the proof and for the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.errors import InputError, ToolError
from npufit.execution import Array, LeftOut, Partial, Values, variables_of
from npufit.fitting.proof import ProofInput
from npufit.graph import Model
from npufit.graph.arrays import stored_values
from npufit.litert import TIME_LIMIT_S, LitertFailureError


@dataclass(frozen=True, slots=True)
class GoldenRun:
    """One inference of the source model; `values` by its tensors, as far as the reference kernels can compute them.

    With `continues` it starts from the state that the run before it left, otherwise from the initial one.
    """

    name: str
    values: Values
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Golden:
    """The inferences in order, and the operators that the reference kernels cannot execute."""

    runs: tuple[GoldenRun, ...] = ()
    is_of_source: bool = True
    """False for a file that is already compiled: then the runs have inputs alone."""
    left_out: tuple[LeftOut, ...] = ()

    def shape_of(self, tensor: int) -> tuple[int, ...] | None:
        """Return the shape that a tensor really has, None if that is unknown or if it depends on the input."""
        shapes = {run.values[tensor].shape for run in self.runs if tensor in run.values}
        return shapes.pop() if len(shapes) == 1 else None


def unknown_runs(inputs: Sequence[ProofInput]) -> Golden:
    """Return the inferences of a file that Vela compiled already: nobody knows what they must give."""
    return Golden(tuple(GoldenRun(entry.name, entry.values) for entry in inputs), is_of_source=False)


def golden_runs(
    source: Model, wanted: Sequence[int], inputs: Sequence[ProofInput], time_limit_s: float = TIME_LIMIT_S
) -> Golden:
    """Return what the reference kernels compute of the tensors `wanted` for each input.

    A model that keeps state runs twice for each input: from the initial state, and from what that run left. Raises
    InputError or ToolError if nothing can be computed.
    """
    try:
        reference = Partial(source, lambda _: None, time_limit_s)
        runs = tuple(run for entry in inputs for run in _runs(source, reference, wanted, entry))
    except LitertFailureError as error:
        raise ToolError(f"nothing can be compared: {error}") from None
    except InputError as error:
        raise InputError(f"nothing can be compared: {error}") from None
    return Golden(runs, left_out=reference.left_out)


def _runs(source: Model, reference: Partial, wanted: Sequence[int], entry: ProofInput) -> tuple[GoldenRun, ...]:
    variables = variables_of(source)
    known: dict[int, Array] = {**_stored(source, wanted), **entry.values}
    first = reference.run(entry.values, (*wanted, *variables))
    if reference.refusal is not None:
        raise reference.refusal
    found = GoldenRun(entry.name, {**known, **first})
    if not variables:
        return (found,)
    state = {index: first[index] for index in variables if index in first}
    second = reference.run({**entry.values, **state}, (*wanted, *variables))
    return found, GoldenRun(f"{entry.name}, once more", {**known, **second}, continues=True)


def _stored(source: Model, wanted: Sequence[int]) -> dict[int, Array]:
    found = ((index, stored_values(source.main.tensors[index])) for index in wanted)
    return {index: values for index, values in found if values is not None}
