"""Every boundary that Vela 5.2 states for nine operators, as a model on either side, and where Vela does otherwise.

Written by hand from Vela's report and from what it did; no search had a part in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.probing.differences import Outcome
from npufit.stacks.probed import Value

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
OPERATORS = (*CONVOLUTIONS, *POOLS, "ADD", "RESIZE_BILINEAR", "SOFTMAX", "MEAN")
_ALL_BUT_ADD = tuple(operator for operator in OPERATORS if operator != "ADD")

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Boundary:
    """A sentence of the report on some operators, and models by what is unusual about them.

    `taken` run on the NPU, and `refused` end as `outcome`. `sentence` is empty for what the report does not state.
    `is_slow` if Vela takes minutes for the largest that it takes, so that nobody knows who asks within seconds.
    """

    operators: tuple[str, ...]
    sentence: str
    taken: tuple[Values, ...]
    refused: tuple[Values, ...]
    outcome: Outcome = Outcome.CPU
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A model with which Vela does not do what its report says; `sentence` is empty if the report says nothing.

    `clause` is the part of a long sentence that matters.
    """

    operator: str
    sentence: str
    values: Values
    outcome: Outcome
    clause: str = ""


def _each(name: str, *values: Value, **others: Value) -> tuple[Values, ...]:
    return tuple({name: value} | others for value in values)


_POINT: Values = {"h": 1, "w": 1, "kh": 1, "kw": 1}
_DEEP: Values = _POINT | {"ofm_c": 1, "weight": 127, "c": 65_536}
_OVER: Values = _DEEP | {"weight": 128, "c": 65_025, "lowered_weights": 127}
_SUM = (
    "Weigth sum constraints: / IF 8-bit IFM: / The sum of absolute weights cannot exceed 8323072 / IF 16-bit IFM: / "
    "The sum of absolute weights cannot exceed 8323072"
)
_STRIDE = "Stride>3 is only supported IF (dilation = 1 AND padding = VALID)"
_SCALE_FACTOR = (
    "IF not (IFM H == IFM W == 1) AND not IFM Shape == OFM Shape: / IF W Scale-factor != H Scale-factor: / "
    "OFM W or H must be 1, and scaling in the dim that is must also be 1 / IF align corners: / "
    "Scale-factor is defined as OFM H-1 / IFM H-1 / ELSE: / Scale-factor is defined as OFM H/IFM H / "
    "IF half pixel centers: / Scale-factor needs to be 2x / Else: / Scale-factor needs to be one of: 2x/4x/8x"
)
_BIAS = "Int64 bias must be smaller than 1099511627775"
_FLAT: Values = {"kw": 1, "w": 1, "c": 1}
_LOW: Values = {"kh": 1, "h": 1, "c": 1}
_DIRECT: Values = {"stride_h": 1, "stride_w": 1}

