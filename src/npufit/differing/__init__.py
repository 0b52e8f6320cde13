"""differential: a folder of models, a real library against what the rules predict of it."""

from npufit.differing.differential import differential
from npufit.differing.options import DifferentialOptions
from npufit.differing.outcome import AnsweredOutput, OtherPlace, Outcome, PredictedHazard
from npufit.differing.result import ComparedModel, DifferentialResult, Disagreement, Kind

__all__ = [
    "AnsweredOutput",
    "ComparedModel",
    "DifferentialOptions",
    "DifferentialResult",
    "Disagreement",
    "Kind",
    "OtherPlace",
    "Outcome",
    "PredictedHazard",
    "differential",
]
