"""What changed between two checks: two models, two targets, two releases, or results that were saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.comparing.compare import Comparable, CompareOptions, CompareResult, compare
from npufit.comparing.comparison import Comparison, MemoryChange, RuleChange, TimeChange, difference_ms
from npufit.comparing.matching import MatchedBy, Matching, OperatorPair
from npufit.comparing.snapshot import (
    Reason,
    Snapshot,
    SnapshotHazard,
    SnapshotMemory,
    SnapshotOperator,
    SnapshotTime,
)
from npufit.comparing.verdict import Aspect, Change, Verdict

if TYPE_CHECKING:
    from npufit.comparing.measured import (
        MeasuredAspect,
        MeasuredChange,
        MeasuredComparison,
        MeasuredTime,
        OperatorChange,
    )

__all__ = [
    "Aspect",
    "Change",
    "Comparable",
    "CompareOptions",
    "CompareResult",
    "Comparison",
    "MatchedBy",
    "Matching",
    "MeasuredAspect",
    "MeasuredChange",
    "MeasuredComparison",
    "MeasuredTime",
    "MemoryChange",
    "OperatorChange",
    "OperatorPair",
    "Reason",
    "RuleChange",
    "Snapshot",
    "SnapshotHazard",
    "SnapshotMemory",
    "SnapshotOperator",
    "SnapshotTime",
    "TimeChange",
    "Verdict",
    "compare",
    "difference_ms",
]

_HOMES = {
    "npufit.comparing.measured": (
        "MeasuredAspect",
        "MeasuredChange",
        "MeasuredComparison",
        "MeasuredTime",
        "OperatorChange",
    )
}

__getattr__ = lazy_attributes(__name__, _HOMES)
