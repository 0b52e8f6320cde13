"""The table of operator types: a row for every builtin operator of the TFLite schema, and for known custom operators.

Sources: the schema (`schema.fbs`) for the names; LiteRT's kernels (`tflite/kernels`) for operands, quantization and
dependence on values; `tflite/tools/versioning/op_version.cc` for versions.
"""

from __future__ import annotations

from collections.abc import Mapping

from npufit.graph.model import CUSTOM, Operator
from npufit.graph.operator_types import macs, shapes
from npufit.graph.operator_types.operator_type import Family, Kind, OperatorType, Role, Scaling

_row = OperatorType

_DATA = (Role.DATA,)
_PAIR = (Role.DATA, Role.DATA)
_WEIGHTED = (Role.DATA, Role.WEIGHTS, Role.BIAS)
_UPSAMPLED = (Role.SHAPE, Role.WEIGHTS, Role.DATA, Role.BIAS)
_CELL = (Role.DATA, Role.WEIGHTS, Role.WEIGHTS, Role.BIAS, Role.STATE)
_REDUCED = (Role.DATA, Role.REDUCED_AXES)
_TRIPLE = (Role.DATA, Role.DATA, Role.DATA)
_BOXES = (Role.DATA, Role.DATA, Role.PARAMETER, Role.PARAMETER, Role.PARAMETER)

