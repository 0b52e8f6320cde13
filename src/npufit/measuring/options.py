"""What a user may set for a bench."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from npufit.stacks import PlaceOptions


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """Settings of a bench.

    `target` is CHIP/STACK[@VERSION], empty to take the board's own. `tool` is a benchmark_model on this machine that is
    put onto the board, or the name of a tool of the board; None takes the best one. `delegate` is a library on the
    board. `known` is a model that the NPU is known to take, for the proof; None takes the board's own MobileNet or
    builds one. `governor` and `affinity` are set for the runs and put back; empty leaves the board as it is.
    `processes` is per unit. `compare` compares the board's outputs for an input of `seed` with LiteRT's reference
    kernels and ignores differences up to `tolerance`: steps for integers, absolute for floating point.
    """

    target: str = ""
    tool: str | Path | None = None
    delegate: str = ""
    delegate_options: tuple[tuple[str, str], ...] = ()
    known: str | Path | None = None
    threads: int | None = None
    processes: int | None = None
    runs: int = 50
    least_s: float = 1.0
    xnnpack: bool | None = None
    with_cpu: bool = True
    with_proof: bool = True
    with_profile: bool = False
    compare: bool = False
    tolerance: float = 0.0
    seed: int = 0
    governor: str = ""
    affinity: str = ""
    label: str = ""
    day: str = ""
    time_limit_s: float = 300.0
    place: PlaceOptions = field(default_factory=PlaceOptions)
