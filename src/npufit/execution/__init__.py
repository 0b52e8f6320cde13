"""Execute a model: LiteRT's reference kernels for the CPU, a simulator for compiled and captured partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.execution.classes import Score, best_classes, class_names, read_labels
from npufit.execution.compare import IN_BRICKS, Comparison, TensorComparison, compare
from npufit.execution.differences import OutputDifference, differences
from npufit.execution.images import (
    RANGES,
    Fitting,
    ImageForm,
    Preparation,
    Window,
    decode_image,
    fit_image,
    image_form,
    image_values,
    pixel_range,
)
from npufit.execution.inputs import made_up_values, random_inputs, read_inputs
from npufit.execution.operands import is_operand
from npufit.execution.outputs import write_outputs
from npufit.execution.partial import LeftOut, Partial, describe
from npufit.execution.progress import Progress, Stage, ignore_progress
from npufit.execution.reference import GOLDEN, LitertKernels, Reference, variables_of
from npufit.execution.refusal import DeviceFailureError, KernelRefusalError
from npufit.execution.values import Array, Values

if TYPE_CHECKING:
    from npufit.execution.capture import read_capture
    from npufit.execution.compiled import CompiledModel, in_source_terms, initial_state, tie_by_name
    from npufit.execution.feature_maps import FeatureMaps
    from npufit.execution.library import LibraryModel
    from npufit.execution.notes import name_merged, notes_on
    from npufit.execution.replay import Replay
    from npufit.execution.reuse import Reuse, shared_segments
    from npufit.execution.slots import Origin

__all__ = [
    "GOLDEN",
    "IN_BRICKS",
    "RANGES",
    "Array",
    "Comparison",
    "CompiledModel",
    "DeviceFailureError",
    "FeatureMaps",
    "Fitting",
    "ImageForm",
    "KernelRefusalError",
    "LeftOut",
    "LibraryModel",
    "LitertKernels",
    "Origin",
    "OutputDifference",
    "Partial",
    "Preparation",
    "Progress",
    "Reference",
    "Replay",
    "Reuse",
    "Score",
    "Stage",
    "TensorComparison",
    "Values",
    "Window",
    "best_classes",
    "class_names",
    "compare",
    "decode_image",
    "describe",
    "differences",
    "fit_image",
    "ignore_progress",
    "image_form",
    "image_values",
    "in_source_terms",
    "initial_state",
    "is_operand",
    "made_up_values",
    "name_merged",
    "notes_on",
    "pixel_range",
    "random_inputs",
    "read_capture",
    "read_inputs",
    "read_labels",
    "shared_segments",
    "tie_by_name",
    "variables_of",
    "write_outputs",
]

_HOMES = {
    "npufit.execution.capture": ("read_capture",),
    "npufit.execution.compiled": ("CompiledModel", "in_source_terms", "initial_state", "tie_by_name"),
    "npufit.execution.feature_maps": ("FeatureMaps",),
    "npufit.execution.library": ("LibraryModel",),
    "npufit.execution.notes": ("name_merged", "notes_on"),
    "npufit.execution.replay": ("Replay",),
    "npufit.execution.reuse": ("Reuse", "shared_segments"),
    "npufit.execution.slots": ("Origin",),
}
"""What runs compiled files and captures needs the simulator, which a proof in the reference kernels does not."""

__getattr__ = lazy_attributes(__name__, _HOMES)