# fmt: off
_BUILTIN = (
    # Sums of products with weights.
    _row("CONV_2D", Kind.PRODUCT, _WEIGHTED, Family.CONVOLUTION, Scaling.FREE, 3, optional=1,
         shape=shapes.convolution, macs=macs.convolution, channel_axis=0),
    _row("DEPTHWISE_CONV_2D", Kind.PRODUCT, _WEIGHTED, Family.DEPTHWISE, Scaling.FREE, 3, optional=1,
         shape=shapes.convolution, macs=macs.depthwise, channel_axis=3),
    _row("FULLY_CONNECTED", Kind.PRODUCT, _WEIGHTED, Family.MATRIX, Scaling.FREE, 4, optional=1,
         shape=shapes.fully_connected, macs=macs.fully_connected, channel_axis=0),
    _row("LSTM", Kind.PRODUCT, family=Family.RECURRENT, macs=macs.lstm),
    _row("RNN", Kind.PRODUCT, _CELL, optional=2, macs=macs.recurrent(1, 2)),
    _row("SVDF", Kind.PRODUCT, _CELL, Family.RECURRENT, int8_version=3, optional=2, shape=shapes.svdf, macs=macs.svdf),
    _row("EMBEDDING_LOOKUP_SPARSE", Kind.PRODUCT, macs=macs.sparse_embedding),
    _row("UNIDIRECTIONAL_SEQUENCE_RNN", Kind.PRODUCT, _CELL, Family.RECURRENT, optional=2, macs=macs.recurrent(1, 2)),
    _row("UNIDIRECTIONAL_SEQUENCE_LSTM", Kind.PRODUCT, _DATA, Family.RECURRENT, macs=macs.lstm_of_gates),
    _row("BIDIRECTIONAL_SEQUENCE_RNN", Kind.PRODUCT, macs=macs.recurrent(1, 2, 5, 6, 10, 11)),
    _row("BIDIRECTIONAL_SEQUENCE_LSTM", Kind.PRODUCT, _DATA, macs=macs.recurrent(*range(1, 9), 16, *range(18, 26), 33,
         *range(40, 48))),
    _row("TRANSPOSE_CONV", Kind.PRODUCT, _UPSAMPLED, Family.TRANSPOSED, Scaling.FREE, 2, optional=1,
         shape=shapes.transpose_convolution, macs=macs.transpose_convolution, channel_axis=0),
    _row("BATCH_MATMUL", Kind.PRODUCT, _PAIR, Family.MATRIX, int8_version=2, shape=shapes.batch_matmul,
         macs=macs.batch_matmul),
    _row("CONV_3D", Kind.PRODUCT, _WEIGHTED, Family.CONVOLUTION, optional=1, macs=macs.convolution_3d),
    _row("CONV_3D_TRANSPOSE", Kind.PRODUCT, _UPSAMPLED, optional=1, macs=macs.transpose_convolution_3d),
    # One or two operations for each value.
    _row("ADD", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, Scaling.FREE, 2, shape=shapes.broadcast),
    _row("MUL", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, Scaling.FREE, 2, shape=shapes.broadcast),
    _row("SUB", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, Scaling.FREE, 2, shape=shapes.broadcast),
    _row("DIV", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, shape=shapes.broadcast),
    _row("PRELU", Kind.ARITHMETIC, (Role.DATA, Role.PARAMETER), Family.ELEMENTWISE, Scaling.FREE,
         shape=shapes.unchanged),
    _row("MAXIMUM", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, Scaling.COPIES, 2, shape=shapes.broadcast),
    _row("MINIMUM", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, Scaling.COPIES, 2, shape=shapes.broadcast),
    _row("LESS", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, int8_version=2),
    _row("GREATER", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, int8_version=2),
    _row("GREATER_EQUAL", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, int8_version=2),
    _row("LESS_EQUAL", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, int8_version=2),
    _row("SELECT", Kind.ARITHMETIC, _TRIPLE, Family.ELEMENTWISE, int8_version=2),
    _row("EQUAL", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, int8_version=2),
    _row("NOT_EQUAL", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, int8_version=2),
    _row("POW", Kind.ARITHMETIC, _PAIR, shape=shapes.broadcast),
    _row("LOGICAL_OR", Kind.ARITHMETIC, _PAIR),
    _row("LOGICAL_AND", Kind.ARITHMETIC, _PAIR),
    _row("LOGICAL_NOT", Kind.ARITHMETIC, _DATA),
    _row("FLOOR_DIV", Kind.ARITHMETIC, _PAIR, int8_version=3),
    _row("FLOOR_MOD", Kind.ARITHMETIC, _PAIR, int8_version=2),
    _row("SQUARED_DIFFERENCE", Kind.ARITHMETIC, _PAIR, Family.ELEMENTWISE, int8_version=2, shape=shapes.broadcast),
    _row("ADD_N", Kind.ARITHMETIC, _DATA, Family.ELEMENTWISE, repeats=True),
    _row("SELECT_V2", Kind.ARITHMETIC, _TRIPLE, Family.ELEMENTWISE),
    _row("ATAN2", Kind.ARITHMETIC, _PAIR),
    _row("BITWISE_XOR", Kind.ARITHMETIC, _PAIR),
    _row("RIGHT_SHIFT", Kind.ARITHMETIC, _PAIR),
    # Functions of one value.
    _row("FLOOR", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, shape=shapes.unchanged),
    _row("LOGISTIC", Kind.FUNCTION, _DATA, Family.LOOKUP, Scaling.FIXED, 2, shape=shapes.unchanged),
    _row("RELU", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, Scaling.FREE, 2, shape=shapes.unchanged),
    _row("RELU_N1_TO_1", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, shape=shapes.unchanged),
    _row("RELU6", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, Scaling.FREE, 2, shape=shapes.unchanged),
    _row("TANH", Kind.FUNCTION, _DATA, Family.LOOKUP, Scaling.FIXED, 2, shape=shapes.unchanged),
    _row("EXP", Kind.FUNCTION, _DATA, Family.LOOKUP, int8_version=2, shape=shapes.unchanged),
    _row("NEG", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, shape=shapes.unchanged),
    _row("SIN", Kind.FUNCTION, _DATA, Family.LOOKUP, shape=shapes.unchanged),
    _row("LOG", Kind.FUNCTION, _DATA, Family.LOOKUP, int8_version=2, shape=shapes.unchanged),
    _row("SQRT", Kind.FUNCTION, _DATA, Family.LOOKUP, shape=shapes.unchanged),
    _row("RSQRT", Kind.FUNCTION, _DATA, Family.LOOKUP, int8_version=2, shape=shapes.unchanged),
    _row("SQUARE", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, shape=shapes.unchanged),
    _row("ZEROS_LIKE", Kind.FUNCTION, _DATA),
    _row("LEAKY_RELU", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, Scaling.FREE, shape=shapes.unchanged),
    _row("ABS", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, int8_version=2, shape=shapes.unchanged),
    _row("CEIL", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, shape=shapes.unchanged),
    _row("COS", Kind.FUNCTION, _DATA, Family.LOOKUP, shape=shapes.unchanged),
    _row("ELU", Kind.FUNCTION, _DATA, Family.LOOKUP, shape=shapes.unchanged),
    _row("ROUND", Kind.FUNCTION, _DATA, Family.ELEMENTWISE, shape=shapes.unchanged),
    _row("HARD_SWISH", Kind.FUNCTION, _DATA, Family.LOOKUP, Scaling.FREE, shape=shapes.unchanged),
    _row("IMAG", Kind.FUNCTION, _DATA),
    _row("REAL", Kind.FUNCTION, _DATA),
    _row("COMPLEX_ABS", Kind.FUNCTION, _DATA),
    _row("BUCKETIZE", Kind.FUNCTION, _DATA),
    _row("GELU", Kind.FUNCTION, _DATA, Family.LOOKUP, int8_version=2, shape=shapes.unchanged),
    _row("RELU_0_TO_1", Kind.FUNCTION, _DATA),
    _row("SIGN", Kind.FUNCTION, _DATA),
    # Other number formats, other storage.
    _row("DEQUANTIZE", Kind.FORMAT, _DATA, Family.CONVERSION, Scaling.READS, 2, shape=shapes.unchanged),
    _row("CAST", Kind.FORMAT, _DATA, Family.CONVERSION, int8_version=3, shape=shapes.unchanged),
    _row("FAKE_QUANT", Kind.FORMAT, _DATA, Family.CONVERSION),
    _row("QUANTIZE", Kind.FORMAT, _DATA, Family.CONVERSION, Scaling.FREE, shape=shapes.unchanged),
    _row("DENSIFY", Kind.STORAGE, _DATA),
    _row("BITCAST", Kind.STORAGE, _DATA),
    # Sums, maxima and norms.
    _row("AVERAGE_POOL_2D", Kind.SUM, _DATA, Family.POOLING, Scaling.COPIES, 2, shape=shapes.pool),
    _row("L2_NORMALIZATION", Kind.SUM, _DATA, Family.SOFTMAX, int8_version=2, shape=shapes.unchanged),
    _row("L2_POOL_2D", Kind.SUM, _DATA, Family.POOLING, shape=shapes.pool),
    _row("LOCAL_RESPONSE_NORMALIZATION", Kind.SUM, _DATA),
    _row("MAX_POOL_2D", Kind.SUM, _DATA, Family.POOLING, Scaling.COPIES, 2, shape=shapes.pool),
    _row("SOFTMAX", Kind.SUM, _DATA, Family.SOFTMAX, Scaling.FIXED, 2, shape=shapes.unchanged),
    _row("MEAN", Kind.SUM, _REDUCED, Family.REDUCTION, Scaling.FREE, 2, shape=shapes.reduce),
    _row("LOG_SOFTMAX", Kind.SUM, _DATA, Family.SOFTMAX, int8_version=2, shape=shapes.unchanged),
    _row("ARG_MAX", Kind.SUM, _REDUCED, Family.REDUCTION, Scaling.READS, 2, shape=shapes.arg_extreme),
    _row("SUM", Kind.SUM, _REDUCED, Family.REDUCTION, int8_version=2, shape=shapes.reduce),
    _row("ARG_MIN", Kind.SUM, _REDUCED, Family.REDUCTION, Scaling.READS, 2, shape=shapes.arg_extreme),
    _row("REDUCE_PROD", Kind.SUM, _REDUCED, Family.REDUCTION, int8_version=2, shape=shapes.reduce),
    _row("REDUCE_MAX", Kind.SUM, _REDUCED, Family.REDUCTION, int8_version=2, shape=shapes.reduce),
    _row("REDUCE_MIN", Kind.SUM, _REDUCED, Family.REDUCTION, int8_version=2, shape=shapes.reduce),
    _row("REDUCE_ANY", Kind.SUM, _REDUCED),
    _row("SEGMENT_SUM", Kind.SUM),
    _row("CUMSUM", Kind.SUM, (Role.DATA, Role.AXIS)),
    _row("REDUCE_ALL", Kind.SUM, _REDUCED),
    _row("UNSORTED_SEGMENT_PROD", Kind.SUM),
    _row("UNSORTED_SEGMENT_MAX", Kind.SUM),
    _row("UNSORTED_SEGMENT_SUM", Kind.SUM),
    _row("UNSORTED_SEGMENT_MIN", Kind.SUM),
    _row("REDUCE_WINDOW", Kind.SUM),
    # Values that only change their place, and interpolation between neighbours.
    _row("CONCATENATION", Kind.MOVEMENT, _DATA, Family.MOVEMENT, Scaling.COPIES, 2, repeats=True,
         shape=shapes.concatenation),
    _row("DEPTH_TO_SPACE", Kind.MOVEMENT, _DATA, Family.MOVEMENT, Scaling.COPIES),
    _row("RESHAPE", Kind.MOVEMENT, (Role.DATA, Role.SHAPE), Family.FREE, Scaling.COPIES, optional=1,
         shape=shapes.reshape),
    _row("RESIZE_BILINEAR", Kind.INTERPOLATION, (Role.DATA, Role.MAP_SIZE), Family.RESIZE, Scaling.COPIES, 2,
         shape=shapes.resize),
    _row("SPACE_TO_DEPTH", Kind.MOVEMENT, _DATA, Family.MOVEMENT, Scaling.COPIES, 2),
    _row("PAD", Kind.MOVEMENT, (Role.DATA, Role.PADDINGS), Family.MOVEMENT, Scaling.COPIES, 2, shape=shapes.pad),
    _row("GATHER", Kind.MOVEMENT, (Role.DATA, Role.ROW), Family.MOVEMENT, Scaling.COPIES, 2, shape=shapes.gather),
    _row("BATCH_TO_SPACE_ND", Kind.MOVEMENT, (Role.DATA, Role.BLOCK, Role.BORDERS), Family.MOVEMENT, Scaling.COPIES, 2),
    _row("SPACE_TO_BATCH_ND", Kind.MOVEMENT, (Role.DATA, Role.BLOCK, Role.BORDERS), Family.MOVEMENT, Scaling.COPIES, 2),
    _row("TRANSPOSE", Kind.MOVEMENT, (Role.DATA, Role.ORDER), Family.TRANSPOSE, Scaling.COPIES, 2,
         shape=shapes.transpose),
    _row("SQUEEZE", Kind.MOVEMENT, _DATA, Family.FREE, Scaling.COPIES, shape=shapes.squeeze),
    _row("STRIDED_SLICE", Kind.MOVEMENT, (Role.DATA, Role.BEGIN, Role.END, Role.STRIDES), Family.MOVEMENT,
         Scaling.COPIES, 2, shape=shapes.strided_slice),
    _row("SPLIT", Kind.MOVEMENT, (Role.SPLIT_AXIS, Role.DATA), Family.MOVEMENT, Scaling.COPIES, 2, shape=shapes.split),
    _row("PADV2", Kind.MOVEMENT, (Role.DATA, Role.PADDINGS, Role.PARAMETER), Family.MOVEMENT, int8_version=2,
         shape=shapes.pad),
    _row("SLICE", Kind.MOVEMENT, (Role.DATA, Role.BEGIN, Role.SHAPE), Family.MOVEMENT, Scaling.COPIES, 2,
         shape=shapes.part),
    _row("SPARSE_TO_DENSE", Kind.MOVEMENT, (Role.TARGET, Role.SHAPE, Role.DATA, Role.PARAMETER), int8_version=3),
    _row("TILE", Kind.MOVEMENT, (Role.DATA, Role.MULTIPLES), Family.MOVEMENT, Scaling.COPIES, 3),
    _row("EXPAND_DIMS", Kind.MOVEMENT, (Role.DATA, Role.NEW_AXIS), Family.FREE, Scaling.COPIES,
         shape=shapes.expand_dims),
    _row("PACK", Kind.MOVEMENT, _DATA, Family.MOVEMENT, Scaling.COPIES, 2, repeats=True, shape=shapes.pack),
    _row("ONE_HOT", Kind.MOVEMENT, (Role.CLASS, Role.COUNT, Role.PARAMETER, Role.PARAMETER)),
    _row("UNPACK", Kind.MOVEMENT, _DATA, Family.MOVEMENT, Scaling.COPIES, 2, shape=shapes.unpack),
    _row("RESIZE_NEAREST_NEIGHBOR", Kind.MOVEMENT, (Role.DATA, Role.MAP_SIZE), Family.MOVEMENT, Scaling.COPIES, 2,
         shape=shapes.resize),
    _row("MIRROR_PAD", Kind.MOVEMENT, (Role.DATA, Role.PADDINGS), Family.MOVEMENT, Scaling.COPIES, 2, shape=shapes.pad),
    _row("SPLIT_V", Kind.MOVEMENT, (Role.DATA, Role.PART_SIZES, Role.SPLIT_AXIS), Family.MOVEMENT, Scaling.COPIES, 2),
    _row("REVERSE_V2", Kind.MOVEMENT, (Role.DATA, Role.AXIS), Family.MOVEMENT, Scaling.COPIES, 3),
    _row("GATHER_ND", Kind.MOVEMENT, (Role.DATA, Role.POINT), Family.MOVEMENT),
    _row("REVERSE_SEQUENCE", Kind.MOVEMENT, (Role.DATA, Role.LENGTHS)),
    _row("MATRIX_DIAG", Kind.MOVEMENT, _DATA),
    _row("MATRIX_SET_DIAG", Kind.MOVEMENT, _PAIR),
    _row("SCATTER_ND", Kind.MOVEMENT, (Role.TARGET, Role.DATA, Role.SHAPE), Family.MOVEMENT),
    _row("BROADCAST_TO", Kind.MOVEMENT, (Role.DATA, Role.SHAPE), Family.MOVEMENT, int8_version=3),
    _row("DYNAMIC_UPDATE_SLICE", Kind.MOVEMENT, (Role.DATA, Role.DATA, Role.OFFSET)),
    _row("DILATE", Kind.MOVEMENT),
    # Look-ups, sorting, selection, and a Fourier transform.
    _row("EMBEDDING_LOOKUP", Kind.SELECTION, (Role.ROW, Role.DATA)),
    _row("HASHTABLE_LOOKUP", Kind.SELECTION),
    _row("LSH_PROJECTION", Kind.SELECTION),
    _row("CONCAT_EMBEDDINGS", Kind.SELECTION),
    _row("SKIP_GRAM", Kind.SELECTION),
    _row("TOPK_V2", Kind.SELECTION, (Role.DATA, Role.COUNT), Family.DETECTION, int8_version=2),
    _row("UNIQUE", Kind.SELECTION, _DATA, sized_by_values=True),
    _row("WHERE", Kind.SELECTION, _DATA, Family.ELEMENTWISE, int8_version=2, sized_by_values=True),
    _row("NON_MAX_SUPPRESSION_V4", Kind.SELECTION, _BOXES, Family.DETECTION, sized_by_values=True),
    _row("NON_MAX_SUPPRESSION_V5", Kind.SELECTION, (*_BOXES, Role.PARAMETER), Family.DETECTION, sized_by_values=True),
    _row("RFFT2D", Kind.TRANSFORM),
    # Values made from shapes or by chance.
    _row("SHAPE", Kind.SOURCE, _DATA, Family.FREE, shape=shapes.rank),
    _row("FILL", Kind.SOURCE, (Role.SHAPE, Role.DATA), Family.FREE, int8_version=3),
    _row("RANGE", Kind.SOURCE, (Role.RANGE_START, Role.RANGE_LIMIT, Role.RANGE_DELTA)),
    _row("RANK", Kind.SOURCE, _DATA, Family.FREE),
    _row("BROADCAST_ARGS", Kind.SOURCE),
    _row("RANDOM_STANDARD_NORMAL", Kind.RANDOM, (Role.SHAPE,)),
    _row("RANDOM_UNIFORM", Kind.RANDOM, (Role.SHAPE,)),
    _row("MULTINOMIAL", Kind.RANDOM, (Role.DATA, Role.COUNT)),
    # State, control flow, and what is not in the file.
    _row("CALL", Kind.CONTROL),
    _row("CUSTOM", Kind.OUTSIDE),
    _row("DELEGATE", Kind.OUTSIDE),
    _row("IF", Kind.CONTROL),
    _row("WHILE", Kind.CONTROL),
    _row("PLACEHOLDER_FOR_GREATER_OP_CODES", Kind.RESERVED),
    _row("CALL_ONCE", Kind.CONTROL),
    _row("HASHTABLE", Kind.STATE),
    _row("HASHTABLE_FIND", Kind.STATE),
    _row("HASHTABLE_IMPORT", Kind.STATE),
    _row("HASHTABLE_SIZE", Kind.STATE),
    _row("VAR_HANDLE", Kind.STATE),
    _row("READ_VARIABLE", Kind.STATE),
    _row("ASSIGN_VARIABLE", Kind.STATE),
    # StableHLO, as converters from JAX and PyTorch write it.
    _row("STABLEHLO_LOGISTIC", Kind.FUNCTION),
    _row("STABLEHLO_ADD", Kind.ARITHMETIC),
    _row("STABLEHLO_DIVIDE", Kind.ARITHMETIC),
    _row("STABLEHLO_MULTIPLY", Kind.ARITHMETIC),
    _row("STABLEHLO_MAXIMUM", Kind.ARITHMETIC),
    _row("STABLEHLO_RESHAPE", Kind.MOVEMENT),
    _row("STABLEHLO_CLAMP", Kind.ARITHMETIC),
    _row("STABLEHLO_CONCATENATE", Kind.MOVEMENT),
    _row("STABLEHLO_BROADCAST_IN_DIM", Kind.MOVEMENT),
    _row("STABLEHLO_CONVOLUTION", Kind.PRODUCT, macs=macs.stablehlo_convolution),
    _row("STABLEHLO_SLICE", Kind.MOVEMENT),
    _row("STABLEHLO_CUSTOM_CALL", Kind.OUTSIDE),
    _row("STABLEHLO_REDUCE", Kind.SUM),
    _row("STABLEHLO_ABS", Kind.FUNCTION),
    _row("STABLEHLO_AND", Kind.ARITHMETIC),
    _row("STABLEHLO_COSINE", Kind.FUNCTION),
    _row("STABLEHLO_EXPONENTIAL", Kind.FUNCTION),
    _row("STABLEHLO_FLOOR", Kind.FUNCTION),
    _row("STABLEHLO_LOG", Kind.FUNCTION),
    _row("STABLEHLO_MINIMUM", Kind.ARITHMETIC),
    _row("STABLEHLO_NEGATE", Kind.FUNCTION),
    _row("STABLEHLO_OR", Kind.ARITHMETIC),
    _row("STABLEHLO_POWER", Kind.ARITHMETIC),
    _row("STABLEHLO_REMAINDER", Kind.ARITHMETIC),
    _row("STABLEHLO_RSQRT", Kind.FUNCTION),
    _row("STABLEHLO_SELECT", Kind.ARITHMETIC),
    _row("STABLEHLO_SUBTRACT", Kind.ARITHMETIC),
    _row("STABLEHLO_TANH", Kind.FUNCTION),
    _row("STABLEHLO_SCATTER", Kind.MOVEMENT),
    _row("STABLEHLO_COMPARE", Kind.ARITHMETIC),
    _row("STABLEHLO_CONVERT", Kind.FORMAT),
    _row("STABLEHLO_DYNAMIC_SLICE", Kind.MOVEMENT),
    _row("STABLEHLO_DYNAMIC_UPDATE_SLICE", Kind.MOVEMENT),
    _row("STABLEHLO_PAD", Kind.MOVEMENT),
    _row("STABLEHLO_IOTA", Kind.SOURCE),
    _row("STABLEHLO_DOT_GENERAL", Kind.PRODUCT, macs=macs.dot_general),
    _row("STABLEHLO_REDUCE_WINDOW", Kind.SUM),
    _row("STABLEHLO_SORT", Kind.SELECTION),
    _row("STABLEHLO_WHILE", Kind.CONTROL),
    _row("STABLEHLO_GATHER", Kind.MOVEMENT),
    _row("STABLEHLO_TRANSPOSE", Kind.MOVEMENT),
    _row("STABLEHLO_RNG_BIT_GENERATOR", Kind.RANDOM),
    _row("STABLEHLO_COMPOSITE", Kind.CONTROL),
    _row("STABLEHLO_SHIFT_LEFT", Kind.ARITHMETIC),
    _row("STABLEHLO_CBRT", Kind.FUNCTION),
    _row("STABLEHLO_CASE", Kind.CONTROL),
)
# fmt: on

