"""All hazards of this stack in one table, with the functions that find them."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Rule
from npufit.stacks.vx.hazards import arithmetic, building, operands
from npufit.stacks.vx.hazards.hazard import Detector, VxGraph

HAZARDS: tuple[tuple[Rule, Detector], ...] = (
    (building.STACKED_SCALAR, building.find_stacked_scalars),
    (arithmetic.SIGN_BIT, arithmetic.find_sign_bits),
    (arithmetic.NO_SCALE_DIFFERENCE, arithmetic.find_differences_without_scale),
    (arithmetic.COUPLED_GATES, arithmetic.find_coupled_gates),
    (building.SCALAR_GATHER, building.find_scalar_gathers),
    (building.EMPTY_GRAPH, building.find_empty_graphs),
    (arithmetic.BIAS_SCALE, arithmetic.find_bias_scales),
    (building.UNWRITTEN_BROADCAST, building.find_unwritten_broadcasts),
    (operands.READ_EARLY, operands.find_early_operands),
    (operands.RESHAPE_BY_OPTIONS, operands.find_reshapes_by_options),
    (operands.STRIDED_SLICE_BOUNDS, operands.find_strided_slices),
    (operands.SLICE_REST, operands.find_slices_of_the_rest),
    (operands.ONE_HOT_VALUES, operands.find_one_hot_values),
    (operands.REVERSE_AXES, operands.find_reversed_axes),
    (arithmetic.PAD_ZERO, arithmetic.find_pads),
    (arithmetic.DROPPED_MINIMUM, arithmetic.find_dropped_minima),
    (arithmetic.DROPPED_ACTIVATION, arithmetic.find_dropped_activations),
    (arithmetic.LOST_STATE, arithmetic.find_lost_states),
)


def find_hazards(graph: VxGraph) -> Iterator[Hazard]:
    """Yield every hazard of a placed graph, in the order of the table and of the operators."""
    for _, detect in HAZARDS:
        yield from sorted(detect(graph), key=lambda hazard: hazard.operators[0])
