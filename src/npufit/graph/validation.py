"""The invariants of a model: what every other room may rely on after a file was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import NoReturn

from npufit.errors import ModelError, Place
from npufit.formatting import shorten
from npufit.graph.element import ElementType
from npufit.graph.model import NO_TENSOR, Model, Operator, Subgraph
from npufit.graph.options import OtherOptions
from npufit.graph.quantization import BlockwiseQuantization, MultiAxisQuantization
from npufit.graph.tensor import Tensor

MAX_RANK = 16
"""More dimensions than any TFLite kernel supports (8), with a margin."""

MAX_ELEMENTS = 1 << 40
"""More elements than any memory holds; a shape above this is an error."""

_DAMAGED = "The file is damaged or was written by a broken tool: write it again"
_CALLS = {
    "CallOptions": ("subgraph",),
    "CallOnceOptions": ("init_subgraph_index",),
    "IfOptions": ("then_subgraph_index", "else_subgraph_index"),
    "WhileOptions": ("cond_subgraph_index", "body_subgraph_index"),
    "StableHLOCompositeOptions": ("decomposition_subgraph_index",),
    "StablehloCaseOptions": ("branch_subgraph_indices",),
    "StablehloWhileOptions": ("cond_subgraph_index", "body_subgraph_index"),
}
"""The options that name the subgraphs that an operator runs, by options table."""


def validate(model: Model) -> None:
    """Raise ModelError at the first broken invariant of `model`.

    It checks that there is something to run; that tensor and subgraph indices exist; that shapes are neither negative
    nor absurd; that constants have the size of their shape; that no tensor is written twice, except by calls of an
    Ethos-U, each of which may write a part; that operators are in a runnable order, which excludes cycles; and that no
    subgraph calls itself.
    """
    if not model.subgraphs:
        raise ModelError(model.name, "the model has no subgraph", hint="There is nothing to run in this file")
    if not model.main.operators:
        raise ModelError(
            model.name,
            "the subgraph has zero operators",
            Place(subgraph=0),
            "There is nothing to run; check the conversion that wrote this file",
        )
    for number, subgraph in enumerate(model.subgraphs):
        _SubgraphCheck(model, number, subgraph).run()
    _validate_calls(model)
    _validate_signatures(model)


def shape_problem(shape: tuple[int, ...]) -> str:
    """Return what is wrong with `shape` (rank, a negative dimension, the number of elements), or an empty string."""
    if len(shape) > MAX_RANK:
        return f"the shape has {len(shape)} dimensions, but at most {MAX_RANK} are expected"
    if any(size < 0 for size in shape):
        return f"the shape {list(shape)} has a negative dimension"
    if prod(shape) > MAX_ELEMENTS:
        return f"the shape {list(shape)} has more than 2^40 elements"
    return ""


class _SubgraphCheck:
    """The checks of one subgraph, with its place for the messages."""

    def __init__(self, model: Model, number: int, subgraph: Subgraph) -> None:
        self.model = model
        self.number = number
        self.subgraph = subgraph
        self.count = len(subgraph.tensors)

    def run(self) -> None:
        for index, tensor in enumerate(self.subgraph.tensors):
            problem = _tensor_problem(tensor, self.count)
            if problem:
                self._fail(problem, Place(self.number, tensor=index, tensor_name=shorten(tensor.name)))
        self._check_indices("input", self.subgraph.inputs, Place(self.number))
        self._check_indices("output", self.subgraph.outputs, Place(self.number))
        for index, operator in enumerate(self.subgraph.operators):
            place = Place(self.number, index, shorten(operator.name))
            self._check_indices("input", operator.inputs, place, optional=True)
            self._check_indices("output", operator.outputs, place, optional=True)
            self._check_indices("intermediate", operator.intermediates, place, optional=True)
        self._check_order(self._writers())

    def _fail(self, problem: str, place: Place) -> NoReturn:
        raise ModelError(self.model.name, problem, place, _DAMAGED)

    def _check_indices(self, role: str, indices: Iterable[int], place: Place, optional: bool = False) -> None:
        for index in indices:
            if not 0 <= index < self.count and not (optional and index == NO_TENSOR):
                self._fail(f"{role} tensor index {index} is outside 0..{self.count - 1}", place)

    def _place(self, index: int, operator: Operator, tensor: int) -> Place:
        return Place(self.number, index, shorten(operator.name), tensor, shorten(self.subgraph.tensors[tensor].name))

    def _writers(self) -> dict[int, int]:
        """Return the first operator that writes each tensor."""
        writer: dict[int, int] = {}
        operators = self.subgraph.operators
        for index, operator in enumerate(operators):
            for tensor in operator.outputs:
                first = writer.get(tensor)
                if first is not None and not (operator.is_npu_call and operators[first].is_npu_call):
                    other = "it" if first == index else f"operator {first}"
                    self._fail(f"writes a tensor that {other} also writes", self._place(index, operator, tensor))
                if tensor != NO_TENSOR:
                    writer.setdefault(tensor, index)
        return writer

    def _check_order(self, writer: dict[int, int]) -> None:
        for index, operator in enumerate(self.subgraph.operators):
            for tensor in operator.inputs:
                producer = writer.get(tensor, -1)
                if producer >= index and self.subgraph.tensors[tensor].element is not ElementType.RESOURCE:
                    which = "itself" if producer == index else f"operator {producer}"
                    self._fail(
                        f"reads a tensor that only {which} writes: a cycle, or operators out of order",
                        self._place(index, operator, tensor),
                    )


def _tensor_problem(tensor: Tensor, count: int) -> str:
    shape = tensor.shape or ()
    problem = shape_problem(shape)
    if problem:
        return problem
    details = tensor.quantization.details
    if isinstance(details, (BlockwiseQuantization, MultiAxisQuantization)) and not (
        0 <= details.scales < count and -1 <= details.zero_points < count
    ):
        return (
            f"its scales and zero points are in tensors {details.scales} and {details.zero_points}, but there are "
            f"{count}"
        )
    if tensor.sparsity is not None or tensor.element.bits == 0 or not tensor.buffer.size_bytes:
        return ""
    if tensor.shape is not None and tensor.buffer.size_bytes != tensor.size_bytes:
        return (
            f"the constant has {tensor.buffer.size_bytes} bytes, but its shape {list(shape)} and type "
            f"{tensor.element} need {tensor.size_bytes}"
        )
    return ""


def _validate_calls(model: Model) -> None:
    count = len(model.subgraphs)
    calls: dict[int, set[int]] = {}
    for number, subgraph in enumerate(model.subgraphs):
        for index, operator in enumerate(subgraph.operators):
            for callee in _called_subgraphs(operator):
                if not 0 <= callee < count:
                    problem = f"names subgraph {callee}, but the file has {count}"
                    raise ModelError(model.name, problem, Place(number, index, shorten(operator.name)), _DAMAGED)
                calls.setdefault(number, set()).add(callee)
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        circle = " calls ".join(f"subgraph {number}" for number in reversed(error.args[1]))
        raise ModelError(model.name, f"a cycle of calls: {shorten(circle)}", hint=_DAMAGED) from None


def _called_subgraphs(operator: Operator) -> Iterator[int]:
    options = operator.options
    if isinstance(options, OtherOptions):
        for name, value in options.fields:
            if name in _CALLS.get(options.table, ()):
                if isinstance(value, int):
                    yield value
                elif isinstance(value, tuple):
                    yield from map(int, value)


def _validate_signatures(model: Model) -> None:
    for signature in model.signatures:
        problem = ""
        if not 0 <= signature.subgraph < len(model.subgraphs):
            problem = (
                f"signature '{shorten(signature.key)}' names subgraph {signature.subgraph}, but the file has "
                f"{len(model.subgraphs)}"
            )
        else:
            count = len(model.subgraphs[signature.subgraph].tensors)
            for name, tensor in (*signature.inputs, *signature.outputs):
                if not 0 <= tensor < count:
                    problem = (
                        f"signature '{shorten(signature.key)}' assigns '{shorten(name)}' to tensor {tensor}, but "
                        f"there are {count}"
                    )
        if problem:
            raise ModelError(model.name, problem, hint=_DAMAGED)
