"""cancel-transposes: elements that are moved and moved back stay in place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from npufit.graph import (
    NO_TENSOR,
    GatherOptions,
    Model,
    Operator,
    Tensor,
    constant_values,
    eight_bit_operator,
    has_operands,
    operator_type,
)
from npufit.graph.arrays import stored_values
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import (
    Editor,
    Movement,
    add_selection,
    find_channels,
    find_order,
    is_reshape,
    movements,
    put_reshape,
)


@dataclass(frozen=True)
class CancelTransposes(Pass):
    """Removes a TRANSPOSE that later operators undo.

    A chain of operators that only move elements (TRANSPOSE, RESHAPE, GATHER, SLICE, STRIDED_SLICE, SPLIT, UNPACK,
    SQUEEZE, EXPAND_DIMS), including a TRANSPOSE, is followed element by element. If as a whole it amounts to:

    1. nothing, its readers read its source;
    2. only another shape, it becomes a RESHAPE;
    3. one transposition, it becomes a TRANSPOSE;
    4. a choice of channels, which is what a channel shuffle is, it becomes a GATHER, or on a target a 1x1 convolution
       that picks them: its weights are ones and zeros with a scale of 1, so its multiplier is exactly 1. 8 bits only.

    And across element-wise operators:

    5. a TRANSPOSE after them that undoes the one before each of their operands is removed with all of these; constant
       operands are transposed in the file.
    """

    name: ClassVar[str] = "cancel-transposes"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "remove transpositions that cancel, and channel shuffles made of them"

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` without them, None if none cancel."""
        editor = Editor(model)
        sites: list[Site] = []
        for index in range(len(model.main.operators)):
            operator = editor.operators[index]
            if operator is None or not has_operands(operator):
                continue
            if operator.type == "TRANSPOSE":
                sites += _cancel_across(editor, index)
            if editor.operators[index] is not None and _ends_chain(editor, operator):
                sites += _shorten(editor, index, on_target=context.target is not None)
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


_MOVING = ("TRANSPOSE", "RESHAPE", "GATHER", "SLICE", "STRIDED_SLICE", "SQUEEZE", "EXPAND_DIMS")


def _ends_chain(editor: Editor, operator: Operator) -> bool:
    """Return whether an operator that does more than move elements reads the output of `operator`."""
    if operator.type not in _MOVING:
        return False
    result = operator.outputs[0]
    readers = (editor.operator(reader).type for reader in editor.consumers(result))
    return result in editor.outputs or any(reader not in _MOVING for reader in readers)


def _shorten(editor: Editor, index: int, *, on_target: bool) -> list[Site]:
    for movement in movements(editor, editor.operator(index).outputs[0]):
        kinds = [editor.operator(one).type for one in movement.operators]
        if "TRANSPOSE" not in kinds or (len(kinds) < 2 and not is_reshape(movement.places, _shape(editor, movement))):
            continue
        what = _replace(editor, index, movement, on_target=on_target)
        if what:
            return [Site(0, movement.operators, f"{', '.join(reversed(kinds))} {what}")]
    return []


def _shape(editor: Editor, movement: Movement) -> tuple[int, ...]:
    return editor.tensor(movement.source).shape or ()


def _replace(editor: Editor, index: int, movement: Movement, *, on_target: bool) -> str:
    """Replace the chain that ends at `index` by one operator; return a description."""
    operator, source = editor.operator(index), editor.tensor(movement.source)
    shape, result = _shape(editor, movement), operator.outputs[0]
    if is_reshape(movement.places, shape):
        if editor.tensor(result).shape == shape:
            return "leave every element in place" if editor.bypass(index, movement.source) else ""  # case 1
        put_reshape(editor, index, movement.source)  # case 2
        return "become a RESHAPE"
    made = eight_bit_operator if source.element.is_8_bit else Operator
    order = find_order(movement.places, shape)
    if order is not None:  # case 3
        constant = editor.add_constant(f"{editor.tensor(result).name}/order", np.array(order, np.int32))
        editor.replace(index, made("TRANSPOSE", (movement.source, constant), (result,)))
        return "become one TRANSPOSE"
    channels = find_channels(movement.places, shape)
    if channels is None:
        return ""
    if on_target and source.element.is_8_bit and len(source.quantization.scales) == 1:  # case 4
        editor.remove(index)
        add_selection(editor, movement.source, channels, result, near=index)
        return "become a 1x1 convolution that picks channels"
    constant = editor.add_constant(f"{editor.tensor(result).name}/channels", np.array(channels, np.int32))
    editor.replace(index, made("GATHER", (movement.source, constant), (result,), GatherOptions(axis=3)))
    return "become a GATHER of channels"


