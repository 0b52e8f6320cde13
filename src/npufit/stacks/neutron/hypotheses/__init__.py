"""Hypotheses on how NXP's converter decides, as code: what each predicts for a network, and what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.stacks.neutron.hypotheses.bounds import Bounds, counted_bounds, exact_bounds
    from npufit.stacks.neutron.hypotheses.catalogue import HYPOTHESES
    from npufit.stacks.neutron.hypotheses.conversions import seen_in_conversion, seen_in_file, seen_in_log
    from npufit.stacks.neutron.hypotheses.explanation import Explanation
    from npufit.stacks.neutron.hypotheses.hypothesis import Hypothesis, Standing
    from npufit.stacks.neutron.hypotheses.judging import Figure, Judgement, judge
    from npufit.stacks.neutron.hypotheses.public import (
        public_conversions,
        release_named,
        release_of_public_conversions,
        silent_observations,
    )
    from npufit.stacks.neutron.hypotheses.quantities import measure_operator
    from npufit.stacks.neutron.hypotheses.refused_anyway import without_refused
    from npufit.stacks.neutron.hypotheses.seen import Disagreement, SeenConversion, disagreement
    from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork

__all__ = [
    "HYPOTHESES",
    "Bounds",
    "Disagreement",
    "Explanation",
    "Figure",
    "Hypothesis",
    "Judgement",
    "SeenConversion",
    "SourceNetwork",
    "Standing",
    "counted_bounds",
    "disagreement",
    "exact_bounds",
    "judge",
    "measure_operator",
    "public_conversions",
    "release_named",
    "release_of_public_conversions",
    "seen_in_conversion",
    "seen_in_file",
    "seen_in_log",
    "silent_observations",
    "without_refused",
]

_HOMES = {
    "npufit.stacks.neutron.hypotheses.bounds": ("Bounds", "counted_bounds", "exact_bounds"),
    "npufit.stacks.neutron.hypotheses.catalogue": ("HYPOTHESES",),
    "npufit.stacks.neutron.hypotheses.conversions": ("seen_in_conversion", "seen_in_file", "seen_in_log"),
    "npufit.stacks.neutron.hypotheses.explanation": ("Explanation",),
    "npufit.stacks.neutron.hypotheses.hypothesis": ("Hypothesis", "Standing"),
    "npufit.stacks.neutron.hypotheses.judging": ("Figure", "Judgement", "judge"),
    "npufit.stacks.neutron.hypotheses.public": (
        "public_conversions",
        "release_named",
        "release_of_public_conversions",
        "silent_observations",
    ),
    "npufit.stacks.neutron.hypotheses.quantities": ("measure_operator",),
    "npufit.stacks.neutron.hypotheses.refused_anyway": ("without_refused",),
    "npufit.stacks.neutron.hypotheses.seen": ("Disagreement", "SeenConversion", "disagreement"),
    "npufit.stacks.neutron.hypotheses.source_network": ("SourceNetwork",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
