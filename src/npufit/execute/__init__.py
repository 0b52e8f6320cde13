"""Execute a model: LiteRT's reference kernels on the CPU, compiled and captured partitions on the simulator."""

from npufit.execute.classes import Score, best_classes, read_labels
from npufit.execute.compare import IN_BRICKS, Comparison, TensorComparison, compare
from npufit.execute.inputs import RANGES, random_inputs, read_inputs
from npufit.execute.outputs import write_outputs
from npufit.execute.partial import LeftOut, Partial, describe, operators_after
from npufit.execute.progress import Progress, Stage
from npufit.execute.reference import GOLDEN, Reference
from npufit.execute.run import (
    RunOptions,
    RunResult,
    Seconds,
    SimulatorFinding,
    replay,
    run_on_cpu,
    run_on_target,
)
from npufit.execute.values import Array, Values

__all__ = [
    "GOLDEN",
    "IN_BRICKS",
    "RANGES",
    "Array",
    "Comparison",
    "LeftOut",
    "Partial",
    "Progress",
    "Reference",
    "RunOptions",
    "RunResult",
    "Score",
    "Seconds",
    "SimulatorFinding",
    "Stage",
    "TensorComparison",
    "Values",
    "best_classes",
    "compare",
    "describe",
    "operators_after",
    "random_inputs",
    "read_inputs",
    "read_labels",
    "replay",
    "run_on_cpu",
    "run_on_target",
    "write_outputs",
]
