"""One operator in its model, as the rules see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npufit.formatting import shorten
from npufit.graph import Operator, Subgraph, Tensor, Wiring
from npufit.stacks.neutron.versions import Release


@dataclass(frozen=True, slots=True)
class NeutronOperator:
    """An operator with its surroundings; `box_decoders` are the SOFTMAX operators that decode boxes in its graph."""

    subgraph: Subgraph
    wiring: Wiring
    index: int
    release: Release
    box_decoders: tuple[int, ...]

    @property
    def operator(self) -> Operator:
        """The operator itself."""
        return self.subgraph.operators[self.index]

    def activations(self) -> Iterator[Tensor]:
        """Yield the tensors that change from one inference to the next: first the inputs, then the outputs."""
        yield from (tensor for tensor in self.subgraph.input_tensors(self.operator) if not tensor.is_constant)
        yield from self.subgraph.output_tensors(self.operator)

    def readers(self) -> Iterator[Operator]:
        """Yield the operators that read this one's outputs."""
        for tensor in self.operator.outputs:
            if tensor >= 0:
                yield from (self.subgraph.operators[reader] for reader in self.wiring.consumers[tensor])

    def describe(self) -> str:
        """Return type and shape of the operator, such as `CONV_2D to [1, 112, 112, 32] int8`."""
        output = next(self.subgraph.output_tensors(self.operator), None)
        name = shorten(self.operator.name)
        return name if output is None else f"{name} to {describe_tensor(output)}"


def describe_tensor(tensor: Tensor) -> str:
    """Return shape and element type of `tensor` in words."""
    shape = "[?]" if tensor.shape is None else str(list(tensor.shape))
    return f"{shape} {tensor.element}"
