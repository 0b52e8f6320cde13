"""unused-stride: replace a stride that is never taken with one that the NPU's register can hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from npufit.graph import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Model,
    Operator,
    Padding,
    Pool2DOptions,
    has_operands,
    same_padding,
)
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor

_LARGEST = 3
"""The largest stride of the Ethos-U65's register KERNEL_STRIDE."""


@dataclass(frozen=True)
class UnusedStride(Pass):
    """A stride above 3 whose window never moves, as in a global pooling, becomes 1, 2 or 3.

    Its hazard is ethosu.stride-overflow. The output has a single row or column, and keeps it; the padding stays the
    same. So the computation is the same.
    """

    name: ClassVar[str] = "unused-stride"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = (
        "make strides that are never taken, as in a global pooling, small (hazard ethosu.stride-overflow)"
    )
    cures: ClassVar[tuple[str, ...]] = ("ethosu.stride-overflow",)

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with these strides made small, None if there are none."""
        editor = Editor(model)
        sites: list[Site] = []
        for index in context.endangered_by(*self.cures):
            smaller = _with_small_strides(editor, editor.operator(index))
            if smaller is not None:
                editor.replace(index, smaller)
                sites.append(Site(0, (index,), f"the stride of {smaller.type}, which is never taken, becomes small"))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _with_small_strides(editor: Editor, operator: Operator) -> Operator | None:
    options = operator.options
    if not has_operands(operator) or not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions, Pool2DOptions)):
        return None
    ifm, ofm = editor.tensor(operator.inputs[0]).shape, editor.tensor(operator.outputs[0]).shape
    spans = _spans(editor, operator)
    if ifm is None or ofm is None or len(ifm) != 4 or len(ofm) != 4 or spans is None:
        return None
    same = options.padding is Padding.SAME
    rows = _smaller(ifm[1], ofm[1], spans[0], options.stride_h, same)
    columns = _smaller(ifm[2], ofm[2], spans[1], options.stride_w, same)
    if rows is None or columns is None or (rows, columns) == (options.stride_h, options.stride_w):
        return None
    return replace(operator, options=replace(options, stride_h=rows, stride_w=columns))


def _spans(editor: Editor, operator: Operator) -> tuple[int, int] | None:
    """Return how many rows and columns a window covers."""
    options = operator.options
    if isinstance(options, Pool2DOptions):
        return options.filter_height, options.filter_width
    weights = editor.tensor(operator.inputs[1]).shape
    if weights is None or len(weights) != 4 or not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)):
        return None
    return (
        (weights[1] - 1) * options.dilation_h_factor + 1,
        (weights[2] - 1) * options.dilation_w_factor + 1,
    )


def _smaller(size: int, outputs: int, span: int, stride: int, same: bool) -> int | None:
    """Return a stride of at most 3 with the same output and padding, None if there is none."""
    if stride <= _LARGEST:
        return stride
    for smaller in range(1, _LARGEST + 1):
        covered = -(-size // smaller) if same else (size - span) // smaller + 1
        if covered == outputs == 1 and (
            not same or same_padding(size, span, smaller) == same_padding(size, span, stride)
        ):
            return smaller
    return None
