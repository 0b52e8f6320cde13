"""Run a model: in the reference kernels, as Vela compiled it, or as a capture of Mesa's driver has it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from npufit.errors import InputError, NpufitError
from npufit.ethosu import SanitizerFinding
from npufit.execution.capture import read_capture
from npufit.execution.compare import Comparison, compare
from npufit.execution.compiled import CompiledModel, in_source_terms, tie_by_name
from npufit.execution.feature_maps import FeatureMaps
from npufit.execution.notes import name_merged, notes_on
from npufit.execution.partial import LeftOut, Partial, operators_after
from npufit.execution.progress import Progress, Stage, ignore_progress
from npufit.execution.reference import GOLDEN
from npufit.execution.replay import Replay
from npufit.execution.values import Array, Values, dtype_of
from npufit.graph import Model, wire
from npufit.litert import LitertFailureError
from npufit.stacks import PlaceOptions, Target
from npufit.stacks.vela import DebugDatabase, compile_model, is_precompiled, read_label
from npufit.tflite import parse_model


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a user may set for a run: whether and how to compare, and how often to run once more for the steady time.

    `progress` is told how far the run is.
    """

    compare: bool = False
    tolerance: float = 0.0
    repeat: int = 1
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: Progress = ignore_progress


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long the parts took; None for a part that did not take place.

    `first` is the first inference, `steady` the fastest of the later ones, `reference` one inference of the golden.
    """

    compile: float | None
    load: float
    first: float
    steady: float | None
    reference: float | None = None


@dataclass(frozen=True, slots=True)
class SimulatorFinding:
    """What the simulator's sanitizer says about one call of the NPU."""

    partition: int
    text: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """Outputs by tensor index of `model`, where they were computed, how long it took, and how they compare.

    With a comparison `tensors` has all that was computed, also what is inside the calls of the NPU. `notes` are
    sentences on what was executed. `left_out` has the operators that LiteRT cannot execute; outputs that depend on them
    are left out as well. `not_compared` is the error that prevented a comparison which was asked for.
    """

    model: Model
    place: str
    partitions: int
    outputs: Mapping[int, Array]
    seconds: Seconds
    comparison: Comparison | None = None
    findings: tuple[SimulatorFinding, ...] = ()
    tensors: Mapping[int, Array] = field(default_factory=dict[int, Array])
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    not_compared: NpufitError | None = None


def run_on_cpu(model: Model, inputs: Values, options: RunOptions | None = None) -> RunResult:
    """Return what the reference kernels compute, as far as they can.

    Raises InputError where LiteRT can run nothing of the model, ToolError where it crashes or breaks a bound.
    """
    options = options or RunOptions()
    options.progress(Stage.REFERENCE)
    started = time.perf_counter()
    partial = Partial(model, lambda _: None, options.place.time_limit_s)
    load = time.perf_counter() - started
    values, seconds = _time(partial, inputs, options.repeat, Seconds(None, load, 0.0, None))
    if partial.refusal is not None:
        raise partial.refusal
    outputs = _outputs(model, {**inputs, **values}, partial.left_out)
    return RunResult(model, GOLDEN, 0, outputs, seconds, left_out=partial.left_out)


def run_on_target(
    model: Model, target: Target, inputs: Values, options: RunOptions | None = None, original: Model | None = None
) -> RunResult:
    """Return what `model` computes on `target`, one of the stack vela: NPU partitions are executed on the simulator.

    A model that Vela compiled already is executed as it is; `original` is then what it was compiled from, and `inputs`
    are those of `original`. Raises InputError where the target or the model cannot be executed, ToolError where Vela
    fails.
    """
    options, database = options or RunOptions(), None
    if target.stack != "vela":
        raise InputError(f"{target}: only what Vela compiles can be executed here. Use -t imx93/vela, or --on cpu.")
    if is_precompiled(model):
        if options.compare and original is None:
            raise InputError(
                f"{model.name} is compiled already, so there is nothing to compare it with. Give the file that it was "
                "compiled from with --original."
            )
        source, compile_s = original or model, None
        compiled = model
        ties = {index: index for index in range(len(model.main.tensors))} if original is None else {}
        ties = ties or tie_by_name(compiled, source)
    else:
        if original is not None:
            raise InputError(f"{model.name} holds no ethos-u operator; --original is for files that Vela compiled.")
        options.progress(Stage.COMPILE)
        started = time.perf_counter()
        compilation = compile_model(model, target, options.place)
        compiled = parse_model(compilation.compiled, f"{model.name} compiled by Vela")
        database = compilation.database
        source, compile_s = model, time.perf_counter() - started
        ties = _tie_by_label(compiled)
    started = time.perf_counter()
    loaded = CompiledModel(compiled, options.progress, options.place.time_limit_s)
    runner = _Translated(loaded, compiled, source, ties, database)
    seconds = Seconds(compile_s, _since(started), 0.0, None)
    result = _finish(source, str(target), runner, inputs, options, seconds)
    if result.comparison is not None:
        result = replace(result, comparison=name_merged(source, result.comparison, {**inputs, **result.tensors}))
    return replace(result, notes=notes_on(loaded.calls, target))


