"""The walk through a graph: each tensor before and after, and the constants that change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from npufit.errors import ModelError, Place
from npufit.formatting import shorten
from npufit.graph import (
    NO_TENSOR,
    Buffer,
    Model,
    Operator,
    Subgraph,
    Tensor,
    constant_values,
    infer_shapes,
)
from npufit.rewrite.resolution.dimensions import Dimension, dimension, is_fixed, new_size, old_size

Shape = tuple[int, ...]
Dimensions = tuple[Dimension, ...]


@dataclass
class ResizeWalk:
    """A subgraph while its sizes change: new tensors and operators, sizes before and after.

    `depends` are the tensors computed from the resized inputs, whether they change or not.
    """

    model: Model
    graph: Subgraph
    tensors: list[Tensor]
    operators: list[Operator]
    dimensions: dict[int, Dimensions] = field(default_factory=dict[int, Dimensions])
    values: dict[int, tuple[Shape, Shape]] = field(default_factory=dict[int, tuple[Shape, Shape]])
    depends: set[int] = field(default_factory=set[int])
    notes: list[str] = field(default_factory=list[str])

    @classmethod
    def start(cls, model: Model) -> ResizeWalk:
        """Return the walk through the main subgraph of `model`, with nothing changed yet."""
        graph = infer_shapes(model.main)
        return cls(model, graph, list(graph.tensors), list(graph.operators))

    def fail(self, index: int, problem: str, hint: str = "") -> NoReturn:
        """Raise the error that names the operator at `index`."""
        operator = self.operators[index]
        place = Place(0, index, shorten(operator.name))
        raise ModelError(self.model.name, f"cannot be resized: {problem}", place, hint)

    def old(self, tensor: int) -> Shape:
        """Return the shape before."""
        return self.graph.tensors[tensor].shape or () if tensor < len(self.graph.tensors) else self.new(tensor)

    def new(self, tensor: int) -> Shape:
        """Return the shape after."""
        return self.tensors[tensor].shape or ()

    def sizes(self, tensor: int) -> Dimensions:
        """Return the dimensions, with their sizes before and after."""
        known = self.dimensions.get(tensor)
        if known is not None:
            return known
        return tuple(dimension(size, size) for size in self.old(tensor))

    def changes(self, tensor: int) -> bool:
        """Return whether the shape or a computed value of `tensor` differs from before."""
        if tensor == NO_TENSOR:
            return False
        known = self.values.get(tensor)
        return self.old(tensor) != self.new(tensor) or (known is not None and known[0] != known[1])

    def set_shape(self, tensor: int, sizes: Dimensions) -> None:
        """Give a tensor its new sizes; a size that the file leaves open stays open."""
        found = self.tensors[tensor]
        shape = tuple(map(new_size, sizes))
        signature = found.shape_signature
        if signature is not None and len(signature) == len(shape):
            signature = tuple(-1 if size < 0 else now for size, now in zip(signature, shape, strict=True))
        self.dimensions[tensor] = sizes
        if shape != found.shape:
            self.tensors[tensor] = replace(found, shape=shape, shape_signature=signature)

    def set_new_shape(self, index: int, output: int, shape: Shape) -> None:
        """Give an output its new shape; dimensions shared with an operand keep their factors."""
        before = self.old(output)
        if len(before) != len(shape) or any(size < 1 for size in shape):
            self.fail(index, f"its output of {list(before)} would become {list(shape)}", "The new size is too small")
        operands = [self.sizes(tensor) for tensor in self.operators[index].inputs if tensor != NO_TENSOR]
        sizes: list[Dimension] = []
        for axis, (old, new) in enumerate(zip(before, shape, strict=True)):
            like = (
                one[axis]
                for one in operands
                if len(one) == len(shape) and (old_size(one[axis]), new_size(one[axis])) == (old, new)
            )
            sizes.append(next(like, dimension(old, new)))
        self.set_shape(output, tuple(sizes))

    def constant(self, index: int, position: int) -> Shape | None:
        """Return the values of a small constant operand, None if there is none."""
        tensor = self.operators[index].input(position)
        return None if tensor == NO_TENSOR else constant_values(self.tensors[tensor])

    def set_constant(self, index: int, position: int, values: Sequence[int]) -> None:
        """Give the operator at `index` a constant operand with new values, in the same shape and type."""
        operator = self.operators[index]
        tensor = operator.inputs[position]
        found = self.tensors[tensor]
        if constant_values(found) == tuple(values):
            return
        width, signed = found.element.bits // 8, found.element.integer_range[0] < 0
        data = b"".join(value.to_bytes(width, "little", signed=signed) for value in values)
        changed = replace(found, buffer=Buffer(data))
        uses = sum(other.inputs.count(tensor) for other in self.operators) + self.graph.outputs.count(tensor)
        if uses == 1:
            self.tensors[tensor] = changed
            return
        self.tensors.append(replace(changed, name=f"{found.name}/resized{index}"))
        inputs = list(operator.inputs)
        inputs[position] = len(self.tensors) - 1
        self.operators[index] = replace(operator, inputs=tuple(inputs))

    def require(self, index: int, position: int, wanted: Shape) -> None:
        """Set an operand that holds a shape to the values `wanted`: as a constant, or through its computation."""
        tensor = self.operators[index].inputs[position]
        constant = constant_values(self.tensors[tensor])
        if constant is not None and len(constant) == len(wanted):
            kept = tuple(-1 if old < 0 else new for old, new in zip(constant, wanted, strict=True))
            self.set_constant(index, position, kept)
            return
        known = self.values.get(tensor)
        if known is not None and known[1] == wanted:
            return
        writer = next((at for at, other in enumerate(self.operators) if tensor in other.outputs), None)
        if writer is not None and self.operators[writer].type in ("PACK", "CONCATENATION"):
            at = 0
            for place, part in enumerate(self.operators[writer].inputs):
                count = max(1, (self.new(part) or (1,))[0]) if self.operators[writer].type == "CONCATENATION" else 1
                self.require(writer, place, wanted[at : at + count])
                at += count
            return
        if known is None and constant is None:
            self.fail(index, "its shape is computed in a way that npufit does not understand")
        found = list(known[1]) if known is not None else list(constant or ())
        self.fail(index, f"its shape is computed as {found}, but should be {list(wanted)}")

    def infer(self, operator: Operator, *, before: bool = False) -> list[Shape] | None:
        """Return the shapes of the outputs of `operator`, from its operands after (or before); None without a rule."""
        source = self.graph.tensors if before else self.tensors
        local: list[Tensor] = []
        inputs: list[int] = []
        for tensor in operator.inputs:
            inputs.append(tensor if tensor == NO_TENSOR else len(local))
            if tensor != NO_TENSOR:
                local.append(source[tensor])
        outputs = tuple(range(len(local), len(local) + len(operator.outputs)))
        local += [
            replace(self.tensors[tensor], shape=None, has_rank=False, shape_signature=None)
            for tensor in operator.outputs
        ]
        alone = replace(operator, inputs=tuple(inputs), outputs=outputs)
        shapes = [infer_shapes(Subgraph(tuple(local), (), outputs, (alone,))).tensors[one].shape for one in outputs]
        known = [shape for shape in shapes if shape is not None]
        return known if len(known) == len(shapes) else None

    def is_fixed(self, tensor: int, axis: int) -> bool:
        """Return whether a tensor keeps its size along `axis`."""
        return is_fixed(self.sizes(tensor)[axis])


Rule = Callable[[ResizeWalk, int], bool]
"""Prepares the operator at an index for its new operands; True if it gave the outputs their shapes as well."""

MULTIPLE_SUITS = "Sizes that are a multiple of 32 suit most networks"
"""The hint for sizes that contradict each other."""
