"""The operator types that the delegate maps, and the release that added each."""

from __future__ import annotations

from npufit.graph import CUSTOM
from npufit.stacks.rule import Stage
from npufit.stacks.vx.check import refusal
from npufit.stacks.vx.releases import ALL, Generation
from npufit.stacks.vx.vx_operator import VxOperator

_SINCE = {
    Generation.L5_10_72: (
        "ABS ADD ADD_N ARG_MAX ARG_MIN AVERAGE_POOL_2D BATCH_TO_SPACE_ND CONCATENATION CONV_2D DEPTH_TO_SPACE "
        "DEPTHWISE_CONV_2D DEQUANTIZE DIV ELU EXP EXPAND_DIMS FULLY_CONNECTED GATHER GATHER_ND HARD_SWISH "
        "L2_NORMALIZATION LEAKY_RELU LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC "
        "MAX_POOL_2D MAXIMUM MEAN MINIMUM MUL NEG PACK PAD POW PRELU QUANTIZE REDUCE_ANY REDUCE_MAX REDUCE_MIN "
        "REDUCE_PROD RELU RELU6 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SELECT SELECT_V2 "
        "SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SQRT SQUARE SQUEEZE STRIDED_SLICE SUB SUM TANH "
        "TRANSPOSE TRANSPOSE_CONV"
    ),
    Generation.L5_15_32: (
        "BATCH_MATMUL CONV_3D EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL FLOOR FLOOR_DIV ONE_HOT RNN SPLIT_V"
    ),
    Generation.L5_15_52: "REVERSE_V2 UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK",
    Generation.L6_1_1: (
        "SHAPE HASHTABLE_LOOKUP UNIDIRECTIONAL_SEQUENCE_RNN BIDIRECTIONAL_SEQUENCE_RNN BIDIRECTIONAL_SEQUENCE_LSTM"
    ),
    Generation.L6_1_22: "CAST BROADCAST_TO EMBEDDING_LOOKUP",
    Generation.L6_1_36: "MIRROR_PAD GELU SQUARED_DIFFERENCE SCATTER_ND",
}

MAPPED_SINCE: dict[str, Generation] = {name: first for first, names in _SINCE.items() for name in names.split()}
"""The builtin operators that the delegate translates, and the generation that added each."""

PRECOMPILED = "vsi-npu"
"""The one custom operator that the delegate takes: a network binary of VeriSilicon's tools."""

UNMAPPED = refusal(
    "vx.unmapped",
    "The VX delegate has no translation for this operator type.",
    "a type that the delegate maps (`npufit rules vx.unmapped` lists them)",
    "The delegate looks up the builtin code in a table; types that are not in it stay with TensorFlow Lite. In a log: "
    '"Fallback unsupported op N to TfLite", where N is the builtin code, 32 for every custom operator. '
    + " ".join(f"Mapped from {first.first} on: {', '.join(sorted(names.split()))}." for first, names in _SINCE.items()),
    "TFLite_Detection_PostProcess at the end of an SSD network; TOPK_V2, LOG_SOFTMAX, TILE, PADV2, SVDF and every "
    "Flex operator.",
    ALL,
    "replace the operator with mapped ones, or cut it off and compute it in the application, so that it does not "
    "split the graph",
    stage=Stage.FRONTEND_UNMAPPED,
)


def find_unmapped(site: VxOperator, generation: Generation) -> str | None:
    """Return the operator's name if the delegate has no translation for it, otherwise None."""
    if site.type == CUSTOM:
        code = site.operator.custom_code
        return None if code == PRECOMPILED else f"the custom operator {site.operator.name}"
    first = MAPPED_SINCE.get(site.type)
    return None if first is not None and generation >= first else site.type
