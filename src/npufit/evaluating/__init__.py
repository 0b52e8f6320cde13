"""evaluate: how the answers of a model on images change on a target, and how often they are right."""

from npufit.evaluating.average_precision import AveragePrecision, Measured
from npufit.evaluating.box_labels import BoxLabels, TrueBox
from npufit.evaluating.box_matching import BoxMatch, match_boxes
from npufit.evaluating.box_summary import BoxAgreement, BoxSummary, ChangedObjects
from npufit.evaluating.boxes import Box
from npufit.evaluating.class_labels import FOLDERS
from npufit.evaluating.class_summary import ChangedClass, ClassAccuracy, ClassAgreement, ClassSummary
from npufit.evaluating.evaluate import evaluate
from npufit.evaluating.gates import GATE_NAMES
from npufit.evaluating.intervals import CONFIDENCE, Proportion
from npufit.evaluating.options import EvaluateOptions
from npufit.evaluating.output_summary import OutputAgreement, OutputSummary
from npufit.evaluating.rankings import Ranking
from npufit.evaluating.reading import Reading, Task
from npufit.evaluating.records import ImageRecord, OutputChange, Pair, Side
from npufit.evaluating.result import EvaluatedImage, EvaluateResult, FailedImage, GateOutcome

__all__ = [
    "CONFIDENCE",
    "FOLDERS",
    "GATE_NAMES",
    "AveragePrecision",
    "Box",
    "BoxAgreement",
    "BoxLabels",
    "BoxMatch",
    "BoxSummary",
    "ChangedClass",
    "ChangedObjects",
    "ClassAccuracy",
    "ClassAgreement",
    "ClassSummary",
    "EvaluateOptions",
    "EvaluateResult",
    "EvaluatedImage",
    "FailedImage",
    "GateOutcome",
    "ImageRecord",
    "Measured",
    "OutputAgreement",
    "OutputChange",
    "OutputSummary",
    "Pair",
    "Proportion",
    "Ranking",
    "Reading",
    "Side",
    "Task",
    "TrueBox",
    "evaluate",
    "match_boxes",
]