def replay(model: Model, folder: Path, inputs: Values, options: RunOptions | None = None) -> RunResult:
    """Return what the submissions that were captured in `folder` compute. Raises InputError where they do not fit."""
    options = options or RunOptions()
    started = time.perf_counter()
    runner = Replay(model, read_capture(folder, model), options.progress, options.place.time_limit_s)
    seconds = Seconds(None, _since(started), 0.0, None)
    return _finish(model, f"capture {folder.name}", runner, inputs, options, seconds)


class _Runner(Protocol):
    """Something that computes tensors of the source model from its inputs."""

    def run(self, inputs: Values) -> dict[int, Array]: ...


class _NpuRunner(_Runner, Protocol):
    @property
    def partitions(self) -> int: ...

    @property
    def findings(self) -> tuple[tuple[int, SanitizerFinding], ...]: ...

    @property
    def in_bricks(self) -> Values: ...

    @property
    def left_out(self) -> tuple[LeftOut, ...]: ...

    def observe(self, inputs: Values) -> dict[int, Array]: ...


class _Translated:
    """A compiled model that takes and gives tensors of the model that it was compiled from."""

    def __init__(
        self,
        runner: CompiledModel,
        compiled: Model,
        source: Model,
        ties: Mapping[int, int],
        database: DebugDatabase | None,
    ) -> None:
        self._writes = database.writes if database and database.stream_count == runner.partitions else ()
        self._runner, self._compiled, self._source, self._ties = runner, compiled, source, ties
        self._inputs = _pair(compiled.main.inputs, source.main.inputs, ties, f"{compiled.name}: inputs")
        self._outputs = _pair(compiled.main.outputs, source.main.outputs, ties, f"{compiled.name}: outputs")

    @property
    def partitions(self) -> int:
        return self._runner.partitions

    @property
    def findings(self) -> tuple[tuple[int, SanitizerFinding], ...]:
        return self._runner.findings

    @property
    def in_bricks(self) -> Values:
        return {}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators of the source model; one that Vela put there itself is left out of this."""
        producer = wire(self._source.main).producer
        found: dict[int, LeftOut] = {}
        for entry in self._runner.left_out:
            for tensor in self._compiled.main.operators[entry.operator].outputs:
                own = {**self._ties, **self._outputs}.get(tensor)
                writer = None if own is None else producer[own]
                if writer is not None:
                    found[writer] = replace(entry, operator=writer)
        return tuple(found[index] for index in sorted(found))

    def run(self, inputs: Values) -> dict[int, Array]:
        given = {own: np.reshape(inputs[index], self._shape(own)) for own, index in self._inputs.items()}
        values = self._runner.run(given)
        for own in self._compiled.main.outputs:
            tensor = self._compiled.main.tensors[own]
            if own not in values and tensor.is_constant:  # Vela computed it
                values[own] = np.frombuffer(tensor.buffer.data, dtype_of(tensor)).reshape(tensor.shape or ())
        return in_source_terms(values, self._compiled, self._source, {**self._ties, **self._inputs, **self._outputs})

    def observe(self, inputs: Values) -> dict[int, Array]:
        """Return what `run` does, and the feature maps inside the calls that Vela's debug database names."""
        listeners = [
            FeatureMaps(self._source, (write for write in self._writes if write.stream == number))
            for number in range(self._runner.partitions)
        ]
        self._runner.listen(listeners)
        try:
            values = self.run(inputs)
        finally:
            self._runner.listen(())
        return {tensor: array for maps in listeners for tensor, array in maps.tensors().items()} | values

    def _shape(self, index: int) -> tuple[int, ...]:
        return self._compiled.main.tensors[index].shape or ()


