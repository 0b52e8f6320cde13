"""run: execute a model as its target would, and compare."""

from npufit.running.options import RunOptions
from npufit.running.result import RunResult, Seconds, SimulatorFinding
from npufit.running.run import run

__all__ = ["RunOptions", "RunResult", "Seconds", "SimulatorFinding", "run"]
