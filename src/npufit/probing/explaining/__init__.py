"""Explaining: why a converter that decides over groups leaves operators on the CPU, and which experiment tells most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.probing.explaining.experiment import Expectation, Experiment, ExperimentKind, Planned
    from npufit.probing.explaining.explain import explain
    from npufit.probing.explaining.options import ExplainOptions
    from npufit.probing.explaining.result import Done, ExplainResult, Predicted

__all__ = [
    "Done",
    "Expectation",
    "Experiment",
    "ExperimentKind",
    "ExplainOptions",
    "ExplainResult",
    "Planned",
    "Predicted",
    "explain",
]

_HOMES = {
    "npufit.probing.explaining.experiment": ("Expectation", "Experiment", "ExperimentKind", "Planned"),
    "npufit.probing.explaining.explain": ("explain",),
    "npufit.probing.explaining.options": ("ExplainOptions",),
    "npufit.probing.explaining.result": ("Done", "ExplainResult", "Predicted"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
