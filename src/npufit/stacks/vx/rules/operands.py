"""Operands that must be constants in the file, because the delegate reads them when it builds its graph."""

from __future__ import annotations

from npufit.stacks.vx.check import Check, Test, check, refusal
from npufit.stacks.vx.releases import Generation, since, until
from npufit.stacks.vx.vx_operator import VxOperator

_FIX = "fix the batch and the input size before the conversion, so that the converter folds the operand into a constant"
_SINCE_52, _SINCE_71 = since(Generation.L5_15_52), since(Generation.L5_15_71)

COMPUTED_SHAPE = refusal(
    "vx.computed-shape",
    "RESHAPE with a computed shape is refused.",
    "a constant shape, or no second input",
    'In a log: "Dynamic input shape is not supported in reshape."',
    "The flattening of a Keras model with a dynamic batch: SHAPE, STRIDED_SLICE, PACK, RESHAPE.",
    since(Generation.L6_1_36),
    _FIX,
)
COMPUTED_SLICE = refusal(
    "vx.computed-slice",
    "SLICE or STRIDED_SLICE with computed bounds is refused.",
    "begin, end or size, and strides as constants",
    'In a log: "begin_tensor, end_tensor and strides_tensor must be constant." or "vx-delegate cannot support dynamic '
    'shaped operator(slice), fallback it to CPU".',
    "A crop whose corner the model computes.",
    _SINCE_52,
    _FIX,
)
COMPUTED_SIZE = refusal(
    "vx.computed-size",
    "RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR to a computed size is refused.",
    "a constant size",
    'In a log from BSP 5.15.71 on: "shape tensor must be constant."',
    "A decoder that resizes to the size of an earlier feature map at run time.",
    since(Generation.L5_10_72),
    _FIX,
)
COMPUTED_AXIS = refusal(
    "vx.computed-axis",
    "A reduction, REVERSE_V2 or EXPAND_DIMS with a computed axis is refused.",
    "a constant axis",
    'In a log: "const axis_tensor is only supported in reduce." (reverse, expand_dims).',
    "A MEAN whose axis is an input of the model.",
    _SINCE_52,
    "make the axis a constant",
)
COMPUTED_DEPTH = refusal(
    "vx.computed-depth",
    "ONE_HOT with a computed depth, or SCATTER_ND with a computed shape, is refused.",
    "a constant depth or shape",
    'In a log: "delegate only support parameters tensor as const input" or "ScatterNd only support parameter tensor as '
    'const input."',
    "A ONE_HOT whose number of classes is an input.",
    _SINCE_52,
    "make the depth or the shape a constant",
)


def _computed(*positions: int) -> Test:
    return lambda site: site.computed(*positions)


def _computed_shape(site: VxOperator) -> str | None:
    return site.computed(1) if len(site.operator.inputs) == 2 else None


_REDUCTIONS = "MEAN SUM REDUCE_MIN REDUCE_MAX REDUCE_PROD REDUCE_ANY"
_RESIZES = "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR"

CHECKS: tuple[Check, ...] = (
    check(
        COMPUTED_SHAPE,
        "RESHAPE",
        since(Generation.L6_1_36),
        _computed_shape,
        "Dynamic input shape is not supported in reshape.",
    ),
    check(
        COMPUTED_SLICE,
        "STRIDED_SLICE",
        _SINCE_71,
        _computed(1, 2, 3),
        "begin_tensor, end_tensor and strides_tensor must be constant.",
    ),
    check(
        COMPUTED_SLICE,
        "SLICE",
        _SINCE_52,
        _computed(1, 2),
        "vx-delegate cannot support dynamic shaped operator(slice), fallback it to CPU",
    ),
    check(COMPUTED_SIZE, _RESIZES, _SINCE_71, _computed(1), "shape tensor must be constant."),
    check(COMPUTED_SIZE, _RESIZES, until(Generation.L5_15_52), _computed(1), ""),
    check(COMPUTED_AXIS, _REDUCTIONS, _SINCE_52, _computed(1), "const axis_tensor is only supported in reduce."),
    check(COMPUTED_AXIS, "REVERSE_V2", _SINCE_52, _computed(1), "const axis_tensor is only supported in reverse."),
    check(COMPUTED_AXIS, "EXPAND_DIMS", _SINCE_71, _computed(1), "const axis_tensor is only supported in expand_dims."),
    check(
        COMPUTED_DEPTH,
        "ONE_HOT",
        _SINCE_52,
        _computed(1),
        "delegate only support parameters tensor as const input",
    ),
    check(
        COMPUTED_DEPTH,
        "SCATTER_ND",
        since(Generation.L6_1_36),
        _computed(2),
        "ScatterNd only support parameter tensor as const input.",
    ),
)
