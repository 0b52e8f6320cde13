"""The model as data: operators, subgraphs, signatures. It knows no file format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from npufit.graph.options import Options
from npufit.graph.tensor import Buffer, Tensor

CUSTOM = "CUSTOM"
"""The operator type of custom operators; `Operator.custom_code` identifies them."""

ETHOS_U = "ethos-u"
"""The custom code of the operator that stands for one call of an Arm Ethos-U, in a file that Vela compiled."""

NO_TENSOR = -1
"""The tensor index of an omitted optional input."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its type as the schema names it, and the indices of its tensors in its subgraph."""

    type: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options | None = None
    version: int = 1
    custom_code: str | None = None
    custom_options: bytes | None = None
    custom_options_external: bool = False
    intermediates: tuple[int, ...] = ()
    mutating_variable_inputs: tuple[bool, ...] = ()
    debug_metadata: int = -1

    @property
    def name(self) -> str:
        """The type; for a custom operator its custom code."""
        return self.custom_code or self.type if self.type == CUSTOM else self.type

    @property
    def is_npu_call(self) -> bool:
        """True for an operator that runs a command stream on an Arm Ethos-U; such calls may share what they write."""
        return self.name == ETHOS_U

    def input(self, position: int) -> int:
        """Return the tensor index of the input at `position`, or NO_TENSOR if it is omitted."""
        return self.inputs[position] if position < len(self.inputs) else NO_TENSOR


class OperatorId(NamedTuple):
    """Which operator of a model: the index of its subgraph, and its own index there."""

    subgraph: int
    index: int  # pyright: ignore[reportIncompatibleMethodOverride] - nobody searches an id as a sequence


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A graph of operators in execution order."""

    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]
    name: str | None = None
    debug_metadata: int = -1

    def input_tensors(self, operator: Operator) -> Iterator[Tensor]:
        """Yield the tensors that `operator` reads, without omitted ones."""
        return (self.tensors[index] for index in operator.inputs if index != NO_TENSOR)

    def output_tensors(self, operator: Operator) -> Iterator[Tensor]:
        """Yield the tensors that `operator` writes, without omitted ones."""
        return (self.tensors[index] for index in operator.outputs if index != NO_TENSOR)

    def operator_name(self, operator: Operator) -> str:
        """Return the name of the first output, by which people know an operator."""
        return next((tensor.name for tensor in self.output_tensors(operator)), "")


@dataclass(frozen=True, slots=True)
class Signature:
    """A named entry point: names for the inputs and outputs of a subgraph."""

    key: str
    subgraph: int
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """A named blob in the file."""

    name: str
    buffer: Buffer


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file appended to the model, such as the labels of its classes. Interpreters do not see it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Model:
    """A whole model. `name` is its name in messages and is not part of the file."""

    name: str
    subgraphs: tuple[Subgraph, ...]
    description: str | None = None
    version: int = 3
    metadata: tuple[Metadata, ...] = ()
    metadata_buffers: tuple[Buffer, ...] = ()
    signatures: tuple[Signature, ...] = ()
    external_groups: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def main(self) -> Subgraph:
        """The subgraph of an inference."""
        return self.subgraphs[0]

    def operator(self, operator: OperatorId) -> Operator:
        """Return the operator that `operator` names."""
        return self.subgraphs[operator.subgraph].operators[operator.index]

    def operators(self) -> Iterator[tuple[OperatorId, Operator]]:
        """Yield every operator with its id, in the order of subgraphs and operators."""
        for number, subgraph in enumerate(self.subgraphs):
            for index, operator in enumerate(subgraph.operators):
                yield OperatorId(number, index), operator