BOUNDARIES = (
    Boundary(
        OPERATORS,
        'Feature-map dataTypes must be one of {"INT16", "INT32", "INT64", "INT8", "UINT8"}',
        _each("dtype", "int8", "uint8", "int16"),
        _each("dtype", "float32"),
    ),
    Boundary(_ALL_BUT_ADD, "32-bit feature-maps are not supported.", (), _each("dtype", "int32")),
    Boundary(OPERATORS, "64-bit feature-maps are not supported.", (), _each("dtype", "int64")),
    Boundary(
        OPERATORS,
        "Input(s), Output and Weight tensors must have quantization parameters.",
        _each("quantization", "per-tensor"),
        _each("quantization", "none"),
    ),
    Boundary(
        ("ADD",),
        "Zero-points must be 0 for Int32 and non-negative for unsigned dataTypes",
        (
            {"dtype": "int32"},
            {"dtype": "uint8", "zero_point": "positive"},
            *_each("zero_point", "positive", "negative"),
        ),
        _each("zero_point", "positive", "negative", dtype="int32"),
    ),
    Boundary(CONVOLUTIONS, "Bias tensors must be constant", _each("bias_as", "none"), _each("bias_as", "dynamic")),
    Boundary(CONVOLUTIONS, "Bias tensors precision must be Int32 or Int64", _each("bias_as", "int32", "int64"), ()),
    Boundary(
        CONVOLUTIONS,
        _BIAS,
        _each("bias_value", 1_099_511_627_774, bias_as="int64"),
        _each("bias_value", 1_099_511_627_776, bias_as="int64"),
    ),
    Boundary(
        CONVOLUTIONS,
        "Weight tensors must be 8-bit precision",
        (*_each("weights_as", "int8"), {"weights_as": "uint8", "weight": 120}),
        _each("weights_as", "int16", "float32"),
    ),
    Boundary(("CONV_2D",), _SUM, (_DEEP, _DEEP | {"dtype": "int16"}), (_OVER, _OVER | {"dtype": "int16"})),
    Boundary(("TRANSPOSE_CONV",), _SUM, (_DEEP | _DIRECT,), (_OVER | _DIRECT,)),
    Boundary(
        ("DEPTHWISE_CONV_2D",),
        _SUM,
        ({"h": 256, "w": 256, "kh": 256, "kw": 256, "c": 1, "padding": "VALID"},),
        ({"h": 257, "w": 256, "kh": 257, "kw": 256, "c": 1, "padding": "VALID"},),
    ),
    Boundary(
        ("CONV_2D", *POOLS),
        _STRIDE,
        (
            *_each("stride_h", 3),
            *_each("stride_w", 3),
            *_each("stride_h", 4, padding="VALID"),
            *_each("stride_w", 4, padding="VALID"),
        ),
        (*_each("stride_h", 4), *_each("stride_w", 4)),
    ),
    Boundary(("CONV_2D",), _STRIDE, (), _each("stride_h", 4, padding="VALID", dilation_w=2)),
    Boundary(
        ("DEPTHWISE_CONV_2D",),
        "Kernel stride must be in the range (1,3).",
        (*_each("stride_h", 1, 3), *_each("stride_w", 1, 3)),
        (*_each("stride_h", 4), *_each("stride_w", 4), *_each("stride_w", 4, padding="VALID")),
    ),
    Boundary(
        ("AVERAGE_POOL_2D",),
        "Kernel constraints: / IF padding=VALID: / Kernel product must be less than or equal to 256*256 / "
        "Kernel height must be less than or equal to 256. / ELSE: / Kernel width and height must be less than or equal "
        "to 8",
        (
            *_each("kh", 8),
            *_each("kw", 8),
            {"padding": "VALID", "h": 256, "kh": 256} | _FLAT,
            {"padding": "VALID", "w": 65_536, "kw": 65_536} | _LOW,
        ),
        (
            *_each("kh", 9),
            *_each("kw", 9),
            {"padding": "VALID", "h": 257, "kh": 257} | _FLAT,
            {"padding": "VALID", "w": 65_537, "kw": 65_537} | _LOW,
        ),
    ),
    Boundary(
        ("MAX_POOL_2D",),
        "kernel product must be less than or equal to 256*256 and kernel height must be less than or equal to 256.",
        ({"h": 256, "kh": 256} | _FLAT, {"padding": "VALID", "w": 65_536, "kw": 65_536} | _LOW),
        ({"h": 257, "kh": 257} | _FLAT, {"padding": "VALID", "w": 65_537, "kw": 65_537} | _LOW),
    ),
    Boundary(
        ("TRANSPOSE_CONV",),
        "Shape constraints: / IF PADDING=SAME: / OFM must be equal to IFM * stride / ELSE: / "
        "OFM must be equal to IFM * stride + (kernel - stride)",
        _each("padding", "SAME", "VALID"),
        (*_each("ofm_size", "cut", padding="SAME"), *_each("ofm_size", "cut", padding="VALID")),
    ),
    Boundary(
        ("TRANSPOSE_CONV",),
        "Stride values WxH must be: 1x1 OR 2x2 OR 2x1 (if IFM height and kernel height is 1) OR 1x2 (if IFM width and "
        "kernel width is 1)",
        (
            _DIRECT,
            {"stride_h": 2, "stride_w": 2},
            {"stride_h": 1, "stride_w": 2, "h": 1, "kh": 1},
            {"stride_h": 2, "stride_w": 1, "w": 1, "kw": 1},
        ),
        (
            {"stride_h": 1, "stride_w": 2},
            {"stride_h": 2, "stride_w": 1},
            {"stride_h": 1, "stride_w": 2, "w": 1, "kw": 1},
            {"stride_h": 3, "stride_w": 3},
        ),
    ),
    Boundary(
        ("RESIZE_BILINEAR",),
        _SCALE_FACTOR,
        (
            *_each("factor", 1, 2, 4, 8),
            *_each("factor", 2, 4, 8, align_corners="true"),
            *_each("factor", 2, half_pixel_centers="true"),
            *_each("factor", 3, 64, h=1, w=1),
            *_each("factor", 2, enlarged="w", h=1),
            *_each("factor", 8, enlarged="h", w=1),
        ),
        (
            *_each("factor", 3, 5, 9, 16),
            *_each("factor", 3, align_corners="true"),
            *_each("factor", 4, 8, half_pixel_centers="true"),
            *_each("enlarged", "h", "w"),
            *_each("odd_size", "half", "one", "reduced"),
        ),
    ),
    Boundary(
        ("SOFTMAX",),
        "The product of IFM width and height must be less than 65536",
        ({"h": 65_535, "w": 1, "c": 2}, {"h": 255, "w": 257, "c": 2}),
        ({"h": 65_537, "w": 1, "c": 2}, {"h": 1, "w": 65_537, "c": 2}, {"h": 256, "w": 257, "c": 2}),
    ),
    Boundary(("MEAN",), "IFM precision must be one of: (Int8, UInt8, Int16)", (), _each("dtype", "int32")),
    Boundary(("MEAN",), "Batch must be 1.", _each("batch", 1), _each("batch", 2)),
    Boundary(
        ("MEAN",),
        "Reduced axis must be less than 4096",
        ({"h": 4_095, "w": 1, "c": 2}, {"h": 1, "w": 4_095, "c": 2}),
        ({"h": 4_097, "w": 1, "c": 2}, {"h": 1, "w": 4_097, "c": 2}),
    ),
    Boundary(
        ("MEAN",),
        "Amount of reduced elements cannot exceed: 16777216(Int8), 8388608(UInt8), 65536(Int16).",
        ({"dtype": "int16", "h": 256, "w": 256, "c": 1},),
        ({"dtype": "int16", "h": 256, "w": 257, "c": 1},),
    ),
    Boundary(
        ("MEAN",),
        "Amount of reduced elements cannot exceed: 16777216(Int8), 8388608(UInt8), 65536(Int16).",
        (),
        ({"dtype": "uint8", "h": 4_096, "w": 2_049, "c": 1},),
        is_slow=True,
    ),
    Boundary(
        ("MEAN",),
        "Reduction over depth is only supported if any of h,w,c == 1",
        (*_each("axes", "c", h=1), *_each("axes", "h,c", w=1), *_each("axes", "w,c", c=1)),
        _each("axes", "c", "w,c", "h,c", "h,w,c"),
    ),
)

