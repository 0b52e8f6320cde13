"""One operator with its subgraph: what the rules of every delegate look at."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.formatting import shorten
from npufit.graph import NO_TENSOR, Operator, Subgraph, Tensor


@dataclass(frozen=True, slots=True)
class LocatedOperator:
    """An operator with its subgraph."""

    subgraph: Subgraph
    index: int
    operator: Operator

    @property
    def type(self) -> str:
        """The operator's type as the schema names it."""
        return self.operator.type

    def input(self, position: int) -> Tensor | None:
        """Return the input tensor at `position`, None if it is omitted."""
        index = self.operator.input(position)
        return None if index == NO_TENSOR else self.subgraph.tensors[index]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The input tensors that exist."""
        return tuple(self.subgraph.input_tensors(self.operator))

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The output tensors that exist."""
        return tuple(self.subgraph.output_tensors(self.operator))

    @property
    def output(self) -> Tensor | None:
        """The first output tensor."""
        return next(iter(self.subgraph.output_tensors(self.operator)), None)

    @property
    def words(self) -> str:
        """Its index and type in a printable form, for messages."""
        return f"operator {self.index} ({shorten(self.operator.name)})"

    @property
    def output_index(self) -> int:
        """The index of the first output tensor, NO_TENSOR if there is none."""
        return next((index for index in self.operator.outputs if index != NO_TENSOR), NO_TENSOR)
