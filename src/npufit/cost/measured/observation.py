"""What a user measured on a board: whole inferences, and operators if there is a profile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npufit.cost.kernels import Kernels
from npufit.stacks import Unit

MOST_MS = 1e7
"""The longest plausible inference: 10,000 seconds."""


class Statistic(StrEnum):
    """Which of several timed inferences a measurement represents."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """One operator of a profile: its type as TFLite writes it, and its milliseconds."""

    type: str
    ms: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One measured run. `model` is the network's name in its source, empty if there is none.

    `threads` are those of the CPU's share. `operators` are those on the CPU, empty without a profile; `delegate_ms` is
    the profile's time of the NPU's delegate, None without one. `source` is the file and the place in it. `stack` is
    that of the delegate, empty if unknown; `kernels` are those of the CPU's share, None if unknown; `statistic` is None
    if the source does not say; `tool` is the measuring tool, empty if unknown. `digests` are
    SHA-256 that identify the model, the surest first; empty if the source has only its name.
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
    digests: tuple[str, ...] = ()
