"""npufit: where each operator of a `.tflite` model runs on an embedded NPU, why, and what to change.

>>> import npufit
>>> result = npufit.check("zoo:mobilenet_v1@128,uint8", "imx93/teflon@26.2")
>>> result.summary.npu, result.summary.operators
(30, 31)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit._version import __version__

if TYPE_CHECKING:
    from npufit.calibrating import CalibrateOptions, CalibrateResult, calibrate
    from npufit.checking import CheckOptions, CheckResult, Gate, GateResult, check
    from npufit.comparing import CompareOptions, CompareResult, compare
    from npufit.cost import Estimate, EstimateOptions, Kernels
    from npufit.cutting import CutOptions, CutResult, cut
    from npufit.deploying import DeployOptions, DeployResult, deploy
    from npufit.differing import DifferentialOptions, DifferentialResult, differential
    from npufit.disassembling import DisassembleOptions, DisassembleResult, disassemble
    from npufit.errors import InputError, NpufitError, ToolError
    from npufit.evaluating import EvaluateOptions, EvaluateResult, evaluate
    from npufit.fitting import FitOptions, FitResult, Recipe, fit, read_recipe
    from npufit.graph import Model
    from npufit.hosting import HostOptions, HostResult, host, virtual_npu
    from npufit.loading import load, save
    from npufit.measuring import BenchOptions, BenchResult, bench, probe_board
    from npufit.probing import Command, Converter, ProbeOptions, ProbeResult, probe
    from npufit.probing.differences import ConverterDifference, compare_converters
    from npufit.probing.explaining import ExplainOptions, ExplainResult, explain
    from npufit.probing.shrinking import ShrinkOptions, ShrinkResult, shrink
    from npufit.resizing import ResizeResult, resize
    from npufit.running import RunOptions, RunResult, run
    from npufit.stacks import PlaceOptions, Target
    from npufit.sweeping import Sweep, SweepOptions, SweepResult, sweep
    from npufit.validating import AccuracyResult, accuracy
    from npufit.vdevice import Library

__all__ = [
    "AccuracyResult",
    "BenchOptions",
    "BenchResult",
    "CalibrateOptions",
    "CalibrateResult",
    "CheckOptions",
    "CheckResult",
    "Command",
    "CompareOptions",
    "CompareResult",
    "Converter",
    "ConverterDifference",
    "CutOptions",
    "CutResult",
    "DeployOptions",
    "DeployResult",
    "DifferentialOptions",
    "DifferentialResult",
    "DisassembleOptions",
    "DisassembleResult",
    "Estimate",
    "EstimateOptions",
    "EvaluateOptions",
    "EvaluateResult",
    "ExplainOptions",
    "ExplainResult",
    "FitOptions",
    "FitResult",
    "Gate",
    "GateResult",
    "HostOptions",
    "HostResult",
    "InputError",
    "Kernels",
    "Library",
    "Model",
    "NpufitError",
    "PlaceOptions",
    "ProbeOptions",
    "ProbeResult",
    "Recipe",
    "ResizeResult",
    "RunOptions",
    "RunResult",
    "ShrinkOptions",
    "ShrinkResult",
    "Sweep",
    "SweepOptions",
    "SweepResult",
    "Target",
    "ToolError",
    "__version__",
    "accuracy",
    "bench",
    "calibrate",
    "check",
    "compare",
    "compare_converters",
    "cut",
    "deploy",
    "differential",
    "disassemble",
    "evaluate",
    "explain",
    "fit",
    "host",
    "load",
    "probe",
    "probe_board",
    "read_recipe",
    "resize",
    "run",
    "save",
    "shrink",
    "sweep",
    "virtual_npu",
]

_HOMES = {
    "npufit.calibrating": ("CalibrateOptions", "CalibrateResult", "calibrate"),
    "npufit.checking": ("CheckOptions", "CheckResult", "Gate", "GateResult", "check"),
    "npufit.comparing": ("CompareOptions", "CompareResult", "compare"),
    "npufit.cost": ("Estimate", "EstimateOptions", "Kernels"),
    "npufit.cutting": ("CutOptions", "CutResult", "cut"),
    "npufit.deploying": ("DeployOptions", "DeployResult", "deploy"),
    "npufit.differing": ("DifferentialOptions", "DifferentialResult", "differential"),
    "npufit.disassembling": ("DisassembleOptions", "DisassembleResult", "disassemble"),
    "npufit.errors": ("InputError", "NpufitError", "ToolError"),
    "npufit.evaluating": ("EvaluateOptions", "EvaluateResult", "evaluate"),
    "npufit.fitting": ("FitOptions", "FitResult", "Recipe", "fit", "read_recipe"),
    "npufit.graph": ("Model",),
    "npufit.hosting": ("HostOptions", "HostResult", "host", "virtual_npu"),
    "npufit.loading": ("load", "save"),
    "npufit.measuring": ("BenchOptions", "BenchResult", "bench", "probe_board"),
    "npufit.probing": ("Command", "Converter", "ProbeOptions", "ProbeResult", "probe"),
    "npufit.probing.differences": ("ConverterDifference", "compare_converters"),
    "npufit.probing.explaining": ("ExplainOptions", "ExplainResult", "explain"),
    "npufit.probing.shrinking": ("ShrinkOptions", "ShrinkResult", "shrink"),
    "npufit.resizing": ("ResizeResult", "resize"),
    "npufit.running": ("RunOptions", "RunResult", "run"),
    "npufit.stacks": ("PlaceOptions", "Target"),
    "npufit.sweeping": ("Sweep", "SweepOptions", "SweepResult", "sweep"),
    "npufit.vdevice": ("Library",),
    "npufit.validating": ("AccuracyResult", "accuracy"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
