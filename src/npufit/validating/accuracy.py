"""How far predicted times are from measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from npufit.validating.groups import GroupAccuracy, class_accuracy, group_accuracy
from npufit.validating.rows import AccuracyRow, accuracy_rows, choose_rows

if TYPE_CHECKING:
    from npufit.validating.own_rows import OwnAccuracy


@dataclass(frozen=True, slots=True)
class AccuracyResult:
    """Public measurements beside their held-out predictions, and how far these are off.

    `groups` sums up the rows of each group and of parts of it, `classes` whole classes of networks that were left out.
    `own` are a user's measurements, which no public row contains; None if none were named.
    """

    rows: tuple[AccuracyRow, ...]
    groups: tuple[GroupAccuracy, ...]
    classes: tuple[GroupAccuracy, ...]
    own: OwnAccuracy | None = None


def accuracy(groups: Sequence[str] = (), measured: Sequence[str | Path] = ()) -> AccuracyResult:
    """Return how far predicted times are from public measurements of networks that the fit had not seen.

    `groups` names chips or groups (`imx93`, `imx93/vela`, `imx93/cpu`), all of them if it is empty. `measured`
    are files of the user's own measurements, and folders of them: they are counted apart. Raises InputError for a group
    that has no measurement, and for a place that does not exist.

    >>> import npufit
    >>> found = npufit.accuracy(["imx93/vela"])
    >>> found.groups[0].rows, found.groups[0].networks
    (18, 15)
    """
    own: OwnAccuracy | None = None
    if measured:
        from npufit.validating.own_rows import own_accuracy

        own = own_accuracy([Path(place) for place in measured], groups)
    known = () if own is None else {name for row in own.rows for name in (row.chip, row.group)}
    rows = choose_rows(accuracy_rows(), groups, known)
    summaries = group_accuracy(rows)
    return AccuracyResult(rows, summaries, class_accuracy(summary.group for summary in summaries), own)