_CUSTOM = (
    _row("Convolution2DTransposeBias", Kind.PRODUCT, macs=macs.biased_transpose_convolution),
    _row("TFLite_Detection_PostProcess", Kind.SELECTION, family=Family.DETECTION),
    _row("PosenetDecoderOp", Kind.SELECTION),
    _row("MaxPoolingWithArgmax2D", Kind.SUM),
    _row("MaxUnpooling2D", Kind.MOVEMENT),
)

OPERATOR_TYPES: Mapping[str, OperatorType] = {row.name: row for row in _BUILTIN}
"""Every builtin operator type, by its name in the schema."""

CUSTOM_OPERATOR_TYPES: Mapping[str, OperatorType] = {row.name: row for row in _CUSTOM}
"""The known custom operators, by their custom code."""

CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
"""The convolutions over rows and columns that LiteRT computes in integers, without TRANSPOSE_CONV."""


def operator_type(operator: Operator) -> OperatorType:
    """Return the row for the type of `operator`; the row of CUSTOM if its code is unknown."""
    unknown = OPERATOR_TYPES[CUSTOM]
    if operator.type == CUSTOM:
        return CUSTOM_OPERATOR_TYPES.get(operator.custom_code or "", unknown)
    return OPERATOR_TYPES.get(operator.type, unknown)
