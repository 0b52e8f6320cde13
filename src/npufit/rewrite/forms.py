"""Whether an operator of an untrusted file has the operands that its type needs, before a pass relies on them."""

from __future__ import annotations

from npufit.graph import NO_TENSOR, Operator

_LEAST = {
    "PADV2": 3,
    "SLICE": 3,
    "STRIDED_SLICE": 4,
    **dict.fromkeys(
        (
            "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "PAD", "MIRROR_PAD", "TRANSPOSE", "SPLIT", "GATHER",
            "MEAN", "REDUCE_PROD", "RESIZE_NEAREST_NEIGHBOR", "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM",
            "SQUARED_DIFFERENCE",
        ),
        2,
    ),
}  # fmt: skip
"""How many inputs each type needs; one where it is not listed."""


def is_whole(operator: Operator) -> bool:
    """Return whether `operator` has outputs, and all inputs that its type cannot do without."""
    least = _LEAST.get(operator.type, 1)
    needed = operator.inputs[:least]
    return (
        len(needed) == least
        and NO_TENSOR not in needed
        and bool(operator.outputs)
        and NO_TENSOR not in operator.outputs
    )
