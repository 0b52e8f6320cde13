"""Resizing by exact doublings, which Mesa's ethosu driver accepts, and averages.

A linear interpolation is a repetition followed by a mean over one pixel of the original. Means of windows that cross
the border count only the values inside, as an interpolation does there. Only rounding differs.
"""

from __future__ import annotations

import numpy as np

from npufit.graph import (
    Padding,
    Pool2DOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    constant_values,
    eight_bit_operator,
)
from npufit.rewrite.substitution.pointwise import is_quantized_map
from npufit.rewrite.surgery import Editor, same_quantization

_MOST_DOUBLINGS = 6
_WIDEST = 64
"""The largest window that all NPUs of this project support, along one axis."""


def bilinear(editor: Editor, index: int) -> str:
    """Write RESIZE_BILINEAR as doublings and averages; a resize to the same size or from one pixel needs no average."""
    operator = editor.operator(index)
    source, result = operator.inputs[0], operator.outputs[0]
    before, after = editor.tensor(source), editor.tensor(result)
    options = operator.options
    if not is_quantized_map(before) or not is_quantized_map(after) or not same_quantization(before, after):
        return ""
    if not isinstance(options, ResizeBilinearOptions) or constant_values(editor.tensor(operator.inputs[1])) is None:
        return ""
    (_, height, width, _), (_, rows, columns, _) = before.shape or (0,) * 4, after.shape or (0,) * 4
    if (height, width) == (rows, columns):
        _pool(editor, "MAX_POOL_2D", source, result, (1, 1), near=index)
        editor.remove(index)
        return "only a copy: it keeps the size"
    if (height, width) == (1, 1):
        return _spread(editor, index, (rows, columns))
    if options.align_corners:
        factor = _factor(height - 1, rows - 1), _factor(width - 1, columns - 1)
    else:
        factor = _factor(height, rows), _factor(width, columns)
    if factor[0] is None or factor[0] != factor[1]:
        return ""
    if options.half_pixel_centers:
        return _between_pixels(editor, index, factor[0])
    return _step_by_step(editor, index, factor[0], has_aligned_corners=options.align_corners)


def nearest(editor: Editor, index: int) -> str:
    """Write RESIZE_NEAREST_NEIGHBOR by 4, 8, ... as doublings."""
    operator = editor.operator(index)
    source, result = operator.inputs[0], operator.outputs[0]
    before, after = editor.tensor(source), editor.tensor(result)
    options = operator.options
    if (
        not is_quantized_map(before)
        or not is_quantized_map(after)
        or not isinstance(options, ResizeNearestNeighborOptions)
    ):
        return ""
    (_, height, width, _), (_, rows, columns, _) = before.shape or (0,) * 4, after.shape or (0,) * 4
    count = _factor(height, rows)
    if options.align_corners or count is None or count < 2 or count != _factor(width, columns):
        return ""
    for number in range(count - 1):
        source = _double(editor, source, f"doubled_{number}", near=index)
    _add_doubling(editor, source, result, near=index)
    editor.remove(index)
    return f"{count} doublings"


def _factor(before: int, after: int) -> int | None:
    """Return how often `before` must be doubled to become `after`, None if never."""
    for count in range(1, _MOST_DOUBLINGS + 1):
        if before > 0 and after == before << count:
            return count
    return None


def _step_by_step(editor: Editor, index: int, count: int, *, has_aligned_corners: bool) -> str:
    """Double `count` times and average neighbours each time: new values lie midway between old ones.

    With aligned corners the last repetition has nothing after it and is omitted; otherwise it stays unchanged.
    """
    operator = editor.operator(index)
    source, result = operator.inputs[0], operator.outputs[0]
    padding = Padding.VALID if has_aligned_corners else Padding.SAME
    for number in range(count):
        doubled = _double(editor, source, f"doubled_{number}", near=index)
        _, height, width, depth = editor.tensor(doubled).shape or (0,) * 4
        cut = 1 if has_aligned_corners else 0
        shape = (1, height - cut, width - cut, depth)
        last = number == count - 1
        source = result if last else editor.add_like(doubled, "averaged", shape=shape)
        _pool(editor, "AVERAGE_POOL_2D", doubled, source, (2, 2), near=index, padding=padding)
    editor.remove(index)
    return f"{count} times a doubling and an AVERAGE_POOL_2D of 2x2"


def _between_pixels(editor: Editor, index: int, count: int) -> str:
    """Resize with pixel centres in the middle: twice as fine as requested, then means at every other position.

    The window is one pixel of the original wide, so it is even, and its middle lies between two repetitions.
    """
    window = 2 << count
    if window > _WIDEST:
        return ""
    operator = editor.operator(index)
    source = operator.inputs[0]
    for number in range(count + 1):
        source = _double(editor, source, f"doubled_{number}", near=index)
    sizes = (window, window)
    _pool(editor, "AVERAGE_POOL_2D", source, operator.outputs[0], sizes, near=index, stride=2, padding=Padding.SAME)
    editor.remove(index)
    return f"{count + 1} doublings and an AVERAGE_POOL_2D of {window}x{window}"


def _spread(editor: Editor, index: int, sizes: tuple[int, int]) -> str:
    """Write one pixel all over a map: doublings, each cut back to what is needed, since all values are the same."""
    operator = editor.operator(index)
    source, result = operator.inputs[0], operator.outputs[0]
    depth = (editor.tensor(source).shape or (0,))[-1]
    count = max((size - 1).bit_length() for size in sizes)
    if count > 2 * _MOST_DOUBLINGS:
        return ""
    for number in range(count):
        last = number == count - 1
        rest = 1 << (count - number - 1)
        wanted = -(-sizes[0] // rest), -(-sizes[1] // rest)
        _, height, width, _ = editor.tensor(source).shape or (0,) * 4
        kernel = 2 * height - wanted[0] + 1, 2 * width - wanted[1] + 1
        if last and kernel == (1, 1):
            _add_doubling(editor, source, result, near=index)
            break
        source = _double(editor, source, "spread", near=index)
        if kernel != (1, 1):
            cut = result if last else editor.add_like(result, "cut", shape=(1, *wanted, depth))
            _pool(editor, "MAX_POOL_2D", source, cut, kernel, near=index)
            source = cut
    editor.remove(index)
    return f"{count} doublings, cut back by MAX_POOL_2D"


def _double(editor: Editor, source: int, name: str, near: int) -> int:
    _, height, width, depth = editor.tensor(source).shape or (0,) * 4
    result = editor.add_like(source, name, shape=(1, 2 * height, 2 * width, depth))
    return _add_doubling(editor, source, result, near)


def _add_doubling(editor: Editor, source: int, result: int, near: int) -> int:
    tensor = editor.tensor(result)
    size = editor.add_constant(f"{tensor.name}/size", np.array((tensor.shape or (0,) * 4)[1:3], np.int32))
    options = ResizeNearestNeighborOptions()
    editor.add(eight_bit_operator("RESIZE_NEAREST_NEIGHBOR", (source, size), (result,), options), near)
    return result


def _pool(
    editor: Editor,
    kind: str,
    source: int,
    result: int,
    sizes: tuple[int, int],
    near: int,
    *,
    stride: int = 1,
    padding: Padding = Padding.VALID,
) -> None:
    options = Pool2DOptions(padding, stride, stride, filter_width=sizes[1], filter_height=sizes[0])
    editor.add(eight_bit_operator(kind, (source,), (result,), options), near)
