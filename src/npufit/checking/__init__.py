"""The main question: where does each operator of a model run on a target, and does it pass?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.checking.check import MAX_LOG_BYTES, CheckOptions, check, check_targets
from npufit.checking.gate import Gate, GateResult, Quantity, apply_gate, read_gate
from npufit.checking.gates import evaluate_gate, parse_gate
from npufit.checking.other_stacks import OtherStack, has_complaints
from npufit.checking.result import CheckResult
from npufit.checking.summary import Summary
from npufit.checking.target_choice import ChosenTarget, TargetChoice, choose_target

if TYPE_CHECKING:
    from npufit.checking.own_measurements import OwnMeasurement, OwnMeasurements

__all__ = [
    "MAX_LOG_BYTES",
    "CheckOptions",
    "CheckResult",
    "ChosenTarget",
    "Gate",
    "GateResult",
    "OtherStack",
    "OwnMeasurement",
    "OwnMeasurements",
    "Quantity",
    "Summary",
    "TargetChoice",
    "apply_gate",
    "check",
    "check_targets",
    "choose_target",
    "evaluate_gate",
    "has_complaints",
    "parse_gate",
    "read_gate",
]

_HOMES = {"npufit.checking.own_measurements": ("OwnMeasurement", "OwnMeasurements")}

__getattr__ = lazy_attributes(__name__, _HOMES)
