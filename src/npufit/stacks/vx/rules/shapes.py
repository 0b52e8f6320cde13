"""Shapes, masks and missing quantization parameters that the delegate refuses for single operator types."""

from __future__ import annotations

from npufit.formatting import shorten
from npufit.graph import ElementType, Tensor
from npufit.stacks.vx.check import Check, Test, check, refusal
from npufit.stacks.vx.releases import ALL, Generation, since, until
from npufit.stacks.vx.vx_operator import VxOperator, shape_words, written_shape

_SPATIAL_RANK = 4
_SPATIAL_AXES = 2
_SLICED_RANK = 3
_LONGEST = 65535
_SINCE_52 = since(Generation.L5_15_52)
_RESIZES = "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR"

NO_SHAPE = refusal(
    "vx.no-shape",
    "An operator is refused if the file gives its output (for ARG_MAX and ARG_MIN also its input) no dimensions.",
    "a shape in the file with at least one dimension",
    "The delegate decides before shapes are computed, and takes rank 0 in the file for an unknown shape; a real "
    "scalar looks the same. Checked for RESHAPE, PAD, MIRROR_PAD, TRANSPOSE, TRANSPOSE_CONV, BATCH_TO_SPACE_ND, "
    'SPACE_TO_BATCH_ND, ARG_MAX and ARG_MIN. In a log, for example: "Dynamic output shape is not supported in '
    'reshape.", "Pad cannot support dynamic shape", "Arg cannot support dynamic shape".',
    "The RESHAPE of a detection model whose converter omitted the shapes; ARG_MAX over a vector, whose result is a "
    "scalar.",
    _SINCE_52,
    "write the file with shapes (npufit fit always does), and let a scalar keep one dimension of size 1",
)
STRIDED_SLICE_MASK = refusal(
    "vx.strided-slice-mask",
    "STRIDED_SLICE with a new axis or an ellipsis is refused.",
    "new_axis_mask and ellipsis_mask 0",
    'In a log: "new_axis_mask > 0 is not supported" or "ellipsis_mask > 0 is not supported".',
    "x[..., 0] or x[:, tf.newaxis] in Keras.",
    ALL,
    "slice with explicit bounds in every dimension and add the axis with a RESHAPE",
)
SLICE_BATCH = refusal(
    "vx.slice-batch",
    "SLICE of more than three dimensions is refused if it cuts the first.",
    "the first dimension unchanged, or at most 3 dimensions",
    'In a log: "vx-delegate doesn\'t support slice in batch."',
    "Taking one image out of a batch.",
    ALL,
    "convert with batch 1",
)
NO_QUANTIZATION = refusal(
    "vx.no-quantization",
    "A resize, split, SPACE_TO_DEPTH, DEPTH_TO_SPACE or BATCH_TO_SPACE_ND of an 8-bit tensor without a scale is "
    "refused.",
    "a scale for every int8 or uint8 input (BATCH_TO_SPACE_ND: checked up to BSP 5.15.52)",
    'In a log: "Int8 or uint8 input without quantization is not supported in Resize" (Split, Space2Depth, '
    "Depth2Space, Batch2Space).",
    "A preprocessing graph over raw uint8 pixels.",
    ALL,
    "give the tensor a scale of 1 and a zero point of 0",
)
SPACE_INT32 = refusal(
    "vx.space-int32",
    "SPACE_TO_DEPTH or DEPTH_TO_SPACE of int32 is refused.",
    "a type other than int32",
    'In a log: "Int32 input is not supported in Space2Depth" (Depth2Space).',
    "A pixel shuffle of class indices.",
    ALL,
)
BATCH_SPACE_RANK = refusal(
    "vx.batch-space-rank",
    "BATCH_TO_SPACE_ND or SPACE_TO_BATCH_ND is refused unless it has four dimensions.",
    "an input of rank 4",
    'In a log: "batch2space in vx-delagate only support 4D input" (space2batch in vx-delegate).',
    "A dilated convolution over a sequence, rank 3.",
    ALL,
    "add a dimension of size 1 with a RESHAPE around it",
)
BATCH_SPACE_BLOCK = refusal(
    "vx.batch-space-block",
    "BATCH_TO_SPACE_ND or SPACE_TO_BATCH_ND is refused unless it works on two axes.",
    "a block shape of 2 elements",
    'In a log: "batch2space in vx-delagate only support the input whose spatial dimensions is 2" (space2batch in '
    "vx-delegate).",
    "A dilated convolution along the height only.",
    ALL,
    "give the other axis a block of 1",
)
SELECT_RANK = refusal(
    "vx.select-rank",
    "SELECT or SELECT_V2 is refused if condition and values differ in rank.",
    "a condition with the rank of the first value",
    'In a log: "condition and input must have the same rank".',
    "A mask per row over a matrix of scores.",
    ALL,
    "reshape the condition to the rank of the values",
)
SOFTMAX_LONG = refusal(
    "vx.softmax-long",
    "SOFTMAX with a height or width above 65535 is refused.",
    "dimensions 1 and 2 at most 65535 (later releases check every operator, see vx.long-dimension)",
    'In a log: "vx-delegate doesn\'t support tensor height/width > 65535".',
    "Class scores of 76800 anchors.",
    until(Generation.L5_15_32),
    "split the anchors over two dimensions with a RESHAPE",
    executed=False,
)


