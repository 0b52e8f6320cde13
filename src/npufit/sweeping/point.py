"""A point of a sweep, and the series that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npufit.rewrite.resolution import Size
from npufit.sweeping.network import Network
from npufit.sweeping.outcome import Outcome
from npufit.sweeping.setup import Setup


class PointStatus(StrEnum):
    """What is known about a point."""

    PREDICTED = "predicted"
    """It is known what runs on the NPU; the time is predicted."""
    UNKNOWN = "unknown"
    """Where some operators run is not known."""
    OBSERVED = "observed"
    """A public measurement of this network at this size."""
    IMPOSSIBLE = "impossible"
    """The network cannot have this size."""
    FAILED = "failed"
    """A tool is missing, refused the network, crashed or took too long."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A public measurement: milliseconds of one inference with the NPU, and of the CPU alone where the source says.

    `npu_operators` of `operators` were on the NPU, by the source's own count; None if it does not say.
    """

    ms: float
    cpu_only_ms: float | None
    npu_operators: int | None
    operators: int | None
    version: str
    source: str
    caution: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Points that differ only in size. A sweep has one object for each series."""

    network: Network
    setup: Setup

    def __str__(self) -> str:
        """Return the series in words."""
        return f"{self.network.name}, {self.network.precision}, {self.setup}"


@dataclass(frozen=True, slots=True)
class Point:
    """One network at one size on one setup. `size` is None if its input has no rows and columns.

    `outcome` is there if it could be placed, `sighting` if it is an observation; `reason` says why it is unknown,
    impossible or failed. `in_grid` is False if only the search for a cliff asked for it; `kept` says that it was read
    from the store.
    """

    series: Series
    size: Size | None
    status: PointStatus
    outcome: Outcome | None = None
    sighting: Sighting | None = None
    reason: str = ""
    in_grid: bool = True
    kept: bool = False

    @property
    def ms(self) -> float | None:
        """Milliseconds of one inference, predicted or observed; None if unknown."""
        if self.sighting is not None:
            return self.sighting.ms
        return self.outcome.times.total_ms if self.outcome is not None and self.outcome.times is not None else None

    @property
    def npu_operators(self) -> tuple[int, int] | None:
        """How many operators are on the NPU, and of how many; None if unknown."""
        if self.sighting is not None:
            count, total = self.sighting.npu_operators, self.sighting.operators
            return None if count is None or total is None else (count, total)
        return self.outcome.npu_operators if self.outcome is not None and self.outcome.is_placed else None

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of one inference; None if unknown."""
        if self.outcome is None or self.outcome.summary.macs_unknown:
            return None
        return self.outcome.summary.macs
