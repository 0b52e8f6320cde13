"""All hazards in one table, with the functions that find them and the drivers that they concern."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Rule
from npufit.stacks.teflon.hazards import arithmetic, layout, window
from npufit.stacks.teflon.hazards.hazard import Detector, PlacedGraph

_ETHOSU = frozenset({"ethosu"})
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
    (arithmetic.H9, arithmetic.find_operands, _ETHOSU),
    (arithmetic.H10, arithmetic.find_wide_look_ups, _ETHOSU),
    (arithmetic.H11, arithmetic.find_unequal_comparisons, _ETHOSU),
    (window.H12, window.find_large_strides, _ETHOSU),
    (arithmetic.H13, arithmetic.find_int16, _ETHOSU),
    (arithmetic.H14, arithmetic.find_dropped_activations, _EVERY_DRIVER),
    (arithmetic.H15, arithmetic.find_missing_biases, _EVERY_DRIVER),
    (arithmetic.H16, arithmetic.find_flattened_inputs, _ETHOSU),
    (arithmetic.H17, arithmetic.find_unsuitable_elements, _ETHOSU),
)
"""H1 to H16 are numbered as in the collected facts; the frontend's hazards (H14, H15) concern every driver."""


def find_hazards(graph: PlacedGraph, driver: str) -> Iterator[Hazard]:
    """Yield every hazard of a placed graph behind `driver`, in the order of the table."""
    for _, detect, drivers in HAZARDS:
        if driver in drivers:
            yield from detect(graph)
