"""All hazards in one table, with the functions that find them and the drivers that they affect."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Rule
from npufit.stacks.teflon.hazards import arithmetic, layout, operands, rocket, window
from npufit.stacks.teflon.hazards.hazard import Detector, TeflonGraph

_ETHOSU = frozenset({"ethosu"})
_ROCKET = frozenset({"rocket"})
_EVERY_DRIVER = frozenset({"ethosu", "etnaviv", "rocket"})

HAZARDS: tuple[tuple[Rule, Detector, frozenset[str]], ...] = (
    (layout.BRICK_ORDER, layout.find_bricks_that_leave, _ETHOSU),
    (window.PAD_FOLDED, window.find_pads, _ETHOSU),
    (window.PADDING_UNDERFLOW, window.find_padding_underflows, _ETHOSU),
    (layout.CONCAT_MISPLACED, layout.find_concatenations, _ETHOSU),
    (layout.SLICE_OFFSET, layout.find_slices, _ETHOSU),
    (layout.RESIZE_DOUBLED, layout.find_resizes, _ETHOSU),
    (window.DEPTHWISE_WEIGHTS, window.find_depth_multipliers, _ETHOSU),
    (arithmetic.RELU_UNCLAMPED, arithmetic.find_missing_clamps, _ETHOSU),
    (operands.ELEMENTWISE_OPERANDS, operands.find_operands, _ETHOSU),
    (operands.ELEMENTWISE_OPERANDS, operands.find_added_activations, _EVERY_DRIVER),
    (arithmetic.INT16_TABLE, arithmetic.find_wide_look_ups, _ETHOSU),
    (arithmetic.COMPARE_SCALES, arithmetic.find_unequal_comparisons, _ETHOSU),
    (window.STRIDE_OVERFLOW, window.find_large_strides, _ETHOSU),
    (arithmetic.INT16, arithmetic.find_int16, _ETHOSU),
    (arithmetic.ACTIVATION_DROPPED, arithmetic.find_dropped_activations, _EVERY_DRIVER),
    (operands.MISSING_BIAS, operands.find_missing_biases, _EVERY_DRIVER),
    (operands.FLATTENED_INPUT, operands.find_flattened_inputs, _ETHOSU),
    (arithmetic.ELEMENT_TYPE, arithmetic.find_unsuitable_elements, _EVERY_DRIVER),
    (operands.OPERAND_READ_EARLY, operands.find_operands_read_ahead, _EVERY_DRIVER),
    (operands.LOST_DIMENSIONS, operands.find_lost_dimensions, _ETHOSU),
    (rocket.UNFUSABLE_ADD, rocket.find_unfusable_additions, _ROCKET),
    (rocket.MISFUSED_ADD, rocket.find_misfused_additions, _ROCKET),
    (rocket.INT8_AS_UINT8, rocket.find_signed_bytes, _ROCKET),
    (arithmetic.QUANTIZED_DIMENSION, arithmetic.find_bad_dimensions, _EVERY_DRIVER),
)
"""Hazards are named after the component at fault; faults of the frontend affect every driver."""


def find_hazards(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield every hazard of a placed graph, in the order of the table and of the operators."""
    for _, detect, drivers in HAZARDS:
        if graph.driver in drivers:
            yield from sorted(detect(graph), key=lambda hazard: hazard.operators[0])
