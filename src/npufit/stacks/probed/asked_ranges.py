"""Which operators a probe says something about: the ranges of what it asked and the converter accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from npufit.stacks.probed.limit import Value
from npufit.stacks.probed.probed_rules import AskedRange
from npufit.stacks.probed.quantities import Measured

_TELLING = (
    *("h", "w", "c", "batch", "ofm_c", "kh", "kw", "stride_h", "stride_w", "dilation_h", "dilation_w"),
    *("depth_multiplier", "rank", "inputs", "outputs", "scale_h", "scale_w"),
    *("ofm_rank", "block_size", "pad_h", "pad_w", "pad_c", "pad_batch", "step_h", "step_w", "step_c", "parameters"),
    *("dtype", "ofm_dtype", "weights_dtype", "bias", "weights", "quantization", "padding", "activation"),
    *("rescaled", "ofm_size", "mode", "changed_axes", "keep_num_dims", "adj_x", "adj_y"),
    *("axes", "axis", "order", "keep_dims", "align_corners", "half_pixel_centers", "broadcast", "constant_operand"),
)
"""The quantities in which models differ on purpose; what follows from them, such as bytes, has no range of its own."""

_TELLING_IF_VARIED = frozenset({"rescaled", "ofm_size", "changed_axes"})
"""Quantities of which one value says nothing about the other: a probe that always rescales need not have meant to."""


def asked_ranges(accepted: Iterable[Measured]) -> tuple[AskedRange, ...]:
    """Return the ranges of the models that were accepted, each given by the quantities of its operator."""
    found: dict[str, set[Value]] = {}
    for measured in accepted:
        for name in _TELLING:
            if name in measured:
                found.setdefault(name, set()).add(measured[name])
    return tuple(_range(name, found[name]) for name in _TELLING if _tells(name, found.get(name, ())))


def _tells(name: str, values: Collection[Value]) -> bool:
    return len(values) > (name in _TELLING_IF_VARIED)


def _range(name: str, values: set[Value]) -> AskedRange:
    numbers = [value for value in values if isinstance(value, int)]
    words = sorted(value for value in values if isinstance(value, str))
    return AskedRange(name, min(numbers, default=None), max(numbers, default=None), tuple(words))
