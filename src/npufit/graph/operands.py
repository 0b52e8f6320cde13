"""How many operands and results an operator needs at least; LiteRT refuses a file where one is missing."""

from __future__ import annotations

from npufit.errors import ModelError, Place
from npufit.formatting import plural, shorten
from npufit.graph.model import NO_TENSOR, Model, Operator, Subgraph

_LEAST: dict[int, tuple[str, ...]] = {
    1: (
        *("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LEAKY_RELU", "ELU", "GELU", "HARD_SWISH", "LOGISTIC"),
        *("TANH", "EXP", "LOG", "SIN", "COS", "SQRT", "RSQRT", "SQUARE", "ABS", "NEG", "SIGN", "FLOOR", "CEIL"),
        *("ROUND", "LOGICAL_NOT", "CAST", "QUANTIZE", "DEQUANTIZE", "SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"),
        *("LOCAL_RESPONSE_NORMALIZATION", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D", "RESHAPE", "SQUEEZE"),
        *("SHAPE", "RANK", "PACK", "UNPACK", "CONCATENATION", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "ADD_N"),
        *("ZEROS_LIKE", "WHERE", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"),
    ),
    2: (
        *("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "FULLY_CONNECTED", "BATCH_MATMUL", "ADD", "SUB", "MUL", "DIV"),
        *("POW", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PRELU", "EQUAL"),
        *("NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "LOGICAL_AND", "LOGICAL_OR", "PAD"),
        *("MIRROR_PAD", "TRANSPOSE", "MEAN", "SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY"),
        *("REDUCE_ALL", "ARG_MAX", "ARG_MIN", "CUMSUM", "SPLIT", "GATHER", "GATHER_ND", "EXPAND_DIMS", "TILE"),
        *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "BROADCAST_TO", "FILL", "TOPK_V2"),
    ),
    3: (
        *("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE", "SLICE", "PADV2", "SPLIT_V", "SELECT", "SELECT_V2", "SVDF"),
        *("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "SCATTER_ND", "RANGE", "DYNAMIC_UPDATE_SLICE", "RNN"),
        "UNIDIRECTIONAL_SEQUENCE_RNN",
    ),
    4: ("STRIDED_SLICE", "ONE_HOT", "SPARSE_TO_DENSE"),
}
_REFUSED = "LiteRT refuses this file: write it again"
_LEAST_OF = {kind: count for count, kinds in _LEAST.items() for kind in kinds}
"""The operands that may not be left out; optional ones (a bias) come after them. Source: LiteRT's kernels (Prepare)."""


def lacks_operands(operator: Operator) -> bool:
    """Return True where `operator` misses an operand or result that its type cannot do without."""
    least = _LEAST_OF.get(operator.type)
    if least is None:
        return False
    first = operator.inputs[:least]
    return len(first) < least or NO_TENSOR in first or NO_TENSOR in (operator.outputs or (NO_TENSOR,))


def require_operands(model: Model) -> None:
    """Raise ModelError at the first operator that lacks an operand or result, or writes a constant: nothing runs it."""
    for number, subgraph in enumerate(model.subgraphs):
        for index, operator in enumerate(subgraph.operators):
            constant = next((one for one in operator.outputs if _is_constant(subgraph, one)), None)
            if constant is not None:
                name = shorten(subgraph.tensors[constant].name)
                place = Place(number, index, shorten(operator.name), constant, name)
                raise ModelError(model.name, "writes a constant", place, _REFUSED)
            if lacks_operands(operator):
                found = f"{_count(operator.inputs, 'operand')} and {_count(operator.outputs, 'result')}"
                needed = f"at least {plural(_LEAST_OF[operator.type], 'operand')} and 1 result"
                raise ModelError(
                    model.name,
                    f"has {found}; its type needs {needed}",
                    Place(number, index, shorten(operator.name)),
                    _REFUSED,
                )


def _is_constant(subgraph: Subgraph, tensor: int) -> bool:
    return tensor != NO_TENSOR and subgraph.tensors[tensor].is_constant and not subgraph.tensors[tensor].is_variable


def _count(tensors: tuple[int, ...], word: str) -> str:
    return plural(sum(tensor != NO_TENSOR for tensor in tensors), word)
