"""Which tensors must be quantized alike because an operator copies between them, and who scales by itself."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.graph import NO_TENSOR, Operator
from npufit.rewrite.surgery.editor import Editor

_COPYING = (
    "AVERAGE_POOL_2D", "BATCH_TO_SPACE_ND", "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER", "MAX_POOL_2D", "MIRROR_PAD",
    "PAD", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SLICE", "SPACE_TO_BATCH_ND",
    "SPACE_TO_DEPTH", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK",
)  # fmt: skip
_TYING: Mapping[str, tuple[int, ...] | None] = {
    **dict.fromkeys(_COPYING, (0,)),
    **dict.fromkeys(("CONCATENATION", "MAXIMUM", "MINIMUM", "PACK")),
    "SPLIT": (1,),
}
"""Operators that copy integers, and the positions of the inputs that they copy from; None for all of them."""

_TAKING_ONE = (
    "ARG_MAX", "ARG_MIN", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED", "HARD_SWISH", "LEAKY_RELU",
    "LOGISTIC", "MEAN", "PRELU", "QUANTIZE", "RELU", "RELU6", "SOFTMAX", "TANH",
)  # fmt: skip
_SCALING: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(_TAKING_ONE, (0,)),
    **dict.fromkeys(("ADD", "MUL", "SUB"), (0, 1)),
    "TRANSPOSE_CONV": (2,),
}
"""Operators whose kernels take these inputs in any 8-bit quantization; most write in any as well."""

_FIXED_RESULTS = frozenset({"LOGISTIC", "SOFTMAX", "TANH"})
_NO_RESULTS = frozenset({"ARG_MAX", "ARG_MIN", "DEQUANTIZE"})


def is_copying(operator: Operator) -> bool:
    """Return whether `operator` only copies integers, picks among them or averages them."""
    return operator.type in _TYING


def tied_tensors(editor: Editor, start: int) -> frozenset[int] | None:
    """Return `start` and all tensors that must be quantized as it is, None where their quantization cannot change.

    It cannot where one of them is an input or output of the subgraph or a constant, or where an operator reads or
    writes it of which it is not known that it scales.
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
    """Return what is tied to the results of `operator`, None where they cannot change."""
    if operator.type in _TYING:
        return _ends(operator)
    free = operator.type in _SCALING and operator.type not in _FIXED_RESULTS | _NO_RESULTS
    return [] if free else None


def _read(operator: Operator, tensor: int) -> list[int] | None:
    """Return what is tied to `tensor`, which `operator` reads, None where it cannot change."""
    places = {place for place, own in enumerate(operator.inputs) if own == tensor}
    if operator.type in _TYING:
        copied = _TYING[operator.type]
        return _ends(operator) if copied is None or places <= set(copied) else None
    return [] if places <= set(_SCALING.get(operator.type, ())) else None


def _ends(operator: Operator) -> list[int]:
    copied = _TYING[operator.type]
    chosen = operator.inputs if copied is None else [operator.inputs[place] for place in copied]
    return [tensor for tensor in (*chosen, *operator.outputs) if tensor != NO_TENSOR]