NOT_ASKED = (
    "Only the first dimension of tensors can be dynamic.",
    "Tensors must have constant shape.",
    "Operations must have at least one IFM.",
    "Operations must have at least one OFM.",
    "Quantization scale of any tensor must be positive.",
    "Per-axis quantization is not supported.",
    "Bias values must be stored in the channel axis",
)
"""Sentences about models that converters of TensorFlow Lite do not write, so that no space draws them."""

_WIDE: Values = {"h": 1, "w": 1, "c": 65_537}

CONTRADICTIONS = (
    Contradiction("CONV_2D", _STRIDE, {"stride_h": 4, "stride_w": 4}, Outcome.NPU),
    # A stride along which there is one step is none.
    Contradiction("CONV_2D", _STRIDE, {"h": 2, "stride_h": 4}, Outcome.NPU),
    Contradiction("CONV_2D", _STRIDE, {"w": 2, "stride_w": 4, "dilation_h": 2}, Outcome.NPU),
    Contradiction("AVERAGE_POOL_2D", _STRIDE, {"kh": 4, "kw": 4, "stride_h": 4, "stride_w": 4}, Outcome.NPU),
    Contradiction("MAX_POOL_2D", _STRIDE, {"kh": 4, "kw": 4, "stride_h": 4, "stride_w": 4}, Outcome.NPU),
    *(
        Contradiction(it, _BIAS, {"bias_value": 1_099_511_627_775, "bias_as": "int64"}, Outcome.NPU)
        for it in CONVOLUTIONS
    ),
    *(
        Contradiction(it, "Weight tensors must be 8-bit precision", {"weights_as": "int4"}, Outcome.CRASH)
        for it in CONVOLUTIONS[:2]
    ),
    Contradiction(
        "SOFTMAX",
        "The product of IFM width and height must be less than 65536",
        {"h": 256, "w": 256, "c": 2},
        Outcome.NPU,
    ),
    Contradiction("MEAN", "Reduced axis must be less than 4096", {"h": 4_096, "w": 1, "c": 2}, Outcome.NPU),
    Contradiction("MEAN", "Parameter tensors must be constant", {"parameters": "dynamic"}, Outcome.CRASH),
    Contradiction(
        "RESIZE_BILINEAR",
        _SCALE_FACTOR,
        {"factor": 1, "half_pixel_centers": "true"},
        Outcome.CPU,
        "not IFM Shape == OFM Shape",
    ),
    Contradiction(
        "RESIZE_BILINEAR",
        _SCALE_FACTOR,
        {"h": 1, "enlarged": "w", "half_pixel_centers": "true"},
        Outcome.CPU,
        "OFM W or H must be 1, and scaling in the dim that is must also be 1",
    ),
    Contradiction("RESIZE_BILINEAR", "", {"batch": 2}, Outcome.ERROR),
    Contradiction("RESIZE_BILINEAR", "", {"h": 32_769, "w": 2, "c": 1}, Outcome.ERROR),
    Contradiction("CONV_2D", "", {"weights": "dynamic"}, Outcome.ERROR),
    Contradiction("DEPTHWISE_CONV_2D", "", {"weights": "dynamic"}, Outcome.ERROR),
    Contradiction("CONV_2D", "", _WIDE | _POINT | {"weight": 1, "ofm_c": 1}, Outcome.ERROR),
    Contradiction("TRANSPOSE_CONV", "", _WIDE | _POINT | _DIRECT | {"weight": 1, "ofm_c": 1}, Outcome.ERROR),
    Contradiction("DEPTHWISE_CONV_2D", "", _WIDE | _POINT, Outcome.ERROR),
    Contradiction("AVERAGE_POOL_2D", "", _WIDE | _POINT, Outcome.ERROR),
    Contradiction("MAX_POOL_2D", "", _WIDE | _POINT, Outcome.ERROR),
    Contradiction("RESIZE_BILINEAR", "", _WIDE | {"h": 2, "w": 2}, Outcome.ERROR),
    Contradiction("MEAN", "", _WIDE, Outcome.ERROR),
    Contradiction("ADD", "", {"dtype": "int32", "activation": "RELU"}, Outcome.CPU),
)
