"""A model executed step by step: a step is a call of the NPU, or a run of operators in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from npufit.errors import InputError
from npufit.execute.values import Array, Values
from npufit.graph import Model


class Step(Protocol):
    """Something that computes tensors from tensors; both are given by tensor index."""

    def run(self, values: Values) -> dict[int, Array]:
        """Return the tensors that this step writes; `values` has those of the steps before it."""
        ...


def run_steps(model: Model, steps: Iterable[Step], inputs: Values) -> dict[int, Array]:
    """Return the inputs and all tensors that `steps` write. Raises InputError where a step lacks what it reads."""
    values: dict[int, Array] = dict(inputs)
    for step in steps:
        try:
            values |= step.run(values)
        except KeyError as error:
            raise InputError(
                f"{model.name}: tensor {error} is read before a step has written it. Operators that share state over "
                "resources cannot be executed one after the other."
            ) from None
    return values
