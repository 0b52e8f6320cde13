"""The main question: where does each operator of a model run on a target, and does it pass?"""

from npufit.checking.check import MAX_LOG_BYTES, CheckOptions, check, check_targets
from npufit.checking.gate import Gate, GateResult, Quantity, apply_gate, read_gate
from npufit.checking.gates import evaluate_gate, parse_gate
from npufit.checking.other_stacks import OtherStack, has_complaints
from npufit.checking.own_measurements import OwnMeasurement, OwnMeasurements
from npufit.checking.result import CheckResult
from npufit.checking.summary import Summary
from npufit.checking.target_choice import ChosenTarget, TargetChoice, choose_target

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
