"""One operator with its operands by role, as quantities are measured on it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from npufit.graph import NO_TENSOR, Kind, Operator, OperatorType, Role, Subgraph, Tensor, operator_type

_LETTERS = "nhwc"


@dataclass(frozen=True, slots=True)
class Sides:
    """The four sides of a feature map; lower ranks have leading ones, higher ones a larger batch."""

    batch: int
    h: int
    w: int
    c: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator of a graph: its feature maps, weights and constants.

    `ifm` is the first operand with data; of two that are added, multiplied or compared it is the larger one. All are
    None if the operator has none.
    """

    subgraph: Subgraph
    operator: Operator
    row: OperatorType
    inputs: tuple[Tensor | None, ...]
    data: tuple[Tensor, ...]
    activations: tuple[int, ...]
    """The data that it reads at run time and its results, each tensor of the subgraph once."""
    ifm: Tensor | None
    ofm: Tensor | None
    weights: Tensor | None

    @property
    def activation_bytes(self) -> tuple[int, ...]:
        """The size of each activation."""
        return tuple(self.subgraph.tensors[index].size_bytes for index in self.activations)

    @property
    def stored_weights_bytes(self) -> int:
        """The size of the weights if the file stores them, otherwise 0."""
        return self.weights.size_bytes if self.weights is not None and self.weights.is_constant else 0

    def with_role(self, *roles: Role) -> Tensor | None:
        """Return the first operand in one of `roles`, None if there is none."""
        places = self.row.positions(self.operator, *roles)
        return next((tensor for place in places if (tensor := self.inputs[place]) is not None), None)

    def sides(self, tensor: Tensor | None) -> Sides | None:
        """Return the sides of a feature map; FULLY_CONNECTED reads and writes rows, of which `batch` is the number."""
        if tensor is None or tensor.shape is None:
            return None
        if self.operator.type == "FULLY_CONNECTED":
            return Sides(prod(tensor.shape[:-1]), 1, 1, tensor.shape[-1] if tensor.shape else 1)
        padded = (1,) * (4 - len(tensor.shape)) + tensor.shape
        return Sides(prod(padded[:-3]), *padded[-3:])


def operation_of(subgraph: Subgraph, operator: Operator) -> Operation:
    """Return `operator` with its operands."""
    row = operator_type(operator)
    inputs = tuple(None if index == NO_TENSOR else subgraph.tensors[index] for index in operator.inputs)
    places = row.positions(operator, Role.DATA) if row.operands else range(len(inputs))
    data = tuple(tensor for place in places if (tensor := inputs[place]) is not None)
    read = [place for place in places if (tensor := inputs[place]) is not None and not tensor.is_constant]
    written = [index for index in operator.outputs if index != NO_TENSOR]
    weights = (inputs[place] for place in row.positions(operator, Role.WEIGHTS))
    return Operation(
        subgraph=subgraph,
        operator=operator,
        row=row,
        inputs=inputs,
        data=data,
        activations=tuple(dict.fromkeys([*(operator.inputs[place] for place in read), *written])),
        ifm=_feature_map(row, data),
        ofm=subgraph.tensors[written[0]] if written else None,
        weights=next((tensor for tensor in weights if tensor is not None), None),
    )


def axis_letter(axis: int, rank: int) -> str:
    """Return n, h, w or c for an axis of a tensor of `rank`; negative axes count from the last."""
    position = (axis + rank if axis < 0 else axis) + 4 - rank
    return _LETTERS[min(max(position, 0), 3)]


def axis_letters(axes: tuple[int, ...], rank: int) -> str:
    """Return the letters of `axes` in the order n, h, w, c, with commas."""
    found = {axis_letter(axis, rank) for axis in axes}
    return ",".join(letter for letter in _LETTERS if letter in found)


def _feature_map(row: OperatorType, data: tuple[Tensor, ...]) -> Tensor | None:
    if row.kind is Kind.ARITHMETIC:
        return max(data, key=lambda tensor: tensor.element_count, default=None)
    return data[0] if data else None
