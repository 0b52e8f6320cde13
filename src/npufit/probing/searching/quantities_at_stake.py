"""Which quantities a limit may be about, and how simple each is: of two that explain the same, the simpler is named."""

from __future__ import annotations

from collections.abc import Collection

from npufit.stacks.probed import NUMBERS, WORDS

PRODUCTS = (
    "h*w",
    "h*c",
    "w*c",
    "h*w*c",
    "batch*h",
    "batch*c",
    "batch*h*w",
    "batch*h*w*c",
    "ofm_h*ofm_w",
    "ofm_h*ofm_c",
    "ofm_w*ofm_c",
    "ofm_h*ofm_w*ofm_c",
    "kh*kw",
    "kh*c",
    "kw*c",
    "kh*kw*c",
    "kh*w*c",
    "kh*kw*ofm_c",
    "kh*kw*c*ofm_c",
    "c*ofm_c",
    "dilated_kh*dilated_kw",
    "stride_h*stride_w",
    "dilation_h*dilation_w",
)
"""Products that converters limit: areas, lines, volumes, windows and filters."""

NUMBER_NAMES = (*NUMBERS, *PRODUCTS)
WORD_NAMES = tuple(WORDS)
OPEN_WORDS = ("stride", "scale")
"""Pairs of numbers as words: there are more of them than anybody can ask about."""

_COSTS = {
    "tensor_bytes": 1.75,
    "activation_bytes": 1.75,
    "ifm_bytes": 1.6,
    "ofm_bytes": 1.65,
    "weights_bytes": 1.4,
    "io_bytes": 1.8,
    "working_set_bytes": 1.9,
    "weights_sum": 1.5,
    "depthwise_weights_sum": 1.55,
    "macs": 1.95,
    "reduced_elements": 1.2,
    "reduced_axis": 1.3,
}


def is_derived(quantity: str, axes: Collection[str]) -> bool:
    """Return whether `quantity` is computed from several sizes: a product, bytes, a sum, a size of the result."""
    return "*" in quantity or (quantity not in axes and (quantity in _COSTS or quantity.startswith("ofm_")))


def cost_of(quantity: str, axes: Collection[str]) -> float:
    """Return how far-fetched a limit on `quantity` is: 1 for an axis of the space, below 2 for all others."""
    parts = quantity.split("*")
    own = 0.0 if all(part in axes for part in parts) else 0.1
    if len(parts) > 1:
        return 1.2 + 0.1 * len(parts) + own
    return _COSTS.get(quantity, 1.0 + own)
