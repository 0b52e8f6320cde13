"""The options of operators: typed if npufit reasons about them, otherwise complete and untyped.

The fields are those of the TFLite schema, in snake case; the defaults are the schema's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Padding(IntEnum):
    """How a window operator treats the border."""

    SAME = 0
    VALID = 1


class Activation(IntEnum):
    """The activation that is fused into an operator."""

    NONE = 0
    RELU = 1
    RELU_N1_TO_1 = 2
    RELU6 = 3
    TANH = 4
    SIGN_BIT = 5


OptionValue = int | float | bool | bytes | tuple[int, ...] | tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True)
class OtherOptions:
    """Options of an operator that npufit has no rule for: the schema's table and its fields, complete."""

    table: str
    fields: tuple[tuple[str, OptionValue], ...] = ()


@dataclass(frozen=True, slots=True)
class Conv2DOptions:
    """Options of CONV_2D."""

    padding: Padding = Padding.SAME
    stride_w: int = 0
    stride_h: int = 0
    fused_activation_function: Activation = Activation.NONE
    dilation_w_factor: int = 1
    dilation_h_factor: int = 1
    quantized_bias_type: int = 0


@dataclass(frozen=True, slots=True)
class DepthwiseConv2DOptions:
    """Options of DEPTHWISE_CONV_2D."""

    padding: Padding = Padding.SAME
    stride_w: int = 0
    stride_h: int = 0
    depth_multiplier: int = 0
    fused_activation_function: Activation = Activation.NONE
    dilation_w_factor: int = 1
    dilation_h_factor: int = 1


@dataclass(frozen=True, slots=True)
class TransposeConvOptions:
    """Options of TRANSPOSE_CONV."""

    padding: Padding = Padding.SAME
    stride_w: int = 0
    stride_h: int = 0
    fused_activation_function: Activation = Activation.NONE
    quantized_bias_type: int = 0


@dataclass(frozen=True, slots=True)
class Pool2DOptions:
    """Options of AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D."""

    padding: Padding = Padding.SAME
    stride_w: int = 0
    stride_h: int = 0
    filter_width: int = 0
    filter_height: int = 0
    fused_activation_function: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class FullyConnectedOptions:
    """Options of FULLY_CONNECTED."""

    fused_activation_function: Activation = Activation.NONE
    weights_format: int = 0
    keep_num_dims: bool = False
    asymmetric_quantize_inputs: bool = False
    quantized_bias_type: int = 0
    quant_spec: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class AddOptions:
    """Options of ADD."""

    fused_activation_function: Activation = Activation.NONE
    pot_scale_int16: bool = True


@dataclass(frozen=True, slots=True)
class SubOptions:
    """Options of SUB."""

    fused_activation_function: Activation = Activation.NONE
    pot_scale_int16: bool = True


@dataclass(frozen=True, slots=True)
class MulOptions:
    """Options of MUL."""

    fused_activation_function: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class DivOptions:
    """Options of DIV."""

    fused_activation_function: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class ConcatenationOptions:
    """Options of CONCATENATION."""

    axis: int = 0
    fused_activation_function: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class SoftmaxOptions:
    """Options of SOFTMAX."""

    beta: float = 0.0


@dataclass(frozen=True, slots=True)
class ReshapeOptions:
    """Options of RESHAPE; `new_shape` is None if only the second input gives the shape."""

    new_shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class StridedSliceOptions:
    """Options of STRIDED_SLICE: bit masks over the dimensions."""

    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0
    offset: bool = False


@dataclass(frozen=True, slots=True)
class ResizeNearestNeighborOptions:
    """Options of RESIZE_NEAREST_NEIGHBOR."""

    align_corners: bool = False
    half_pixel_centers: bool = False


@dataclass(frozen=True, slots=True)
class ResizeBilinearOptions:
    """Options of RESIZE_BILINEAR."""

    align_corners: bool = False
    half_pixel_centers: bool = False


@dataclass(frozen=True, slots=True)
class ReducerOptions:
    """Options of MEAN, SUM and the other reductions."""

    keep_dims: bool = False


@dataclass(frozen=True, slots=True)
class LeakyReluOptions:
    """Options of LEAKY_RELU."""

    alpha: float = 0.0


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Options of SPLIT."""

    num_splits: int = 0


@dataclass(frozen=True, slots=True)
class PackOptions:
    """Options of PACK."""

    values_count: int = 0
    axis: int = 0


@dataclass(frozen=True, slots=True)
class UnpackOptions:
    """Options of UNPACK."""

    num: int = 0
    axis: int = 0


@dataclass(frozen=True, slots=True)
class SqueezeOptions:
    """Options of SQUEEZE."""

    squeeze_dims: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class GatherOptions:
    """Options of GATHER."""

    axis: int = 0
    batch_dims: int = 0


@dataclass(frozen=True, slots=True)
class BatchMatMulOptions:
    """Options of BATCH_MATMUL."""

    adj_x: bool = False
    adj_y: bool = False
    asymmetric_quantize_inputs: bool = False


Options = (
    OtherOptions
    | Conv2DOptions
    | DepthwiseConv2DOptions
    | TransposeConvOptions
    | Pool2DOptions
    | FullyConnectedOptions
    | AddOptions
    | SubOptions
    | MulOptions
    | DivOptions
    | ConcatenationOptions
    | SoftmaxOptions
    | ReshapeOptions
    | StridedSliceOptions
    | ResizeNearestNeighborOptions
    | ResizeBilinearOptions
    | ReducerOptions
    | LeakyReluOptions
    | SplitOptions
    | PackOptions
    | UnpackOptions
    | SqueezeOptions
    | GatherOptions
    | BatchMatMulOptions
)


def fused_activation(options: Options | None) -> Activation:
    """Return the activation fused into an operator with these options; NONE if it has no such field."""
    return getattr(options, "fused_activation_function", Activation.NONE)
