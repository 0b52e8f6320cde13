"""How far predicted times are from measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.validating.groups import GroupAccuracy, class_accuracy, group_accuracy
from npufit.validating.rows import AccuracyRow, accuracy_rows, choose_rows


@dataclass(frozen=True, slots=True)
class AccuracyResult:
    """Public measurements beside their held-out predictions, and how far these are off.

    `groups` sums up the rows of each group and of parts of it, `classes` whole classes of networks that were left out.
    """

    rows: tuple[AccuracyRow, ...]
    groups: tuple[GroupAccuracy, ...]
    classes: tuple[GroupAccuracy, ...]


def accuracy(groups: Sequence[str] = ()) -> AccuracyResult:
    """Return how far predicted times are from public measurements of networks that the fit had not seen.

    `groups` names chips or groups (`imx93`, `imx93/vela`, `imx93/cpu`), all of them if it is empty. Raises InputError
    for one that has no measurement.

    >>> import npufit
    >>> found = npufit.accuracy(["imx93/vela"])
    >>> found.groups[0].rows, found.groups[0].networks
    (18, 15)
    """
    rows = choose_rows(accuracy_rows(), groups)
    summaries = group_accuracy(rows)
    return AccuracyResult(rows, summaries, class_accuracy(summary.group for summary in summaries))
