"""The search for differences of two converters in one operator type.

Each is asked about the models that the other does not take. A model on which they differ is explained by a limit that
it exceeds; of the models that show the same limit, the smallest is made smaller still.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from npufit.graph import Model
from npufit.probing.differences.difference import Ask, Difference, Example, Outcome, outcome_of
from npufit.probing.differences.smallest import make_smaller, rank_of
from npufit.probing.questions import Point, Space, space_of
from npufit.probing.searching import Asked, OperatorFindings
from npufit.stacks.probed import Limit, keeps_to, measure


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why a model is treated differently: a limit of the first converter or of the second; None if none was found."""

    limit: Limit | None
    is_firsts: bool


@dataclass(frozen=True)
class _Differing:
    """A point on which the converters differ."""

    space: Space
    point: Point
    first: Outcome
    second: Outcome

    @cached_property
    def model(self) -> Model:
        """The model of the point."""
        return self.space.draw(dict(self.point.values))

    def causes(self, limits: Sequence[_Cause]) -> list[_Cause]:
        """Return which of `limits` the model exceeds, those of the converter that does worse with it."""
        measured = measure(self.model.main, self.model.main.operators[self.space.tested[-1]])
        is_firsts = _is_worse(self.first, self.second)
        return [
            cause
            for cause in limits
            if cause.is_firsts == is_firsts and cause.limit is not None and keeps_to(cause.limit, measured) is False
        ]


def find_differences(first: OperatorFindings, second: OperatorFindings, ask: Ask) -> list[Difference]:
    """Return what the converters of `first` and `second` do differently with this operator type."""
    space = space_of(first.operator)
    differing = _differing(space, first.asked, second.asked, ask)
    if not differing:
        return []
    if first.is_taken != second.is_taken:
        groups = {_Cause(None, is_firsts=second.is_taken): differing}
    else:
        limits = [_Cause(limit, is_firsts=True) for limit in first.limits]
        limits += [_Cause(limit, is_firsts=False) for limit in second.limits]
        groups = _grouped(differing, limits)
    is_type = first.is_taken != second.is_taken
    return [
        Difference(
            operator=space.operator,
            limit=cause.limit,
            counterpart=_counterpart(cause, second if cause.is_firsts else first),
            is_firsts=cause.is_firsts,
            is_type=is_type,
            models=len(points),
            example=_example(min(points, key=lambda it: rank_of(space, it.point)), cause, ask),
        )
        for cause, points in groups.items()
    ]


def _differing(space: Space, first: Sequence[Asked], second: Sequence[Asked], ask: Ask) -> list[_Differing]:
    """Return the points on which the converters differ, of those that one of them did not take."""
    points = list(dict.fromkeys(asked.point for asked in (*first, *second) if not asked.is_accepted))
    found = [
        _Differing(space, point, *(outcome_of(space, answer) for answer in answers))
        for point, answers in zip(points, ask(points), strict=True)
    ]
    return [it for it in found if it.first is not it.second]


def _grouped(differing: Sequence[_Differing], limits: Sequence[_Cause]) -> Mapping[_Cause, list[_Differing]]:
    """Return the fewest causes that explain all points, each with those that it explains."""
    groups: dict[_Cause, list[_Differing]] = {}
    left = [(it, it.causes(limits)) for it in differing]
    while left:
        votes: dict[_Cause, list[_Differing]] = defaultdict(list)
        for it, causes in left:
            for cause in causes or [_Cause(None, is_firsts=_is_worse(it.first, it.second))]:
                votes[cause].append(it)
        sole = {causes[0] for _, causes in left if len(causes) == 1}
        best = max(votes, key=lambda cause: (cause in sole, len(votes[cause])))
        groups[best] = votes[best]
        explained = {it.point for it in votes[best]}
        left = [(it, causes) for it, causes in left if it.point not in explained]
    return groups


def _counterpart(cause: _Cause, other: OperatorFindings) -> Limit | None:
    """Return the other converter's limit on the same quantity under the same conditions."""
    if cause.limit is None:
        return None
    return next((it for it in other.limits if _subject(it) == _subject(cause.limit)), None)


def _subject(limit: Limit) -> tuple[object, ...]:
    return limit.quantity, limit.relation, limit.when


def _example(differing: _Differing, cause: _Cause, ask: Ask) -> Example:
    """Return the smallest model that shows the same for the same cause.

    One that takes too long stays as it is: each smaller one would take as long.
    """
    if Outcome.TIMEOUT in (differing.first, differing.second):
        return Example(differing.point, differing.model, differing.first, differing.second)

    def shows(points: Sequence[Point]) -> list[bool]:
        found = [
            _Differing(differing.space, point, *(outcome_of(differing.space, answer) for answer in answers))
            for point, answers in zip(points, ask(points), strict=True)
        ]
        return [
            (it.first, it.second) == (differing.first, differing.second)
            and (cause.limit is None or cause in it.causes([cause]))
            for it in found
        ]

    point = make_smaller(differing.space, differing.point, shows)
    return Example(point, differing.space.draw(dict(point.values)), differing.first, differing.second)


_ORDER = (Outcome.NPU, Outcome.CPU, Outcome.ERROR, Outcome.CRASH, Outcome.TIMEOUT)


def _is_worse(first: Outcome, second: Outcome) -> bool:
    return _ORDER.index(first) > _ORDER.index(second)
