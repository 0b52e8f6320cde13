"""All hazards in one table, with the functions that find them and the drivers that they concern."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Rule
from npufit.stacks.teflon.hazards import arithmetic, layout, operands, rocket, window
from npufit.stacks.teflon.hazards.hazard import Detector, PlacedGraph

_ETHOSU = frozenset({"ethosu"})
_ROCKET = frozenset({"rocket"})
_EVERY_DRIVER = frozenset({"ethosu", "etnaviv", "rocket"})

HAZARDS: tuple[tuple[Rule, Detector, frozenset[str]], ...] = (
    (layout.H1, layout.find_bricks_that_leave, _ETHOSU),
    (window.H2, window.find_pads, _ETHOSU),
    (window.H3, window.find_padding_underflows, _ETHOSU),
    (layout.H4, layout.find_concatenations, _ETHOSU),
    (layout.H5, layout.find_slices, _ETHOSU),
    (layout.H6, layout.find_resizes, _ETHOSU),
    (window.H7, window.find_depth_multipliers, _ETHOSU),
    (arithmetic.H8, arithmetic.find_missing_clamps, _ETHOSU),
    (operands.H9, operands.find_operands, _ETHOSU),
    (operands.H9, operands.find_added_activations, _EVERY_DRIVER),
    (arithmetic.H10, arithmetic.find_wide_look_ups, _ETHOSU),
    (arithmetic.H11, arithmetic.find_unequal_comparisons, _ETHOSU),
    (window.H12, window.find_large_strides, _ETHOSU),
    (arithmetic.H13, arithmetic.find_int16, _ETHOSU),
    (arithmetic.H14, arithmetic.find_dropped_activations, _EVERY_DRIVER),
    (operands.H15, operands.find_missing_biases, _EVERY_DRIVER),
    (operands.H16, operands.find_flattened_inputs, _ETHOSU),
    (arithmetic.H17, arithmetic.find_unsuitable_elements, _EVERY_DRIVER),
    (operands.H18, operands.find_operands_read_ahead, _EVERY_DRIVER),
    (operands.H19, operands.find_lost_dimensions, _ETHOSU),
    (rocket.H20, rocket.find_unfusable_additions, _ROCKET),
    (rocket.H21, rocket.find_misfused_additions, _ROCKET),
    (rocket.H22, rocket.find_signed_bytes, _ROCKET),
    (arithmetic.H23, arithmetic.find_bad_dimensions, _EVERY_DRIVER),
)
"""H1 to H16 are numbered as in the collected facts; what the frontend does wrong concerns every driver."""


def find_hazards(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield every hazard of a placed graph, in the order of the table and of the operators."""
    for _, detect, drivers in HAZARDS:
        if graph.driver in drivers:
            yield from sorted(detect(graph), key=lambda hazard: hazard.operators[0])
