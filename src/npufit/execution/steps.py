"""Executing a model step by step: a step is a call of the NPU, or a run of operators in the reference kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from npufit.errors import InputError
from npufit.execution.values import Array, Values
from npufit.graph import Model

Compute = Callable[[Values], dict[int, Array]]


class Step(Protocol):
    """Something that computes tensors from tensors, both by tensor index."""

    def run(self, values: Values) -> dict[int, Array]:
        """Return the tensors that leave this step; `values` has those of the steps before it."""
        ...

    def observe(self, values: Values) -> dict[int, Array]:
        """Return also the tensors that only this step reads, as far as it keeps them."""
        ...


def run_steps(model: Model, steps: Iterable[Compute], inputs: Values) -> dict[int, Array]:
    """Return the inputs and what `steps` return, their `run` or their `observe`.

    Raises InputError if a step lacks an input.
    """
    values = _Computed(model.name)
    values.update(inputs)
    for step in steps:
        values.update(step(values))
    return dict(values)


class _Computed(dict[int, Array]):
    """The tensors so far; a missing one is an error of the model, not of a step."""

    def __init__(self, model_name: str) -> None:
        super().__init__()
        self._model_name = model_name

    def __missing__(self, tensor: int) -> Array:
        raise InputError(
            f"{self._model_name}: tensor {tensor} is read before a step has written it. npufit cannot execute "
            "operators that share state through resources one after the other."
        )
