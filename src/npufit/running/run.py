"""Running a model: in the reference kernels, as compiled by Vela, or as captured from Mesa's driver."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from npufit.errors import InputError
from npufit.execution import (
    GOLDEN,
    CompiledModel,
    Partial,
    Replay,
    Stage,
    Values,
    best_classes,
    name_merged,
    notes_on,
    read_capture,
    read_inputs,
    read_labels,
    tie_by_name,
)
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.running.inference import computed_outputs, infer, seconds_since, time_inferences
from npufit.running.options import RunOptions
from npufit.running.result import RunResult, Seconds
from npufit.running.translated import Translated, ties_by_label
from npufit.stacks import Target, resolve_target
from npufit.stacks.vela import compile_model, is_precompiled
from npufit.tflite import parse_model

CPU = "cpu"
"""The name of a run in LiteRT's reference kernels alone."""


def run(model: ModelSource, on: str | Target | Path, options: RunOptions | None = None) -> RunResult:
    """Return the outputs of `model`, the time on this machine, and the comparison.

    `on` is `cpu` for LiteRT's reference kernels; a target of the stack vela, whose NPU is simulated; or, as a Path, a
    folder with the submissions of Mesa's ethosu driver that were captured for this model. A model that Vela already
    compiled is executed unchanged.

    Raises InputError if the model, the target or an input cannot be executed or if options conflict, ToolError if Vela
    or LiteRT fails.

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
    if options.original is not None and (on == CPU or isinstance(on, Path)):
        raise InputError("--original needs a compiled MODEL and -t imx93/vela.")
    network, original = load(model), None if options.original is None else load(options.original)
    labels = None if options.labels is None else read_labels(options.labels)
    inputs = _inputs(original or network, options)
    if isinstance(on, Path):
        result = _run_capture(network, on, inputs, options)
    elif on == CPU:
        result = _run_on_cpu(network, inputs, options)
    else:
        target = on if isinstance(on, Target) else resolve_target(on, options.place.vela)
        result = _run_on_target(network, target, inputs, options, original)
    return replace(result, scores=best_classes(result.model, result.outputs, labels))


def _inputs(model: Model, options: RunOptions) -> Values:
    if isinstance(options.inputs, Mapping):
        return options.inputs
    return read_inputs(model, options.inputs, options.seed, options.normalize)


def _run_on_cpu(model: Model, inputs: Values, options: RunOptions) -> RunResult:
    """Return what the reference kernels compute, as far as they can."""
    options.progress(Stage.REFERENCE)
    started = time.perf_counter()
    partial = Partial(model, lambda _: None, options.place.time_limit_s)
    seconds = Seconds(None, seconds_since(started), 0.0, None)
    values, seconds = time_inferences(partial, inputs, options.repeat, seconds)
    if partial.refusal is not None:
        raise partial.refusal
    outputs = computed_outputs(model, {**inputs, **values}, partial.left_out)
    return RunResult(model, GOLDEN, 0, outputs, seconds, left_out=partial.left_out)


def _run_on_target(
    model: Model, target: Target, inputs: Values, options: RunOptions, original: Model | None
) -> RunResult:
    """Return the results of `model` on `target`; NPU partitions run on the simulator."""
    if target.stack != "vela":
        raise InputError(f"{target}: npufit can execute only models compiled by Vela. Use -t imx93/vela, or --on cpu.")
    database = None
    if is_precompiled(model):
        if options.compare and original is None:
            raise InputError(
                f"{model.name} is already compiled, so there is nothing to compare it with. Give its source model "
                "with --original."
            )
        source, compile_s = original or model, None
        compiled = model
        ties = {index: index for index in range(len(model.main.tensors))} if original is None else {}
        ties = ties or tie_by_name(compiled, source)
    else:
        if original is not None:
            raise InputError(f"{model.name} has no ethos-u operator; --original is for files that Vela compiled.")
        options.progress(Stage.COMPILE)
        started = time.perf_counter()
        compilation = compile_model(model, target, options.place)
        compiled = parse_model(compilation.compiled, f"{model.name} compiled by Vela")
        database = compilation.database
        source, compile_s = model, seconds_since(started)
        ties = ties_by_label(compiled)
    started = time.perf_counter()
    loaded = CompiledModel(compiled, options.progress, options.place.time_limit_s)
    runner = Translated(loaded, compiled, source, ties, database)
    seconds = Seconds(compile_s, seconds_since(started), 0.0, None)
    result = infer(source, str(target), runner, inputs, options, seconds)
    if result.comparison is not None:
        result = replace(result, comparison=name_merged(source, result.comparison, {**inputs, **result.tensors}))
    return replace(result, notes=notes_on(loaded.calls, target))


def _run_capture(model: Model, folder: Path, inputs: Values, options: RunOptions) -> RunResult:
    """Return what the submissions captured in `folder` compute."""
    started = time.perf_counter()
    runner = Replay(model, read_capture(folder, model), options.progress, options.place.time_limit_s)
    seconds = Seconds(None, seconds_since(started), 0.0, None)
    return infer(model, f"capture {folder.name}", runner, inputs, options, seconds)
