"""What a user measured on a board: whole inferences, and operators where a profile tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npufit.cost.kernels import Kernels
from npufit.stacks import Unit

MOST_MS = 1e7
"""Longer than this no inference takes that anybody would measure: 10,000 seconds."""


class Statistic(StrEnum):
    """Which of several timed inferences a measurement is."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """One operator of a profile: its type as TFLite writes it, and its milliseconds."""

    type: str
    ms: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One measured run. `model` names the network as its source does, empty where that says nothing.

    `threads` are those of the CPU's share. `operators` are those on the CPU, empty without a profile; `delegate_ms` is
    what the profile gives for the NPU's delegate, None without one. `source` is the file and where in it. `stack` is
    that of the delegate, empty where nothing says; `kernels` are those of the CPU's share, None where nothing says;
    `statistic` is None where the source does not say which, `tool` is what measured, empty where that is not known.
    """

    model: str
    unit: Unit
    threads: int
    ms: float
    source: str
    operators: tuple[OperatorTime, ...] = ()
    delegate_ms: float | None = None
    stack: str = ""
    kernels: Kernels | None = None
    statistic: Statistic | None = None
    tool: str = ""
