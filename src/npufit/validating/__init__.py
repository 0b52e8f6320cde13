"""accuracy: predicted times against public measurements of networks that the fit had not seen."""

from npufit.validating.accuracy import AccuracyResult, accuracy
from npufit.validating.groups import GroupAccuracy, class_accuracy, group_accuracy
from npufit.validating.rows import AccuracyRow, accuracy_rows, choose_rows

__all__ = [
    "AccuracyResult",
    "AccuracyRow",
    "GroupAccuracy",
    "accuracy",
    "accuracy_rows",
    "choose_rows",
    "class_accuracy",
    "group_accuracy",
]
