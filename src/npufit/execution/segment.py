"""A run of operators cut out of a model, executed in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from npufit.execution.cutting_out import cut_segment
from npufit.execution.inputs import made_up_values
from npufit.execution.partial import LeftOut, Partial
from npufit.execution.values import Array, Values
from npufit.graph import Model, boundary
from npufit.litert import TIME_LIMIT_S


class Segment:
    """Operators that the reference kernels execute; tensors keep their indices in the whole model.

    `inputs` are the tensors that it reads, `leaving` those that other operators read or that the model returns.

    Outputs of operators that LiteRT cannot execute are made up, identically in every model that has the tensor.
    """

    def __init__(self, model: Model, operators: Sequence[int], time_limit_s: float = TIME_LIMIT_S) -> None:
        """Load the operators of the main subgraph with these indices. Raises InputError if LiteRT can run none."""
        self.operators = tuple(operators)
        cut = cut_segment(model, operators)
        self.inputs = cut.main.inputs
        self.leaving = boundary(model.main, operators).outputs
        self._partial = Partial(cut, lambda tensor: made_up_values(model, tensor), time_limit_s)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators of the whole model that are not executed."""
        return tuple(replace(entry, operator=self.operators[entry.operator]) for entry in self._partial.left_out)

    def run(self, values: Values) -> dict[int, Array]:
        """Return the tensors that leave the segment; `values` has at least the inputs."""
        return self._compute(values, self.leaving)

    def observe(self, values: Values) -> dict[int, Array]:
        """Return the outputs of all operators; `values` has at least their inputs."""
        return self._compute(values, None)

    def _compute(self, values: Values, wanted: Iterable[int] | None) -> dict[int, Array]:
        given = {index: values[index] for index in self.inputs}
        computed = self._partial.run(given, wanted, refusals_too=True)
        return {**self._partial.fed, **computed}
