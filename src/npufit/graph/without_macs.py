"""Operator types that count as having no multiply-accumulates, on purpose: by reason."""

from __future__ import annotations

_REASONS: dict[str, tuple[str, ...]] = {
    "one or two operations for each value, no sum of products": (
        *("ADD", "SUB", "MUL", "DIV", "FLOOR_DIV", "FLOOR_MOD", "POW", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"),
        *("ADD_N", "ATAN2", "BITWISE_XOR", "RIGHT_SHIFT", "LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT", "EQUAL"),
        *("NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "SELECT", "SELECT_V2", "PRELU"),
        *("STABLEHLO_ADD", "STABLEHLO_SUBTRACT", "STABLEHLO_MULTIPLY", "STABLEHLO_DIVIDE", "STABLEHLO_REMAINDER"),
        *("STABLEHLO_POWER", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM", "STABLEHLO_AND", "STABLEHLO_OR"),
        *("STABLEHLO_SHIFT_LEFT", "STABLEHLO_COMPARE", "STABLEHLO_SELECT", "STABLEHLO_CLAMP"),
    ),
    "a function of one value": (
        *("RELU", "RELU_N1_TO_1", "RELU6", "RELU_0_TO_1", "LEAKY_RELU", "ELU", "GELU", "HARD_SWISH", "LOGISTIC"),
        *("TANH", "EXP", "LOG", "SIN", "COS", "SQRT", "RSQRT", "SQUARE", "ABS", "NEG", "SIGN", "FLOOR", "CEIL"),
        *("ROUND", "COMPLEX_ABS", "REAL", "IMAG", "ZEROS_LIKE", "BUCKETIZE", "STABLEHLO_LOGISTIC"),
        *("STABLEHLO_TANH", "STABLEHLO_EXPONENTIAL", "STABLEHLO_LOG", "STABLEHLO_COSINE", "STABLEHLO_RSQRT"),
        *("STABLEHLO_CBRT", "STABLEHLO_ABS", "STABLEHLO_NEGATE", "STABLEHLO_FLOOR"),
    ),
    "another number format": (
        *("QUANTIZE", "DEQUANTIZE", "FAKE_QUANT", "CAST", "BITCAST", "STABLEHLO_CONVERT", "DENSIFY"),
    ),
    "sums, maxima or norms without weights; papers and compilers count no MACs for them": (
        *("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D", "MEAN", "SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN"),
        *("REDUCE_ANY", "REDUCE_ALL", "REDUCE_WINDOW", "CUMSUM", "SEGMENT_SUM", "UNSORTED_SEGMENT_SUM"),
        *("UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_MAX", "UNSORTED_SEGMENT_MIN", "ARG_MAX", "ARG_MIN", "SOFTMAX"),
        *("LOG_SOFTMAX", "L2_NORMALIZATION", "LOCAL_RESPONSE_NORMALIZATION", "STABLEHLO_REDUCE"),
        "STABLEHLO_REDUCE_WINDOW",
    ),
    "values that only change their place or are repeated": (
        *("CONCATENATION", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "MIRROR_PAD", "SLICE"),
        *("STRIDED_SLICE", "SPLIT", "SPLIT_V", "PACK", "UNPACK", "TILE", "GATHER", "GATHER_ND", "SCATTER_ND"),
        *("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "REVERSE_V2", "DILATE"),
        *("REVERSE_SEQUENCE", "BROADCAST_TO", "MATRIX_DIAG", "MATRIX_SET_DIAG", "DYNAMIC_UPDATE_SLICE"),
        *("SPARSE_TO_DENSE", "ONE_HOT", "RESIZE_NEAREST_NEIGHBOR", "STABLEHLO_RESHAPE", "STABLEHLO_CONCATENATE"),
        *("STABLEHLO_BROADCAST_IN_DIM", "STABLEHLO_SLICE", "STABLEHLO_DYNAMIC_SLICE", "STABLEHLO_GATHER"),
        *("STABLEHLO_DYNAMIC_UPDATE_SLICE", "STABLEHLO_PAD", "STABLEHLO_SCATTER", "STABLEHLO_TRANSPOSE"),
    ),
    "interpolation between neighbours; papers and compilers count no MACs for it": ("RESIZE_BILINEAR",),
    "a Fourier transform: not a product with weights": ("RFFT2D",),
    "look-ups, hashes, sorting and selection": (
        *("EMBEDDING_LOOKUP", "HASHTABLE_LOOKUP", "CONCAT_EMBEDDINGS", "HASHTABLE", "HASHTABLE_FIND"),
        *("HASHTABLE_IMPORT", "HASHTABLE_SIZE", "LSH_PROJECTION", "SKIP_GRAM", "TOPK_V2", "UNIQUE", "WHERE"),
        *("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "STABLEHLO_SORT"),
    ),
    "values made from shapes or from a random generator": (
        *("SHAPE", "RANK", "FILL", "RANGE", "BROADCAST_ARGS", "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM"),
        *("MULTINOMIAL", "STABLEHLO_IOTA", "STABLEHLO_RNG_BIT_GENERATOR"),
    ),
    "state that is kept between inferences": ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"),
    "control flow: the operators of the subgraphs that it runs count where they are listed, once": (
        *("CALL", "CALL_ONCE", "IF", "WHILE", "STABLEHLO_WHILE", "STABLEHLO_CASE", "STABLEHLO_COMPOSITE"),
    ),
    "no operator, but the mark of codes that need a wider field": ("PLACEHOLDER_FOR_GREATER_OP_CODES",),
}

WITHOUT_MACS: dict[str, str] = {kind: reason for reason, kinds in _REASONS.items() for kind in kinds}
"""Why a builtin operator type counts as having none."""

WITH_UNKNOWN_MACS: dict[str, str] = {
    "CUSTOM": "its code is not in the file; those that are known are counted by their custom code",
    "DELEGATE": "what a delegate took is not in the file",
    "STABLEHLO_CUSTOM_CALL": "what it calls is not in the file",
}
"""Why nobody can tell from the file."""

CUSTOM_WITHOUT_MACS: dict[str, str] = {
    "TFLite_Detection_PostProcess": "decodes boxes, sorts and selects",
    "PosenetDecoderOp": "decodes key points, sorts and selects",
    "MaxPoolingWithArgmax2D": "maxima without weights",
    "MaxUnpooling2D": "values that only change their place",
}
"""Why a custom operator counts as having none, by custom code."""
