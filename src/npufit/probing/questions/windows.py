"""Axes of operators with a window: kernel, stride, dilation, padding, and the room that a window needs."""

from __future__ import annotations

from npufit.graph import Activation, Padding
from npufit.probing.questions.space import Choices, ImpossibleError, Numbers, Values
from npufit.probing.questions.values import number, word

PADDING_AXIS = Choices("padding", (Padding.SAME.name, Padding.VALID.name))
ACTIVATION_AXIS = Choices(
    "activation",
    tuple(one.name for one in Activation if one is not Activation.SIGN_BIT),
)
DILATION_AXES = Numbers("dilation_h", 1, most=128), Numbers("dilation_w", 1, most=128)


def kernel_axes(base: int, most: int) -> tuple[Numbers, Numbers]:
    """Return the axes of the kernel's height and width."""
    return Numbers("kh", base, most=most), Numbers("kw", base, most=most)


def stride_axes(base: int, most: int = 256) -> tuple[Numbers, Numbers]:
    """Return the axes of the strides."""
    return Numbers("stride_h", base, most=most), Numbers("stride_w", base, most=most)


def padding_of(values: Values) -> Padding:
    """Return the padding."""
    return Padding[word(values, "padding")]


def activation_of(values: Values) -> Activation:
    """Return the fused activation."""
    return Activation[word(values, "activation")]


def strides_of(values: Values) -> tuple[int, int]:
    """Return the strides along width and height, in the order of the schema."""
    return number(values, "stride_w"), number(values, "stride_h")


def dilations_of(values: Values) -> tuple[int, int]:
    """Return the dilations along width and height, in the order of the schema."""
    return number(values, "dilation_w"), number(values, "dilation_h")


def require_room(values: Values) -> None:
    """Raise ImpossibleError if a window without padding is larger than the input."""
    if padding_of(values) is Padding.SAME:
        return
    spans = {side: (number(values, f"k{side}") - 1) * int(values.get(f"dilation_{side}", 1)) + 1 for side in ("h", "w")}
    lacking = {side: span for side, span in spans.items() if number(values, side) < span}
    if lacking:
        raise ImpossibleError("a window that is larger than its input", **lacking)
