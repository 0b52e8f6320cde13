"""Versions of operators: runtimes choose kernels by them, and Teflon reads the dilation from version 2 on only."""

from __future__ import annotations

from collections.abc import Mapping

INT8_VERSIONS: Mapping[str, int] = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4} | dict.fromkeys(
    (
        "ADD", "SUB", "MUL", "AVERAGE_POOL_2D", "MAX_POOL_2D", "CONCATENATION", "SOFTMAX", "LOGISTIC", "PAD", "MEAN",
        "SLICE", "STRIDED_SLICE", "TRANSPOSE", "SPLIT", "RELU", "RELU6", "RESIZE_NEAREST_NEIGHBOR", "LEAKY_RELU",
        "TANH", "MAXIMUM", "MINIMUM", "DEQUANTIZE", "PACK", "UNPACK", "GATHER", "RESIZE_BILINEAR", "TRANSPOSE_CONV",
        "BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "ARG_MAX",
    ),
    2,
)  # fmt: skip
"""The version that brought int8 to each operator."""
