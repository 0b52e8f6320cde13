"""Execute a model: LiteRT's reference kernels on the CPU, compiled and captured partitions on the simulator."""

from npufit.execution.classes import Score, best_classes, read_labels
from npufit.execution.compare import IN_BRICKS, Comparison, TensorComparison, compare
from npufit.execution.inputs import RANGES, random_inputs, read_inputs
from npufit.execution.outputs import write_outputs
from npufit.execution.partial import LeftOut, Partial, describe
from npufit.execution.progress import Progress, Stage
from npufit.execution.reference import GOLDEN, Reference
from npufit.execution.values import Array, Values

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
    "Score",
    "Stage",
    "TensorComparison",
    "Values",
    "best_classes",
    "compare",
    "describe",
    "random_inputs",
    "read_inputs",
    "read_labels",
    "write_outputs",
]
