"""Which part of the NPU runs what: multipliers, tensor units, or the slow programmable shaders.

The delegate does not say; every log counts all of it as "on the NPU". The table is that of a sister chip of the same
family; that it holds for the VIP8000 of i.MX8M Plus is concluded, not measured.
"""

from __future__ import annotations

from npufit.stacks.vx.vx_operator import VxOperator

_SHADERS = """
    SOFTMAX MUL DIV MAXIMUM MINIMUM POW FLOOR_DIV BATCH_MATMUL EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS
    LESS_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT SELECT SELECT_V2 ADD_N L2_NORMALIZATION MEAN SUM REDUCE_MIN
    REDUCE_MAX REDUCE_PROD REDUCE_ANY ARG_MAX ARG_MIN RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR GATHER GATHER_ND
    SCATTER_ND ONE_HOT CAST EXP SQRT RSQRT SQUARE SIN FLOOR EMBEDDING_LOOKUP HASHTABLE_LOOKUP BROADCAST_TO
    SQUARED_DIFFERENCE
"""
_PARTLY = "ELU NEG LOG GELU UNIDIRECTIONAL_SEQUENCE_LSTM"

ON_SHADERS = "on the NPU's shader units: counts as NPU but is slow"
ON_SHADERS_FLOAT = "float32 on the NPU's shader units: counts as NPU but is slow"
PARTLY_ON_SHADERS = "partly on the NPU's shader units, which are slow"


_NOTES = {
    **dict.fromkeys(_SHADERS.split(), ON_SHADERS),
    **dict.fromkeys(_PARTLY.split(), PARTLY_ON_SHADERS),
}


def engine_note(site: VxOperator) -> str:
    """Return a remark on the part of the NPU that runs an operator, empty unless it is a shader unit."""
    if site.type != "DEQUANTIZE" and any(tensor.element.is_float for tensor in site.outputs):
        return ON_SHADERS_FLOAT
    return _NOTES.get(site.type, "")
