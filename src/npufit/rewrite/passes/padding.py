"""fold-pad: a PAD before a window operator becomes the operator's own padding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from npufit.graph import (
    NO_TENSOR,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    Model,
    Operator,
    Padding,
    Pool2DOptions,
    Tensor,
    constant_values,
    has_operands,
    same_padding,
)
from npufit.graph.arrays import stored_values
from npufit.rewrite.context import Context
from npufit.rewrite.passes.pooling import average_to_convolution
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.surgery import Editor, same_quantization

_Window = Conv2DOptions | DepthwiseConv2DOptions | Pool2DOptions
_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")


_PADS_WRONGLY = ("ethosu.pad-folded", "vx.pad-zero-point")
_UNDERFLOW = "ethosu.padding-underflow"


@dataclass(frozen=True, slots=True)
class _Axis:
    """A window over the unpadded input along one axis, with `before` elements of padding before the first position."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    output: int

    @property
    def span(self) -> int:
        return (self.kernel - 1) * self.dilation + 1

    def fits_valid(self) -> bool:
        """Return whether VALID puts the same windows over the unpadded input."""
        return self.before == 0 and self.size >= self.span and (self.size - self.span) // self.stride + 1 == self.output

    def fits_same(self, front: int = 0, back: int = 0, *, underflow: bool = True) -> bool:
        """Return whether SAME does, with a kernel that has `front` and `back` additional zero taps.

        Without `underflow` the required padding must not be negative: hazard ethosu.padding-underflow.
        """
        kernel = self.kernel + front + back
        needed = (self.output - 1) * self.stride + (kernel - 1) * self.dilation + 1 - self.size
        if -(-self.size // self.stride) != self.output or (needed < 0 and not underflow):
            return False
        before, _ = same_padding(self.size, kernel, self.stride, self.dilation)
        return before == self.before + front * self.dilation

    def least_growth(self, limit: int) -> tuple[int, int] | None:
        """Return the fewest zero taps (front, back) with which SAME fits, None if `limit` are not enough."""
        for total in range(limit + 1):
            for front in range(total + 1):
                if self.fits_same(front, total - front, underflow=False):
                    return front, total - front
        return None


@dataclass(frozen=True, slots=True)
class _Fold:
    """How a window absorbs its padding: its own padding, zero taps around its kernel, and the case."""

    padding: Padding
    growth: tuple[tuple[int, int], tuple[int, int]]
    what: str


@dataclass(frozen=True)
class FoldPad(Pass):
    """A PAD before a window operator becomes the padding of the operator itself.

    Everywhere:

    1. The padding after is never read and there is none before: the window reads the unpadded input, VALID.
    2. SAME pads exactly as much before the first window and gives as many windows: convolution with padding SAME. Keras
       writes this pair for stride 2 on even sizes, (0, 1) before a 3x3 kernel. For a convolution that also pads, both
       amounts count.
    3. The same for MAX_POOL_2D, which ignores the border instead of padding it: both are the same if the padding is the
       lowest value that the tensor can hold.

    If the target does not run the PAD correctly (hazards ethosu.pad-folded, vx.pad-zero-point), or not at all:

    4. The kernel grows by zero taps, at most `growth` on each axis, until SAME pads as needed: PAD (1, 1) and a 3x3
       kernel with stride 2 on an even size is SAME with a 4x4 kernel whose last row and column are zero.
    5. MAX_POOL_2D as in 3 with a stride becomes one with stride 1 and padding SAME, followed by a 1x1 one that takes
       every second (or nth) position.

    6. AVERAGE_POOL_2D becomes a depthwise convolution with weights of 1, if every possible sum gives the same result
       (mean-to-convolution explains how), and that absorbs the padding as in 2 or 4.

    If the target computes SAME of a window wrongly (hazard ethosu.padding-underflow):

    7. SAME that pads nothing becomes VALID; if only one axis is padded, the kernel grows as in 4.

    Readers of a PAD that fit no case keep it. The PAD must pad with zero (its zero point), which excludes PADV2 and
    MIRROR_PAD, and must not rescale. AVERAGE_POOL_2D divides by the number of positions that it sees, so only cases 1
    and 6 apply to it.
    """

    name: ClassVar[str] = "fold-pad"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "fold PAD into the padding of the convolution or pooling after it"
    cures: ClassVar[tuple[str, ...]] = (*_PADS_WRONGLY, _UNDERFLOW, "neutron.pad-before-stride")

    growth: int = option(2, "most rows and columns of zeros by which a kernel may grow; 0: never")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with PADs folded, None if none can be."""
        editor = Editor(model)
        wrong = context.off_npu().union(context.endangered_by(*_PADS_WRONGLY))
        sites: list[Site] = []
        for index, operator in enumerate(model.main.operators):
            if operator.type == "PAD":
                sites += _fold_readers(editor, index, self.growth, in_need=index in wrong)
        for index in context.endangered_by(_UNDERFLOW):
            sites += _mend_same(editor, index, self.growth)
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _fold_readers(editor: Editor, pad: int, growth: int, *, in_need: bool) -> list[Site]:
    operator = editor.operator(pad)
    if len(operator.inputs) != 2 or not has_operands(operator):
        return []
    unpadded, padded = editor.tensor(operator.inputs[0]), editor.tensor(operator.outputs[0])
    amounts = constant_values(editor.tensor(operator.inputs[1]))
    if amounts is None or len(amounts) != 8 or min(amounts) < 0 or any(amounts[:2]) or any(amounts[6:]):
        return []
    if not same_quantization(unpadded, padded) or _moves(unpadded) or _moves(padded):
        return []
    sites: list[Site] = []
    for reader in editor.consumers(operator.outputs[0]):
        what = _fold(editor, operator, reader, amounts[2:6], growth if in_need else 0, in_need=in_need)
        if what:
            sites.append(Site(0, (pad, reader), what))
    return sites


def _moves(tensor: Tensor) -> bool:
    """Return whether height and width of `tensor` are unknown."""
    signature = tensor.shape_signature or ()
    return tensor.shape is None or len(tensor.shape) != 4 or any(size < 0 for size in signature[1:])


def _fold(
    editor: Editor, pad: Operator, reader: int, amounts: tuple[int, ...], growth: int, *, in_need: bool
) -> str | None:
    """Let `reader` read the unpadded tensor and return a description, None if that is impossible."""
    operator, padded = editor.operator(reader), pad.outputs[0]
    if not has_operands(operator):
        return None
    axes = _axes(editor, operator, editor.tensor(pad.inputs[0]), (amounts[0], amounts[2]))
    if axes is None or operator.inputs[0] != padded or operator.inputs.count(padded) > 1:
        return None
    if in_need and operator.type == "AVERAGE_POOL_2D" and not all(axis.fits_valid() for axis in axes):
        return _fold_average(editor, pad, reader, amounts, growth)  # case 6
    growth = growth if _can_grow(editor, operator) else 0
    fold = _find_fold(operator, axes, growth, in_need=in_need, lowest=_is_lowest(editor.tensor(padded)))
    if fold is not None:
        inputs = (pad.inputs[0], *operator.inputs[1:])
        editor.replace(reader, replace(operator, inputs=inputs, options=_with_padding(operator, fold.padding)))
        _grow(editor, reader, fold.growth)
        return f"PAD {_in_words(amounts)} and {operator.type} become {fold.what}"
    if in_need and operator.type == "MAX_POOL_2D" and _is_lowest(editor.tensor(padded)):
        return _split_pool(editor, reader, pad.inputs[0], axes, amounts)
    return None


def _fold_average(editor: Editor, pad: Operator, reader: int, amounts: tuple[int, ...], growth: int) -> str | None:
    operator = editor.operator(reader)
    if not average_to_convolution(editor, reader):
        return None
    what = _fold(editor, pad, reader, amounts, growth, in_need=True)
    if what is None:
        editor.replace(reader, operator)
        return None
    return f"AVERAGE_POOL_2D becomes a DEPTHWISE_CONV_2D with weights of 1; {what}"


def _find_fold(
    operator: Operator, axes: tuple[_Axis, _Axis], growth: int, *, in_need: bool, lowest: bool
) -> _Fold | None:
    none = ((0, 0), (0, 0))
    if all(axis.fits_valid() for axis in axes):
        return _Fold(Padding.VALID, none, "padding VALID: the padding is never read")  # case 1
    if operator.type == "AVERAGE_POOL_2D" or (operator.type == "MAX_POOL_2D" and not lowest):
        return None
    if all(axis.fits_same(underflow=not in_need) for axis in axes):
        return _Fold(Padding.SAME, none, "padding SAME")  # cases 2 and 3
    if operator.type in _POOLS:
        return None
    return _grown(axes, growth)


def _grown(axes: tuple[_Axis, _Axis], growth: int) -> _Fold | None:
    """Return SAME with a larger kernel (cases 4 and 7), None if `growth` taps are not enough."""
    rows, columns = (axis.least_growth(growth) for axis in axes)
    if rows is None or columns is None:
        return None
    kernel = (axes[0].kernel + sum(rows), axes[1].kernel + sum(columns))
    what = f"padding SAME with a kernel of {kernel[0]}x{kernel[1]}: zero taps were added"
    return _Fold(Padding.SAME, (rows, columns), what)


def _axes(editor: Editor, operator: Operator, ifm: Tensor, before: tuple[int, int]) -> tuple[_Axis, _Axis] | None:
    """Return the windows of `operator` over `ifm`, with `before` rows and columns of padding and its own."""
    options, ofm = operator.options, editor.tensor(operator.outputs[0])
    if not isinstance(options, _Window) or _moves(ofm) or _moves(ifm):
        return None
    shape, out, padded = ifm.shape or (), ofm.shape or (), editor.tensor(operator.inputs[0]).shape or ()
    dilation = 1, 1
    if isinstance(options, Pool2DOptions):
        kernel = options.filter_height, options.filter_width
    else:
        weights = editor.tensor(operator.input(1)) if operator.input(1) != NO_TENSOR else None
        if weights is None or weights.shape is None or len(weights.shape) != 4:
            return None
        kernel = weights.shape[1:3]
        dilation = max(1, options.dilation_h_factor), max(1, options.dilation_w_factor)
    stride = max(1, options.stride_h), max(1, options.stride_w)
    padded_by = 0, 0
    if options.padding is Padding.SAME:
        rows, columns = (same_padding(padded[1 + axis], kernel[axis], stride[axis], dilation[axis]) for axis in (0, 1))
        padded_by = rows[0], columns[0]
    rows, columns = (
        _Axis(
            shape[1 + axis], kernel[axis], stride[axis], dilation[axis], before[axis] + padded_by[axis], out[1 + axis]
        )
        for axis in (0, 1)
    )
    return rows, columns


def _with_padding(operator: Operator, padding: Padding) -> _Window:
    options = operator.options
    assert isinstance(options, _Window)
    return replace(options, padding=padding)


def _grow(editor: Editor, index: int, growth: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Put zero taps around the kernel of the convolution at `index`."""
    if not any(map(sum, growth)):
        return
    operator = editor.operator(index)
    tensor = editor.tensor(operator.inputs[1])
    values = stored_values(tensor)
    if values is None:
        return
    zero: Any = tensor.quantization.zero_point if tensor.element.is_8_bit else 0
    grown = np.pad(values, ((0, 0), *growth, (0, 0)), constant_values=zero)
    weights = editor.add_constant(f"{tensor.name}/grown", grown, tensor.quantization)
    editor.replace(index, replace(operator, inputs=(operator.inputs[0], weights, *operator.inputs[2:])))


def _can_grow(editor: Editor, operator: Operator) -> bool:
    """Return whether the kernel is a plain constant with a known zero: the kernels for int8 assume 0."""
    if operator.type in _POOLS or operator.input(1) == NO_TENSOR:
        return False
    tensor = editor.tensor(operator.input(1))
    zeros = set(tensor.quantization.zero_points)
    is_plain = zeros <= {0} or (tensor.element is ElementType.UINT8 and len(zeros) == 1)
    return is_plain and stored_values(tensor) is not None


def _is_lowest(tensor: Tensor) -> bool:
    """Return whether the zero of `tensor`, which PAD writes, is its lowest value."""
    return tensor.element.is_8_bit and tensor.quantization.zero_point == tensor.element.integer_range[0]


def _split_pool(
    editor: Editor, reader: int, unpadded: int, axes: tuple[_Axis, _Axis], amounts: tuple[int, ...]
) -> str | None:
    """Make a MAX_POOL_2D with a stride two operators (case 5); return a description, None if that is not the same."""
    operator = editor.operator(reader)
    options = operator.options
    if not isinstance(options, Pool2DOptions) or options.padding is not Padding.VALID:
        return None
    for axis in axes:
        if axis.before != (axis.kernel - 1) // 2 or -(-axis.size // axis.stride) != axis.output:
            return None
    ofm = editor.tensor(operator.outputs[0])
    shape = editor.tensor(unpadded).shape
    every = editor.add_like(operator.outputs[0], "every", shape=shape)
    first = replace(options, padding=Padding.SAME, stride_h=1, stride_w=1)
    second = replace(options, filter_height=1, filter_width=1)
    editor.replace(reader, replace(operator, inputs=(every,), options=second))
    editor.add(replace(operator, inputs=(unpadded,), outputs=(every,), options=first), near=reader)
    return f"PAD {_in_words(amounts)} and MAX_POOL_2D become two MAX_POOL_2D, the second takes {list(ofm.shape or ())}"


def _mend_same(editor: Editor, index: int, growth: int) -> list[Site]:
    """Give a window with SAME a form without negative padding (case 7)."""
    operator = editor.operator(index)
    if not has_operands(operator):
        return []
    axes = _axes(editor, operator, editor.tensor(operator.inputs[0]), (0, 0))
    if axes is None:
        return []
    if all(axis.fits_valid() for axis in axes):
        editor.replace(index, replace(operator, options=_with_padding(operator, Padding.VALID)))
        return [Site(0, (index,), f"{operator.type} with padding SAME that pads nothing becomes VALID")]
    fold = _grown(axes, growth) if _can_grow(editor, operator) else None
    if fold is None:
        return []
    _grow(editor, index, fold.growth)
    return [Site(0, (index,), f"{operator.type} becomes {fold.what}")]


def _in_words(amounts: tuple[int, ...]) -> str:
    top, bottom, left, right = amounts
    return f"({top}, {bottom}), ({left}, {right})"