def _cancel_across(editor: Editor, index: int) -> list[Site]:
    """Remove the TRANSPOSE at `index` and those before the preceding operators (case 5)."""
    operator = editor.operator(index)
    order = _order(editor, operator)
    if order is None:
        return []
    region = _Region(editor, tuple(int(axis) for axis in np.argsort(order)))
    producer = editor.producer(operator.inputs[0])
    if producer is None or not region.take(producer, index) or not region.turned or not region.operators:
        return []
    source = operator.inputs[0]
    region.put(order)
    if not editor.bypass(index, source):
        raise AssertionError("the tensor has a writer, which can also write the output")
    return [Site(0, (*region.turned, *region.operators, index), "TRANSPOSE around element-wise operators cancel")]


def _order(editor: Editor, operator: Operator) -> tuple[int, ...] | None:
    if operator.type != "TRANSPOSE" or operator.input(1) == NO_TENSOR:
        return None
    return constant_values(editor.tensor(operator.inputs[1]))


class _Region:
    """Element-wise operators whose results only a TRANSPOSE reads, and the TRANSPOSE before them."""

    def __init__(self, editor: Editor, wanted: tuple[int, ...]) -> None:
        self._editor = editor
        self._wanted = wanted
        self.operators: dict[int, None] = {}
        self.turned: dict[int, None] = {}
        self._constants: dict[tuple[int, int], None] = {}

    def take(self, index: int, reader: int) -> bool:
        """Include the operator at `index`, read by `reader`; return whether everything above it can be transposed."""
        editor = self._editor
        operator = editor.operator(index)
        if not has_operands(operator):
            return False
        if operator.type == "TRANSPOSE":
            self.turned[index] = None
            return _order(editor, operator) == self._wanted
        result = operator.outputs[0]
        if not operator_type(operator).is_elementwise or result in editor.outputs:
            return False
        if not set(editor.consumers(result)) <= {*self.operators, reader}:
            return False
        if len(editor.tensor(result).quantization.scales) > 1 or _rank(editor.tensor(result)) != len(self._wanted):
            return False
        self.operators[index] = None
        return all(self._take_operand(tensor, index) for tensor in dict.fromkeys(operator.inputs))

    def _take_operand(self, tensor: int, index: int) -> bool:
        held = self._editor.tensor(tensor)
        producer = self._editor.producer(tensor)
        if producer is not None:
            return self.take(producer, index)
        if not held.is_constant or stored_values(held) is None or len(held.quantization.scales) > 1:
            return False
        if held.element_count != 1 and _rank(held) != len(self._wanted):
            return False
        self._constants[index, tensor] = None
        return True

    def put(self, order: tuple[int, ...]) -> None:
        """Let the operators work on the tensors before transposition."""
        editor = self._editor
        for index, tensor in self._constants:
            values = stored_values(editor.tensor(tensor))
            if values is not None and values.ndim == len(order):
                held = editor.tensor(tensor)
                turned = editor.add_constant(held.name, values.transpose(order).copy(), held.quantization)
                editor.redirect(tensor, turned, [index])
        for index in self.turned:
            operator = editor.operator(index)
            editor.redirect(operator.outputs[0], operator.inputs[0], self.operators)
        for index in self.operators:
            result = editor.operator(index).outputs[0]
            tensor = editor.tensor(result)
            shape = tuple((tensor.shape or ())[axis] for axis in order)
            editor.set_tensor(result, replace(tensor, shape=shape, shape_signature=None))


def _rank(tensor: Tensor) -> int:
    return -1 if tensor.shape is None else len(tensor.shape)
