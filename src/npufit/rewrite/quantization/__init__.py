"""Quantizing: scales of weights and tensors, and float networks."""

from npufit.rewrite.quantization.equalization import Layer, equalize, find_pairs
from npufit.rewrite.quantization.float_weights import computes_in_float, with_float_weights
from npufit.rewrite.quantization.observed_ranges import (
    ChannelRanges,
    calibration_inputs,
    describe_calibration,
    observe_ranges,
)
from npufit.rewrite.quantization.quantizer import quantize_to_int8
from npufit.rewrite.quantization.tied_tensors import is_copying, tied_tensors
from npufit.rewrite.quantization.weighted_operators import (
    WEIGHTED_OPERATORS,
    has_plain_operands,
    quantized_bias,
    real_bias,
    real_weights,
    set_bias,
    weight_scales,
)

__all__ = [
    "WEIGHTED_OPERATORS",
    "ChannelRanges",
    "Layer",
    "calibration_inputs",
    "computes_in_float",
    "describe_calibration",
    "equalize",
    "find_pairs",
    "has_plain_operands",
    "is_copying",
    "observe_ranges",
    "quantize_to_int8",
    "quantized_bias",
    "real_bias",
    "real_weights",
    "set_bias",
    "tied_tensors",
    "weight_scales",
    "with_float_weights",
]