def _pair(theirs: tuple[int, ...], own: tuple[int, ...], ties: Mapping[int, int], what: str) -> dict[int, int]:
    """Return the source tensor of each input or output: by what ties them, else by their order."""
    tied = {index: ties[index] for index in theirs if ties.get(index) in own}
    if len(tied) == len(theirs):
        return tied
    if len(theirs) != len(own):
        raise InputError(f"{what} are {len(theirs)}, those of the original are {len(own)}. Is it the right --original?")
    return dict(zip(theirs, own, strict=True))


def _tie_by_label(compiled: Model) -> dict[int, int]:
    labels = ((index, read_label(tensor.name)) for index, tensor in enumerate(compiled.main.tensors))
    return {index: label[1] for index, label in labels if label is not None and label[0] == 0}


def _finish(
    model: Model, place: str, runner: _NpuRunner, inputs: Values, options: RunOptions, seconds: Seconds
) -> RunResult:
    values, seconds = _time(runner, inputs, options.repeat, seconds)
    found = RunResult(model, place, runner.partitions, {}, seconds)
    if options.compare:
        found = _compare(found, runner, inputs, options)
    left_out = {entry.operator: entry for entry in (*found.left_out, *runner.left_out)}
    return replace(
        found,
        outputs=_outputs(model, {**inputs, **values}, runner.left_out),
        findings=tuple(SimulatorFinding(partition, _describe(finding)) for partition, finding in runner.findings),
        left_out=tuple(left_out[index] for index in sorted(left_out)),
    )


def _compare(found: RunResult, runner: _NpuRunner, inputs: Values, options: RunOptions) -> RunResult:
    """Return `found` with a comparison, or with the reason why there is none.

    What the reference kernels cannot compute, later operators get as the target has it.
    """
    options.progress(Stage.REFERENCE)
    tensors = runner.observe(inputs)
    try:
        reference = Partial(found.model, tensors.get, options.place.time_limit_s)
        started = time.perf_counter()
        golden = reference.run(inputs, refusals_too=True)
        seconds = replace(found.seconds, reference=_since(started))
        if reference.refusal is not None:
            raise reference.refusal
    except (InputError, LitertFailureError) as error:
        if not runner.partitions:
            raise
        return replace(found, tensors=tensors, not_compared=error)
    comparison = compare(found.model, tensors, golden, GOLDEN, options.tolerance, runner.in_bricks)
    return replace(found, seconds=seconds, comparison=comparison, tensors=tensors, left_out=reference.left_out)


def _describe(finding: SanitizerFinding) -> str:
    """Return a finding as one line; what its message says already is not said again."""
    parts = [finding.kind.value, finding.message]
    where = "the stream" if finding.operation is None else str(finding.operation)
    if where not in finding.message:
        parts.insert(0, where)
    text = ": ".join(parts)
    if finding.region is not None and f"{finding.start:#x} to {finding.end:#x}" not in text:
        text += f", region {finding.region}, {finding.start:#x} to {finding.end:#x}"
    if finding.earlier is not None and str(finding.earlier) not in text:
        text += f"; earlier: {finding.earlier}"
    return text


def _time(runner: _Runner, inputs: Values, repeat: int, seconds: Seconds) -> tuple[dict[int, Array], Seconds]:
    started = time.perf_counter()
    values = runner.run(inputs)
    first = _since(started)
    later: list[float] = []
    for _ in range(repeat):
        started = time.perf_counter()
        runner.run(inputs)
        later.append(_since(started))
    return values, replace(seconds, first=first, steady=min(later, default=None))


def _since(started: float) -> float:
    return time.perf_counter() - started


def _outputs(model: Model, values: Values, left_out: Sequence[LeftOut]) -> dict[int, Array]:
    """Return the outputs that were computed from nothing but the inputs."""
    causes = {entry.operator for entry in left_out}
    made_up = {
        tensor
        for index in causes | operators_after(model.main, causes)
        for tensor in model.main.operators[index].outputs
    }
    return {index: values[index] for index in model.main.outputs if index in values and index not in made_up}
