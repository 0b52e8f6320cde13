"""Which tensors must share a quantization because an operator copies between them, and which operators rescale."""

from __future__ import annotations

from npufit.graph import NO_TENSOR, Operator, Role, Scaling, operator_type
from npufit.rewrite.surgery import Editor


def is_copying(operator: Operator) -> bool:
    """Return whether `operator` only copies integers, picks among them or averages them."""
    return operator_type(operator).scaling is Scaling.COPIES


def tied_tensors(editor: Editor, start: int) -> frozenset[int] | None:
    """Return `start` and all tensors that must share its quantization, None if it cannot change.

    It cannot if one of them is an input or output of the subgraph or a constant, or if an operator that is not known to
    rescale reads or writes it.
    """
    fixed = {*editor.inputs, *editor.outputs}
    found, waiting = {start}, [start]
    while waiting:
        tensor = waiting.pop()
        if tensor in fixed or editor.tensor(tensor).is_constant:
            return None
        producer = editor.producer(tensor)
        if producer is None:
            return None
        near = _written(editor.operator(producer))
        for reader in editor.consumers(tensor):
            read = _read(editor.operator(reader), tensor)
            near = None if read is None or near is None else [*near, *read]
        if near is None:
            return None
        waiting += [other for other in dict.fromkeys(near) if other not in found]
        found.update(near)
    return frozenset(found)


def _written(operator: Operator) -> list[int] | None:
    """Return the tensors tied to the results of `operator`, None if they cannot change."""
    if is_copying(operator):
        return _ends(operator)
    return [] if operator_type(operator).scaling is Scaling.FREE else None


def _read(operator: Operator, tensor: int) -> list[int] | None:
    """Return the tensors tied to `tensor`, which `operator` reads, None if it cannot change."""
    row = operator_type(operator)
    places = {place for place, operand in enumerate(operator.inputs) if operand == tensor}
    if row.scaling is Scaling.UNKNOWN or not places <= set(row.positions(operator, Role.DATA)):
        return None
    return _ends(operator) if is_copying(operator) else []


def _ends(operator: Operator) -> list[int]:
    copied = operator_type(operator).positions(operator, Role.DATA)
    chosen = [operator.inputs[place] for place in copied]
    return [tensor for tensor in (*chosen, *operator.outputs) if tensor != NO_TENSOR]
