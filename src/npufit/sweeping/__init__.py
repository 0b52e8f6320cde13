"""sweep: networks at many sizes on many targets, where everything changes between two sizes, and what is affordable."""

from npufit.sweeping.affordability import Affordable, Verdict
from npufit.sweeping.cliffs import Cliff, CliffKind
from npufit.sweeping.culprit import Culprit
from npufit.sweeping.options import SweepOptions
from npufit.sweeping.outcome import Outcome, PointHazard, PointMemory, PointOperator, PointTimes
from npufit.sweeping.point import Point, PointStatus, Series, Sighting
from npufit.sweeping.result import SweepResult
from npufit.sweeping.sizes import size_words
from npufit.sweeping.sweep import Sweep, sweep

__all__ = [
    "Affordable",
    "Cliff",
    "CliffKind",
    "Culprit",
    "Outcome",
    "Point",
    "PointHazard",
    "PointMemory",
    "PointOperator",
    "PointStatus",
    "PointTimes",
    "Series",
    "Sighting",
    "Sweep",
    "SweepOptions",
    "SweepResult",
    "Verdict",
    "size_words",
    "sweep",
]
