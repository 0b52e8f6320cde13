"""A model that is loaded where it runs: compiling and loading cost once, then it takes any number of inputs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from npufit.errors import InputError
from npufit.ethosu import read_programs
from npufit.execution import (
    GOLDEN,
    Array,
    CompiledModel,
    KernelRefusalError,
    LeftOut,
    Partial,
    Replay,
    Stage,
    Values,
    notes_on,
    read_capture,
    tie_by_name,
)
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.running.inference import NpuRunner, computed_outputs, seconds_since
from npufit.running.options import RunOptions
from npufit.running.result import LibraryRun, Seconds
from npufit.running.translated import Translated, ties_by_label
from npufit.stacks import Target, compiling_stack, resolve_target
from npufit.stacks.vela import is_precompiled
from npufit.tflite import parse_model

if TYPE_CHECKING:
    from npufit.vdevice import Library

CPU = "cpu"
"""The name of LiteRT's reference kernels alone as a place to run."""


@dataclass(frozen=True, slots=True)
class OnCpu:
    """A model in the reference kernels, as far as these can execute it; `seconds` says how long loading took."""

    model: Model
    partial: Partial
    seconds: Seconds
    place: str = GOLDEN

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators that the reference kernels cannot execute."""
        return self.partial.left_out

    def run(self, inputs: Values) -> dict[int, Array]:
        """Return the outputs; only they leave LiteRT's process."""
        values = self.partial.run(inputs, self.model.main.outputs)
        if self.partial.refusal is not None:
            raise self.partial.refusal
        return computed_outputs(self.model, {**inputs, **values}, self.partial.left_out)


@dataclass(frozen=True, slots=True)
class OnNpu:
    """A model whose calls of the NPU run on the simulator, the rest in the reference kernels.

    It is compiled, captured, or loaded in a real library. `notes` are what to know before trusting the results on a
    board.
    """

    model: Model
    place: str
    runner: NpuRunner
    seconds: Seconds
    is_compiled: bool = False
    notes: tuple[str, ...] = ()
    library: LibraryRun | None = None

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators between the calls that the reference kernels cannot execute."""
        return self.runner.left_out

    def run(self, inputs: Values) -> dict[int, Array]:
        """Return the outputs; tensors inside the calls are not kept."""
        values = self.runner.run(inputs)
        return computed_outputs(self.model, {**inputs, **values}, self.runner.left_out)

    def run_beside(self, inputs: Values, results: Values) -> tuple[dict[int, Array], int]:
        """Return what `run` does, given what the reference kernels computed of `runner.shared_tensors`.

        Runs of operators for the CPU that get the same bytes as there are not computed again; the number says how many.
        """
        values, reused = self.runner.run_beside(inputs, results)
        return computed_outputs(self.model, {**inputs, **values}, self.runner.left_out), reused


def prepare(model: ModelSource, on: str | Target | Path, options: RunOptions | None = None) -> OnCpu | OnNpu:
    """Return `model` loaded at the place `on`, both as `run` takes them, ready for any number of inputs.

    What it returns has `run(inputs)`: arrays by tensor index in, the outputs by tensor index out, of the source model.
    Streams are compiled, decoded, planned and given their memory here, once. Of the options only `original`, `place`
    and `progress` count. Raises InputError and ToolError as `run` does.
    """
    options = options or RunOptions()
    library = options.place.library
    if options.original is not None and (on == CPU or isinstance(on, Path) or library is not None):
        raise InputError("--original needs a compiled MODEL and -t imx93/vela.")
    if options.kernel is not None and library is None:
        raise InputError("a kernel release needs --library; npufit disassemble judges streams of files and captures.")
    if library is not None and (on == CPU or isinstance(on, Path)):
        raise InputError("--library needs a target of the stack teflon, such as -t imx93/teflon.")
    network, original = load(model), None if options.original is None else load(options.original)
    if isinstance(on, Path):
        return _captured(network, on, options)
    if on == CPU:
        return _on_cpu(network, options)
    target = on if isinstance(on, Target) else resolve_target(on, options.place.vela, library)
    if library is not None:
        return _in_library(network, target, library, options)
    return _on_target(network, target, options, original)


def _on_cpu(model: Model, options: RunOptions) -> OnCpu:
    options.progress(Stage.REFERENCE)
    started = time.perf_counter()
    partial = Partial(model, lambda _: None, options.place.time_limit_s)
    return OnCpu(model, partial, Seconds(None, seconds_since(started), 0.0, None))


def _captured(model: Model, folder: Path, options: RunOptions) -> OnNpu:
    """Return the submissions captured in `folder`, ready to run."""
    started = time.perf_counter()
    runner = Replay(model, read_capture(folder, model), options.progress, options.place.time_limit_s)
    return OnNpu(model, f"capture {folder.name}", runner, Seconds(None, seconds_since(started), 0.0, None))


def _in_library(model: Model, target: Target, library: Library, options: RunOptions) -> OnNpu:
    """Return `model` loaded in a real library, whose virtual device executes what is submitted."""
    from npufit.running.in_library import load_in_library

    started = time.perf_counter()
    runner, found = load_in_library(model, target, library, options)
    seconds = Seconds(None, seconds_since(started), 0.0, None)
    return OnNpu(model, found.place, runner, seconds, library=found)


def _on_target(model: Model, target: Target, options: RunOptions, original: Model | None) -> OnNpu:
    """Return `model` as compiled for `target`, with its streams loaded into the simulator."""
    stack = compiling_stack(target)
    if stack is None:
        raise InputError(
            f"{target}: npufit can execute only models compiled by Vela. Use -t imx93/vela, -t imx93/direct, or --on "
            "cpu; for imx93/teflon name a build of Mesa's libteflon.so with --library."
        )
    database = None
    if is_precompiled(model):
        source, compile_s = original or model, None
        compiled = model
        ties = {index: index for index in range(len(model.main.tensors))} if original is None else {}
        ties = ties or ties_by_label(compiled) or tie_by_name(compiled, source)
    else:
        if original is not None:
            raise InputError(f"{model.name} has no ethos-u operator; --original is for files that Vela compiled.")
        options.progress(Stage.COMPILE)
        started = time.perf_counter()
        compilation = stack.compile(model, target, options.place)
        compiled = parse_model(compilation.compiled, f"{model.name} compiled by Vela")
        database = compilation.database
        source, compile_s = model, seconds_since(started)
        ties = ties_by_label(compiled)
    started = time.perf_counter()
    # Where Vela places nothing on the NPU, its file has no call.
    acceptance = stack.judge(read_programs(compiled) if is_precompiled(compiled) else (), target)
    if acceptance.refusal:
        raise KernelRefusalError(acceptance.refusal)
    loaded = CompiledModel(compiled, options.progress, options.place.time_limit_s)
    runner = Translated(loaded, compiled, source, ties, database)
    seconds = Seconds(compile_s, seconds_since(started), 0.0, None)
    notes = (*notes_on(loaded.calls, target), *acceptance.notes)
    return OnNpu(source, str(target), runner, seconds, is_compiled=True, notes=notes)
