"""Points as jobs: how one is submitted, and what its answer means."""

from __future__ import annotations

import json
from collections import Counter

from npufit.jobs import Finished, Job, Session
from npufit.rewrite.resolution import Size
from npufit.stacks import PlaceOptions, Unit, find_rule
from npufit.sweeping.computing import IMPOSSIBLE, compute_point
from npufit.sweeping.keys import point_key, setup_identity
from npufit.sweeping.outcome import Outcome, read_outcome
from npufit.sweeping.point import Point, PointStatus, Series
from npufit.sweeping.setup import Setup

_BESIDE_TOOLS_S = 120.0
"""How long a point may take beside the tool that it runs: building, reading and writing the network."""


class PointJobs:
    """Submits points to a session, and reads the points that it finished."""

    def __init__(self, session: Session, place: PlaceOptions) -> None:
        """Submit to `session` points that are placed with the options `place`."""
        self._session, self._place = session, place
        self._setups: dict[int, list[str]] = {}
        self._waiting: dict[str, tuple[Series, Size | None, bool]] = {}

    def submit(self, series: Series, size: Size | None, *, in_grid: bool) -> None:
        """Submit one point; those of a network at one size share it, and all of a network its weights."""
        network, setup = series.network, series.setup
        key = point_key(network, size, self._identity(setup))
        self._waiting[key] = series, size, in_grid
        self._session.submit(
            Job(
                key,
                compute_point,
                (network.source(size), network.name, size, setup, self._place),
                group=f"{network.identity}@{size}",
                family=network.identity,
                time_limit_s=self._place.time_limit_s + _BESIDE_TOOLS_S,
            )
        )

    def read(self, finished: Finished) -> Point:
        """Return the point that has finished."""
        series, size, in_grid = self._waiting.pop(finished.job.key)
        status, outcome, reason = _read(finished)
        return Point(series, size, status, outcome, None, reason, in_grid, finished.kept)

    def _identity(self, setup: Setup) -> list[str]:
        found = self._setups.get(id(setup))
        if found is None:
            found = self._setups[id(setup)] = setup_identity(setup, self._place)
        return found


def _read(finished: Finished) -> tuple[PointStatus, Outcome | None, str]:
    if finished.value is None:
        return PointStatus.FAILED, None, finished.failure.message if finished.failure is not None else ""
    impossible = json.loads(finished.value).get(IMPOSSIBLE)
    if impossible is not None:
        return PointStatus.IMPOSSIBLE, None, impossible
    outcome = read_outcome(finished.value)
    if outcome.is_placed:
        return PointStatus.PREDICTED, outcome, ""
    return PointStatus.UNKNOWN, outcome, _why_unknown(outcome)


def _why_unknown(outcome: Outcome) -> str:
    unknown = (operator.rule for operator in outcome.operators if operator.unit is Unit.UNKNOWN)
    ((rule, _),) = Counter(unknown).most_common(1)
    return f"where its operators run is unknown ({rule}). {find_rule(rule).remedies[0].text}"
