"""The main question: where does each operator of a model run on a target, and is that good enough?"""

from npufit.checking.check import check
from npufit.checking.gates import Gate, GateResult, evaluate_gate, parse_gate
from npufit.checking.result import CheckResult, Summary
from npufit.checking.target_choice import ChosenTarget, choose_target

__all__ = [
    "CheckResult",
    "ChosenTarget",
    "Gate",
    "GateResult",
    "Summary",
    "check",
    "choose_target",
    "evaluate_gate",
    "parse_gate",
]