def _scalar_output(site: VxOperator) -> str | None:
    output = site.output
    return None if output is None or written_shape(output) else f"'{shorten(output.name)}' has no dimensions"


def _scalar_anywhere(site: VxOperator) -> str | None:
    source = site.input(0)
    if source is not None and not written_shape(source):
        return f"'{shorten(source.name)}' has no dimensions"
    return _scalar_output(site)


def _mask(field: str) -> Test:
    def test(site: VxOperator) -> str | None:
        mask = site.number(field)
        return f"{field} {mask}" if mask else None

    return test


def _slices_batch(site: VxOperator) -> str | None:
    source, output = site.input(0), site.output
    if source is None or output is None:
        return None
    before, after = written_shape(source), written_shape(output)
    cut = len(before) > _SLICED_RANK and after and before[0] != after[0]
    return f"{shape_words(source)} to {shape_words(output)}" if cut else None


def _unscaled(tensor: Tensor | None) -> str | None:
    if tensor is None or not tensor.element.is_8_bit or tensor.quantization.is_quantized:
        return None
    return f"'{shorten(tensor.name)}' has no scale"


def _unscaled_input(site: VxOperator) -> str | None:
    return next((_unscaled(tensor) for tensor in site.inputs if _unscaled(tensor)), None)


def _unscaled_first(site: VxOperator) -> str | None:
    return _unscaled(site.input(0))


def _int32(site: VxOperator) -> str | None:
    return "int32" if any(tensor.element is ElementType.INT32 for tensor in site.inputs) else None


def _not_spatial(site: VxOperator) -> str | None:
    source = site.input(0)
    return shape_words(source) if source is not None and len(written_shape(source)) != _SPATIAL_RANK else None


def _block(site: VxOperator) -> str | None:
    block = site.input(1)
    shape = () if block is None else written_shape(block)
    return f"{shape[0]} elements" if shape and shape[0] != _SPATIAL_AXES else None


def _ranks(site: VxOperator) -> str | None:
    condition, first = site.input(0), site.input(1)
    if condition is None or first is None or len(written_shape(condition)) == len(written_shape(first)):
        return None
    return f"{shape_words(condition)} and {shape_words(first)}"


def _long_softmax(site: VxOperator) -> str | None:
    source = site.input(0)
    return None if source is None or max((0, *written_shape(source)[1:3])) <= _LONGEST else shape_words(source)


def _no_shape(types: str, line: str, generations: frozenset[Generation] = _SINCE_52, *, executed: bool = True) -> Check:
    return check(NO_SHAPE, types, generations, _scalar_output, line, executed=executed)


