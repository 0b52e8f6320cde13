"""run: execute a model as its target would, and compare; `prepare` loads it once for many inputs."""

from npufit.running.executable import require_execution
from npufit.running.options import RunOptions
from npufit.running.prepared import CPU, OnCpu, OnNpu, prepare
from npufit.running.result import LibraryRun, RunResult, Seconds, SimulatorFinding
from npufit.running.run import run
from npufit.running.translated import pair_ends, ties_by_label

__all__ = [
    "CPU",
    "LibraryRun",
    "OnCpu",
    "OnNpu",
    "RunOptions",
    "RunResult",
    "Seconds",
    "SimulatorFinding",
    "pair_ends",
    "prepare",
    "require_execution",
    "run",
    "ties_by_label",
]
