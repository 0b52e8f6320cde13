"""remove-dead: remove operators that are unread, duplicated, or mere copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from npufit.graph import (
    NO_TENSOR,
    Activation,
    Model,
    Operator,
    StridedSliceOptions,
    Subgraph,
    Tensor,
    constant_values,
    fused_activation,
    has_operands,
    needed_operators,
    operator_type,
)
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor, same_quantization


@dataclass(frozen=True)
class RemoveDead(Pass):
    """Removes operators that change nothing.

    1. No path leads from the operator to an output of the model, and it changes no variable.
    2. It does the same with the same inputs as an earlier operator. Constants are compared by content. Custom operators
       and those with state or randomness are left alone.
    3. It copies: SLICE and STRIDED_SLICE of everything, CONCATENATION of one tensor, PAD of nothing, RESHAPE, SQUEEZE
       and EXPAND_DIMS to the same shape, TRANSPOSE to the same order, SPLIT into one, RESIZE_NEAREST_NEIGHBOR to the
       same size, CAST to the same type, QUANTIZE to the same scale and zero point.
    4. DEQUANTIZE followed by QUANTIZE back to the same 8-bit scale and zero point: the way through real numbers
       restores every integer.

    A tensor that is an output of the model keeps its name; if a copy is removed, the preceding operator writes the
    output. A copy of an input or constant into an output stays.
    """

    name: ClassVar[str] = "remove-dead"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "remove operators that are unread, duplicated, or mere copies"

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` without them, None if there are none."""
        graph = model.main
        editor = Editor(model)
        needed = needed_operators(graph.operators, graph.outputs)
        sites = [
            Site(0, (index,), f"nothing reads the output of {operator.name}")
            for index, operator in enumerate(graph.operators)
            if index not in needed
        ]
        for index in sorted(needed):
            what = _drop_copy(editor, index)
            if what:
                sites.append(Site(0, (index,), what))
        sites += _merge_twins(editor, graph, [index for index in sorted(needed) if editor.operators[index] is not None])
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _drop_copy(editor: Editor, index: int) -> str:
    """Remove the operator at `index` if it copies its input, and return a description."""
    operator = editor.operator(index)
    find = _SOURCES.get(operator.type)
    if find is None or len(operator.outputs) != 1 or not has_operands(operator):
        return ""
    source = find(editor, operator)
    if source == NO_TENSOR:
        return ""
    before, after = editor.tensor(source), editor.tensor(operator.outputs[0])
    if before.shape is None or before.shape != after.shape or not same_quantization(before, after):
        return ""
    if before.is_variable or before.is_dynamic != after.is_dynamic:
        return ""
    return f"{operator.type} copies" if editor.bypass(index, source) else ""


def _slice(editor: Editor, operator: Operator) -> int:
    begin = constant_values(editor.tensor(operator.inputs[1]))
    return operator.inputs[0] if begin is not None and not any(begin) else NO_TENSOR


def _strided_slice(editor: Editor, operator: Operator) -> int:
    options, strides = operator.options, constant_values(editor.tensor(operator.inputs[3]))
    if not isinstance(options, StridedSliceOptions) or strides is None or any(stride != 1 for stride in strides):
        return NO_TENSOR
    moved = options.ellipsis_mask or options.new_axis_mask or options.shrink_axis_mask
    return NO_TENSOR if moved else operator.inputs[0]


def _only(editor: Editor, operator: Operator) -> int:
    plain = fused_activation(operator.options) is Activation.NONE and len(operator.inputs) == 1
    return operator.inputs[0] if plain else NO_TENSOR


def _first(editor: Editor, operator: Operator) -> int:
    return operator.inputs[0]


def _second(editor: Editor, operator: Operator) -> int:
    return operator.input(1)


def _pad(editor: Editor, operator: Operator) -> int:
    amounts = constant_values(editor.tensor(operator.inputs[1]))
    return operator.inputs[0] if amounts is not None and not any(amounts) else NO_TENSOR


def _transpose(editor: Editor, operator: Operator) -> int:
    order = constant_values(editor.tensor(operator.inputs[1]))
    return operator.inputs[0] if order is not None and list(order) == sorted(order) else NO_TENSOR


def _quantize(editor: Editor, operator: Operator) -> int:
    source = operator.inputs[0]
    before, after = editor.tensor(source), editor.tensor(operator.outputs[0])
    if not after.element.is_8_bit or len(after.quantization.scales) != 1:
        return NO_TENSOR
    producer = editor.producer(source)
    if not before.element.is_float or producer is None:
        return source
    writer = editor.operator(producer)
    return writer.inputs[0] if writer.type == "DEQUANTIZE" else NO_TENSOR  # case 4


_SOURCES: dict[str, Callable[[Editor, Operator], int]] = {
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "CONCATENATION": _only,
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _pad,
    "RESHAPE": _first,
    "SQUEEZE": _first,
    "EXPAND_DIMS": _first,
    "TRANSPOSE": _transpose,
    "SPLIT": _second,
    "RESIZE_NEAREST_NEIGHBOR": _first,
    "CAST": _first,
    "QUANTIZE": _quantize,
}
"""For each type that can be a copy: the operand that it copies, provided that shape and type stay (case 3)."""


def _merge_twins(editor: Editor, graph: Subgraph, operators: list[int]) -> list[Site]:
    """Let the readers of a duplicated operator read the first one (case 2)."""
    sites: list[Site] = []
    seen: dict[Any, int] = {}
    held: dict[Any, int] = {}
    for index in operators:
        operator = editor.operator(index)
        if not _is_plain(editor, operator):
            continue
        inputs = tuple(_known(editor, tensor, held) for tensor in operator.inputs)
        results = tuple(_form(editor.tensor(tensor)) for tensor in operator.outputs)
        key = (operator.type, operator.options, inputs, results)
        first = seen.setdefault(key, index)
        if first == index or any(tensor in editor.outputs for tensor in operator.outputs):
            continue
        for old, new in zip(operator.outputs, editor.operator(first).outputs, strict=True):
            editor.redirect(old, new)
        editor.remove(index)
        sites.append(Site(0, (first, index), f"{operator.type} is duplicated"))
    return sites


def _is_plain(editor: Editor, operator: Operator) -> bool:
    if not operator_type(operator).is_pure or operator.intermediates or not operator.outputs:
        return False
    named = [tensor for tensor in (*operator.inputs, *operator.outputs) if tensor != NO_TENSOR]
    return NO_TENSOR not in operator.outputs and not any(editor.tensor(tensor).is_variable for tensor in named)


def _form(tensor: Tensor) -> Any:
    return tensor.shape, tensor.element, tensor.quantization, tensor.shape_signature


def _known(editor: Editor, index: int, held: dict[Any, int]) -> int:
    """Return one index for all constants with the same content, the tensor's own for the others."""
    if index == NO_TENSOR:
        return index
    tensor = editor.tensor(index)
    if not tensor.buffer.size_bytes or tensor.sparsity is not None:
        return index
    return held.setdefault((_form(tensor), bytes(tensor.buffer.data)), index)