def _no_quantization(types: str, name: str) -> Check:
    line = f"Int8 or uint8 input without quantization is not supported in {name}"
    return check(NO_QUANTIZATION, types, ALL, _unscaled_input, line)


CHECKS: tuple[Check, ...] = (
    _no_shape("RESHAPE", "dynamic shape in not support in reshape.", _SINCE_52 & until(Generation.L6_1_22)),
    _no_shape("RESHAPE", "Dynamic output shape is not supported in reshape.", since(Generation.L6_1_36)),
    _no_shape("TRANSPOSE_CONV", "transpose conv cannot support dynamic shape"),
    _no_shape("PAD", "Pad cannot support dynamic shape"),
    _no_shape("MIRROR_PAD", "MirrorPad cannot support dynamic shape", since(Generation.L6_1_36), executed=False),
    _no_shape("TRANSPOSE", "Dynamic shape is not supported in transpose"),
    check(NO_SHAPE, "ARG_MAX ARG_MIN", _SINCE_52, _scalar_anywhere, "Arg cannot support dynamic shape"),
    check(
        STRIDED_SLICE_MASK,
        "STRIDED_SLICE",
        ALL,
        _mask("new_axis_mask"),
        "new_axis_mask > 0 is not supported",
    ),
    check(
        STRIDED_SLICE_MASK,
        "STRIDED_SLICE",
        ALL,
        _mask("ellipsis_mask"),
        "ellipsis_mask > 0 is not supported",
    ),
    check(SLICE_BATCH, "SLICE", ALL, _slices_batch, "vx-delegate doesn't support slice in batch."),
    check(
        NO_QUANTIZATION,
        _RESIZES,
        ALL,
        _unscaled_first,
        "Int8 or uint8 input without quantization is not supported in Resize",
    ),
    _no_quantization("SPLIT SPLIT_V", "Split"),
    check(SPACE_INT32, "SPACE_TO_DEPTH", ALL, _int32, "Int32 input is not supported in Space2Depth"),
    check(SPACE_INT32, "DEPTH_TO_SPACE", ALL, _int32, "Int32 input is not supported in Depth2Space"),
    _no_quantization("SPACE_TO_DEPTH", "Space2Depth"),
    _no_quantization("DEPTH_TO_SPACE", "Depth2Space"),
    check(
        BATCH_SPACE_RANK,
        "BATCH_TO_SPACE_ND",
        ALL,
        _not_spatial,
        "batch2space in vx-delagate only support 4D input",
    ),
    check(
        BATCH_SPACE_BLOCK,
        "BATCH_TO_SPACE_ND",
        ALL,
        _block,
        "batch2space in vx-delagate only support the input whose spatial dimensions is 2",
    ),
    _no_shape("BATCH_TO_SPACE_ND", "dynamic shape in not support in batchtospace"),
    check(
        NO_QUANTIZATION,
        "BATCH_TO_SPACE_ND",
        until(Generation.L5_15_52),
        _unscaled_first,
        "Int8 or uint8 input without quantization is not supported in Batch2Space",
    ),
    check(
        BATCH_SPACE_RANK,
        "SPACE_TO_BATCH_ND",
        ALL,
        _not_spatial,
        "space2batch in vx-delegate only support 4D input",
    ),
    _no_shape("SPACE_TO_BATCH_ND", "dynamic shape in not support in space2batch"),
    check(
        BATCH_SPACE_BLOCK,
        "SPACE_TO_BATCH_ND",
        ALL,
        _block,
        "space2batch in vx-delegate only support the input whose spatial dimensions is 2",
    ),
    check(SELECT_RANK, "SELECT SELECT_V2", ALL, _ranks, "condition and input must have the same rank"),
    check(
        SOFTMAX_LONG,
        "SOFTMAX",
        until(Generation.L5_15_32),
        _long_softmax,
        "vx-delegate doesn't support tensor height/width > 65535",
        executed=False,
    ),
)
