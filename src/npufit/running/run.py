"""Running a model: in the reference kernels, as compiled by Vela, or as captured from Mesa's driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from npufit.errors import InputError
from npufit.execution import (
    KernelRefusalError,
    Values,
    best_classes,
    name_merged,
    read_inputs,
    read_labels,
)
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.running.inference import infer, time_inferences
from npufit.running.options import RunOptions
from npufit.running.prepared import CPU, OnCpu, OnNpu, prepare
from npufit.running.result import RunResult, Seconds
from npufit.stacks import Target
from npufit.stacks.vela import is_precompiled


def run(model: ModelSource, on: str | Target | Path, options: RunOptions | None = None) -> RunResult:
    """Return the outputs of `model`, the time on this machine, and the comparison.

    `on` is `cpu` for LiteRT's reference kernels; a target of the stack vela, whose NPU is simulated; with
    `options.place.library`, a target of the stack teflon, whose library runs on a virtual NPU; or, as a Path, a folder
    with the submissions of Mesa's ethosu driver that were captured for this model. A model that Vela already compiled
    is executed unchanged.

    Raises InputError if the model, the target or an input cannot be executed or if options conflict, ToolError if Vela,
    LiteRT or the library fails.

    >>> import npufit
    >>> result = npufit.run("zoo:mobilenet_v2@96,int8", "imx93/vela", npufit.RunOptions(compare=True))
    >>> result.partitions, result.comparison.is_equal
    (1, True)
    """
    options = options or RunOptions()
    if on == CPU and options.compare:
        raise InputError(
            "--on cpu runs the reference kernels themselves, so there is nothing to compare them with. Omit --compare."
        )
    if options.capture_to is not None:
        _require_capture_folder(options.capture_to, options.place.library is not None)
    network, original = load(model), None if options.original is None else load(options.original)
    if options.compare and original is None and not isinstance(on, Path) and is_precompiled(network):
        raise InputError(
            f"{network.name} is already compiled, so there is nothing to compare it with. Give its source model "
            "with --original."
        )
    labels = None if options.labels is None else read_labels(options.labels)
    inputs = _inputs(original or network, options)
    try:
        prepared = prepare(network, on, replace(options, original=original))
        result = (
            _on_cpu(prepared, inputs, options) if isinstance(prepared, OnCpu) else _on_npu(prepared, inputs, options)
        )
    except KernelRefusalError as refusal:
        return RunResult(network, str(on), 0, {}, Seconds(None, 0.0, 0.0, None), refusal=str(refusal))
    return replace(result, scores=best_classes(result.model, result.outputs, labels))


def _inputs(model: Model, options: RunOptions) -> Values:
    if isinstance(options.inputs, Mapping):
        return options.inputs
    return read_inputs(model, options.inputs, options.seed, options.normalize)


def _require_capture_folder(folder: Path, has_library: bool) -> None:
    if not has_library:
        raise InputError("--capture-to needs --library: only a real library submits something.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: --capture-to takes a new or an empty folder, so that no two captures mix.")


def _on_cpu(prepared: OnCpu, inputs: Values, options: RunOptions) -> RunResult:
    """Return what the reference kernels compute, as far as they can."""
    outputs, seconds = time_inferences(prepared, inputs, options.repeat, prepared.seconds)
    return RunResult(prepared.model, prepared.place, 0, outputs, seconds, left_out=prepared.left_out)


def _on_npu(prepared: OnNpu, inputs: Values, options: RunOptions) -> RunResult:
    """Return what the NPU and the CPU compute together, inspected and compared if requested."""
    result = replace(infer(prepared, inputs, options), notes=prepared.notes)
    if result.comparison is not None and prepared.is_compiled:
        comparison = name_merged(result.model, result.comparison, {**inputs, **result.tensors})
        result = replace(result, comparison=comparison)
    if prepared.library is None:
        return result
    from npufit.running.in_library import describe_run

    return describe_run(result, prepared.library, prepared.runner, inputs, options.capture_to)
