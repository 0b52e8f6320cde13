"""Operator types that releases before Vela 5 have a recipe for; they leave all others on the CPU.

Read from each installed release: `TFLiteSupportedOperators.supported_operators`, by TensorFlow Lite's names.
"""

from __future__ import annotations

_FIRST = frozenset(
    {
        "ABS",
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "EXPAND_DIMS",
        "FULLY_CONNECTED",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOGISTIC",
        "MAXIMUM",
        "MAX_POOL_2D",
        "MEAN",
        "MINIMUM",
        "MUL",
        "PACK",
        "PAD",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "SHAPE",
        "SLICE",
        "SOFTMAX",
        "SPLIT",
        "SPLIT_V",
        "SQUEEZE",
        "STRIDED_SLICE",
        "SUB",
        "TANH",
        "TRANSPOSE_CONV",
        "UNPACK",
    }
)
_SINCE = (
    ((3, 6), frozenset({"PRELU"})),
    ((3, 8), frozenset({"ARG_MAX", "EXP", "UNIDIRECTIONAL_SEQUENCE_LSTM"})),
    ((3, 9), frozenset({"RSQRT"})),
    ((3, 10), frozenset({"SQUARED_DIFFERENCE", "TRANSPOSE"})),
    ((3, 11), frozenset({"MIRROR_PAD"})),
    ((4, 5), frozenset({"RELU_0_TO_1"})),
)
_READ_FROM, _READ_TO = (3, 5), (4, 5)


def translated_types(number: str) -> frozenset[str] | None:
    """Return the types that the release `number` has a recipe for; None if its list was not read."""
    release = _key(number)
    if not _READ_FROM <= release <= _READ_TO:
        return None
    return _FIRST.union(*(types for since, types in _SINCE if since <= release))


def translated_since(kind: str) -> str | None:
    """Return the first of these releases with a recipe for the type `kind`, None if none has one."""
    if kind in _FIRST:
        return f"{_READ_FROM[0]}.{_READ_FROM[1]}"
    return next((f"{since[0]}.{since[1]}" for since, types in _SINCE if kind in types), None)


def _key(number: str) -> tuple[int, int]:
    major, minor = number.split(".")[:2]
    return int(major), int(minor)
