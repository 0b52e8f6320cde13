"""Checks before anything is executed. Addresses do not depend on data, so every access is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from npufit.ethosu.arrays import SHRAM
from npufit.ethosu.feature_maps import Lattice, footprint
from npufit.ethosu.operations import BlockOperation, Convolution, Elementwise, Operation, Pooling, Span, Transfer
from npufit.ethosu.program import Program
from npufit.ethosu.statistics import macs_of


class FindingKind(Enum):
    """What is wrong."""

    OUTSIDE = "outside its region"
    ABSURD = "absurd size"
    UNSET = "register never set"
    UNWRITTEN = "read before written"
    UNGUARDED = "used before the wait"
    NO_STOP = "no STOP"


@dataclass(frozen=True, slots=True)
class SanitizerFinding:
    """One finding: the operation, the bytes (region, start, end) and the earlier operation where there are any."""

    kind: FindingKind
    operation: Operation | None
    message: str
    region: int | None = None
    start: int = 0
    end: int = 0
    earlier: Operation | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """All findings, those that end the execution, and how many operations can be executed."""

    findings: tuple[SanitizerFinding, ...]
    fatal: tuple[SanitizerFinding, ...]
    executable: int


def inspect(operations: tuple[Operation, ...], program: Program) -> Inspection:
    return Inspection((), (), len(operations))
