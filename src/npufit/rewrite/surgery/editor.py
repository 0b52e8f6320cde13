"""Changing a subgraph: operators and tensors are added and removed by index, and the result is sorted at the end."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from npufit.errors import InternalError
from npufit.graph import (
    NO_TENSOR,
    NOT_QUANTIZED,
    Buffer,
    ElementType,
    Model,
    Operator,
    Quantization,
    Signature,
    Tensor,
    needed_operators,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Editor:
    """The operators and tensors of one subgraph while a pass works on them.

    Indices stay valid until `finish`: a removal leaves a gap, additions go to the end. The model itself is never
    changed. `operators` is for reading: `add`, `replace`, `remove` and `redirect` keep track of the writer and the
    readers of each tensor.
    """

    def __init__(self, model: Model, subgraph: int = 0) -> None:
        """Open `subgraph` of `model`."""
        self._model = model
        self._number = subgraph
        graph = model.subgraphs[subgraph]
        self._graph = graph
        self.tensors: list[Tensor] = list(graph.tensors)
        self.operators: list[Operator | None] = list(graph.operators)
        self.inputs: list[int] = list(graph.inputs)
        self.outputs: list[int] = list(graph.outputs)
        self._names = {tensor.name for tensor in graph.tensors}
        self._places: list[float] = [float(index) for index in range(len(graph.operators))]
        self._writer: dict[int, int] = {}
        self._readers: dict[int, dict[int, None]] = {}
        for index, operator in enumerate(graph.operators):
            self._enter(index, operator)

    def operator(self, index: int) -> Operator:
        """Return the operator at `index`, which was not removed."""
        found = self.operators[index]
        if found is None:
            raise InternalError(f"Operator {index} was already removed by this pass.")
        return found

    def tensor(self, index: int) -> Tensor:
        """Return the tensor at `index`."""
        return self.tensors[index]

    def add_tensor(self, tensor: Tensor) -> int:
        """Add `tensor` and return its index; a duplicate name gets a number."""
        name, count = tensor.name, 1
        while name in self._names:
            count += 1
            name = f"{tensor.name}_{count}"
        self._names.add(name)
        self.tensors.append(tensor if name == tensor.name else replace(tensor, name=name))
        return len(self.tensors) - 1

    def add_like(self, index: int, suffix: str, *, shape: tuple[int, ...] | None = None) -> int:
        """Add an activation like the tensor at `index`, with `shape` if it differs, and return its index."""
        like = self.tensors[index]
        size = like.shape if shape is None else shape
        name = f"{like.name}/{suffix}"
        return self.add_tensor(Tensor(name, size, like.element, like.quantization, has_rank=like.has_rank))

    def add_constant(
        self, name: str, values: npt.NDArray[np.generic] | Any, quantization: Quantization = NOT_QUANTIZED
    ) -> int:
        """Add a constant that holds the NumPy array `values` and return its index."""
        element = ElementType(values.dtype.name)
        shape = tuple(int(size) for size in values.shape)
        return self.add_tensor(Tensor(name, shape, element, quantization, Buffer(values.tobytes())))

    def set_tensor(self, index: int, tensor: Tensor) -> None:
        """Replace the tensor at `index` by `tensor`."""
        self.tensors[index] = tensor

    def add(self, operator: Operator, near: int) -> int:
        """Add `operator` and return its index; `finish` places it after its inputs, close to the operator at `near`."""
        self.operators.append(operator)
        self._places.append(self._places[near])
        self._enter(len(self.operators) - 1, operator)
        return len(self.operators) - 1

    def replace(self, index: int, operator: Operator) -> None:
        """Replace the operator at `index` by `operator`."""
        self._leave(index)
        self.operators[index] = operator
        self._enter(index, operator)

    def remove(self, *indices: int) -> None:
        """Remove operators."""
        for index in indices:
            self._leave(index)
            self.operators[index] = None

    def redirect(self, old: int, new: int, readers: Iterable[int] | None = None) -> None:
        """Let `readers` of tensor `old` (None: all of them and the subgraph's outputs) read `new` instead."""
        for index in self.consumers(old) if readers is None else readers:
            operator = self.operators[index]
            if operator is not None and old in operator.inputs:
                taken = tuple(new if tensor == old else tensor for tensor in operator.inputs)
                self.replace(index, replace(operator, inputs=taken))
        if readers is None:
            self.outputs = [new if tensor == old else tensor for tensor in self.outputs]

    def bypass(self, index: int, source: int) -> bool:
        """Let the readers of the output of the operator at `index` read `source`, and remove the operator.

        If the result is an output of the subgraph, the writer of `source` writes it instead. Return whether that was
        possible.
        """
        result = self.operator(index).outputs[0]
        if result not in self.outputs:
            self.redirect(result, source)
            self.remove(index)
            return True
        producer = self.producer(source)
        if producer is None or source in self.outputs or source in self.inputs:
            return False
        self.remove(index)
        self.redirect(source, result)
        operator = self.operator(producer)
        outputs = tuple(result if tensor == source else tensor for tensor in operator.outputs)
        self.replace(producer, replace(operator, outputs=outputs))
        return True

    def producer(self, tensor: int) -> int | None:
        """Return the operator that writes `tensor`, None for inputs and constants."""
        return self._writer.get(tensor)

    def consumers(self, tensor: int) -> tuple[int, ...]:
        """Return the operators that read `tensor`, each once, in the order of their indices."""
        return tuple(sorted(self._readers.get(tensor, ())))

    def _enter(self, index: int, operator: Operator) -> None:
        for tensor in operator.outputs:
            if tensor != NO_TENSOR:
                self._writer[tensor] = index
        for tensor in operator.inputs:
            if tensor != NO_TENSOR:
                self._readers.setdefault(tensor, {})[index] = None

    def _leave(self, index: int) -> None:
        operator = self.operators[index]
        if operator is None:
            return
        for tensor in operator.outputs:
            if self._writer.get(tensor) == index:
                del self._writer[tensor]
        for tensor in operator.inputs:
            self._readers.get(tensor, {}).pop(index, None)

    def finish(self) -> Model:
        """Return the model with this subgraph in its new form.

        Operators are ordered so that each finds its inputs, as close to the old order as possible; those whose results
        reach no output are dropped, and so are tensors that nothing uses. Signatures follow their tensors.
        """
        order = sorted(range(len(self.operators)), key=lambda index: (self._places[index], index))
        present = [operator for index in order if (operator := self.operators[index]) is not None]
        needed = needed_operators(present, self.outputs)
        operators = _in_order([operator for index, operator in enumerate(present) if index in needed])
        used = dict.fromkeys(self.inputs)
        for operator in operators:
            used |= dict.fromkeys(tensor for tensor in _named(operator) if tensor != NO_TENSOR)
        used |= dict.fromkeys(self.outputs)
        kept = sorted(used)
        number = {old: new for new, old in enumerate(kept)} | {NO_TENSOR: NO_TENSOR}
        graph = replace(
            self._graph,
            tensors=tuple(self.tensors[index] for index in kept),
            inputs=tuple(number[index] for index in self.inputs),
            outputs=tuple(number[index] for index in self.outputs),
            operators=tuple(_renumbered(operator, number) for operator in operators),
        )
        return replace(
            self._model,
            subgraphs=tuple(
                graph if index == self._number else other for index, other in enumerate(self._model.subgraphs)
            ),
            signatures=tuple(self._signature(signature, number) for signature in self._model.signatures),
        )

    def _signature(self, signature: Signature, number: dict[int, int]) -> Signature:
        """Return `signature` with the new indices of its tensors; inputs and outputs are followed by position."""
        if signature.subgraph != self._number:
            return signature
        return replace(
            signature,
            inputs=_followed(signature.inputs, self._graph.inputs, self.inputs, number),
            outputs=_followed(signature.outputs, self._graph.outputs, self.outputs, number),
        )


def _followed(
    entries: tuple[tuple[str, int], ...], before: Sequence[int], after: Sequence[int], number: dict[int, int]
) -> tuple[tuple[str, int], ...]:
    now = dict(zip(before, after, strict=False))
    moved = ((name, now.get(tensor, tensor)) for name, tensor in entries)
    return tuple((name, number[tensor]) for name, tensor in moved if tensor in number)


def _named(operator: Operator) -> tuple[int, ...]:
    return (*operator.inputs, *operator.outputs, *operator.intermediates)


def _in_order(operators: Sequence[Operator]) -> list[Operator]:
    """Return `operators` ordered so that each comes after the writers of its inputs, the earliest first."""
    writers = {tensor: index for index, operator in enumerate(operators) for tensor in operator.outputs}
    waits = [
        {writers[tensor] for tensor in operator.inputs if tensor in writers and tensor not in operator.outputs}
        for operator in operators
    ]
    readers: dict[int, list[int]] = {}
    for index, needed in enumerate(waits):
        for other in needed:
            readers.setdefault(other, []).append(index)
    ready = [index for index, needed in enumerate(waits) if not needed]
    heapq.heapify(ready)
    ordered: list[Operator] = []
    while ready:
        index = heapq.heappop(ready)
        ordered.append(operators[index])
        for reader in readers.get(index, ()):
            waits[reader].discard(index)
            if not waits[reader]:
                heapq.heappush(ready, reader)
    if len(ordered) != len(operators):
        raise InternalError("A pass made a graph with a cycle.")
    return ordered


def _renumbered(operator: Operator, number: dict[int, int]) -> Operator:
    return replace(
        operator,
        inputs=tuple(number[tensor] for tensor in operator.inputs),
        outputs=tuple(number[tensor] for tensor in operator.outputs),
        intermediates=tuple(number[tensor] for tensor in operator.intermediates),
    )
