"""What changed between two checks: two models, two targets, two releases, or results that were saved."""

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

__all__ = [
    "Aspect",
    "Change",
    "Comparable",
    "CompareOptions",
    "CompareResult",
    "Comparison",
    "MatchedBy",
    "Matching",
    "MemoryChange",
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
