"""Inferences of a model: timed, inspected, and compared with the reference kernels."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from npufit.errors import InputError
from npufit.execution import GOLDEN, Array, LeftOut, Origin, Partial, Stage, Values, compare
from npufit.graph import Model, operators_after
from npufit.litert import LitertFailureError
from npufit.running.options import RunOptions
from npufit.running.result import RunResult, Seconds, SimulatorFinding


class Runner(Protocol):
    """Something that computes tensors of the source model from its inputs."""

    def run(self, inputs: Values) -> dict[int, Array]: ...


class NpuRunner(Runner, Protocol):
    """A runner with calls of an NPU that can be inspected."""

    @property
    def partitions(self) -> int: ...

    @property
    def findings(self) -> Sequence[tuple[int, object]]: ...

    @property
    def in_bricks(self) -> Values: ...

    @property
    def left_out(self) -> tuple[LeftOut, ...]: ...

    def observe(self, inputs: Values) -> dict[int, Array]: ...

    def origin(self, tensor: int) -> Origin | None: ...

    @property
    def shared_tensors(self) -> tuple[int, ...]: ...

    def run_beside(self, inputs: Values, results: Values) -> tuple[dict[int, Array], int]: ...


class Inspectable(Runner, Protocol):
    """A prepared model whose calls of the NPU can be inspected; its `run` returns the outputs."""

    @property
    def model(self) -> Model: ...

    @property
    def place(self) -> str: ...

    @property
    def runner(self) -> NpuRunner: ...

    @property
    def seconds(self) -> Seconds: ...


def infer(prepared: Inspectable, inputs: Values, options: RunOptions) -> RunResult:
    """Return the results of `prepared`, its times, and the comparison if requested."""
    outputs, seconds = time_inferences(prepared, inputs, options.repeat, prepared.seconds)
    runner = prepared.runner
    found = RunResult(prepared.model, prepared.place, runner.partitions, outputs, seconds)
    if options.compare:
        found = _compare(found, runner, inputs, options)
    left_out = {entry.operator: entry for entry in (*found.left_out, *runner.left_out)}
    return replace(
        found,
        findings=tuple(SimulatorFinding(partition, str(finding)) for partition, finding in runner.findings),
        left_out=tuple(left_out[index] for index in sorted(left_out)),
    )


def _compare(found: RunResult, runner: NpuRunner, inputs: Values, options: RunOptions) -> RunResult:
    """Return `found` with a comparison, or with the reason why there is none.

    Values that the reference kernels cannot compute are passed to later operators from the target.
    """
    options.progress(Stage.REFERENCE)
    tensors = runner.observe(inputs)
    try:
        reference = Partial(found.model, tensors.get, options.place.time_limit_s)
        started = time.perf_counter()
        golden = reference.run(inputs, refusals_too=True)
        seconds = replace(found.seconds, reference=seconds_since(started))
        if reference.refusal is not None:
            raise reference.refusal
    except (InputError, LitertFailureError) as error:
        if not runner.partitions:
            raise
        return replace(found, tensors=tensors, not_compared=error)
    comparison = compare(found.model, tensors, golden, GOLDEN, options.tolerance, runner.in_bricks)
    first = comparison.first_difference
    return replace(
        found,
        seconds=seconds,
        comparison=comparison,
        origin=None if first is None else runner.origin(first.tensor),
        tensors=tensors,
        left_out=reference.left_out,
    )


def time_inferences(runner: Runner, inputs: Values, repeat: int, seconds: Seconds) -> tuple[dict[int, Array], Seconds]:
    """Return what the first inference computed, and `seconds` with its time and that of the fastest later one."""
    started = time.perf_counter()
    values = runner.run(inputs)
    first = seconds_since(started)
    later: list[float] = []
    for _ in range(repeat):
        started = time.perf_counter()
        runner.run(inputs)
        later.append(seconds_since(started))
    return values, replace(seconds, first=first, steady=min(later, default=None))


def seconds_since(started: float) -> float:
    """Return the seconds since `started`, a `time.perf_counter()`."""
    return time.perf_counter() - started


def computed_outputs(model: Model, values: Values, left_out: Sequence[LeftOut]) -> dict[int, Array]:
    """Return the outputs that depend on nothing but the inputs."""
    if not left_out:
        return {index: values[index] for index in model.main.outputs if index in values}
    causes = {entry.operator for entry in left_out}
    made_up = {
        tensor
        for index in causes | operators_after(model.main, causes)
        for tensor in model.main.operators[index].outputs
    }
    return {index: values[index] for index in model.main.outputs if index in values and index not in made_up}
