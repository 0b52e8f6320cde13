"""run: execute a model as its target would, and compare."""

from npufit.running.run import (
    RunOptions,
    RunResult,
    Seconds,
    SimulatorFinding,
    replay,
    run_on_cpu,
    run_on_target,
)

__all__ = [
    "RunOptions",
    "RunResult",
    "Seconds",
    "SimulatorFinding",
    "replay",
    "run_on_cpu",
    "run_on_target",
]
