"""accuracy: predicted times against public measurements of networks that the fit had not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.validating.accuracy import AccuracyResult, accuracy
from npufit.validating.groups import GroupAccuracy, class_accuracy, group_accuracy
from npufit.validating.rows import AccuracyRow, accuracy_rows, choose_rows

if TYPE_CHECKING:
    from npufit.validating.own_rows import OwnAccuracy

__all__ = [
    "AccuracyResult",
    "AccuracyRow",
    "GroupAccuracy",
    "OwnAccuracy",
    "accuracy",
    "accuracy_rows",
    "choose_rows",
    "class_accuracy",
    "group_accuracy",
]

_HOMES = {"npufit.validating.own_rows": ("OwnAccuracy",)}

__getattr__ = lazy_attributes(__name__, _HOMES)
