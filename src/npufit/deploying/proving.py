"""The proof: the bundle's own steps, executed here, against the source model in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from npufit.deploying.bundle import Bundle
from npufit.deploying.executing import BundleRunner, Bytes
from npufit.errors import InputError, ToolError
from npufit.execution import Array, Reference, Values, variables_of
from npufit.execution import Stage as RunStage
from npufit.fitting import FitProgress
from npufit.fitting.proof import ProofInput
from npufit.formatting import percent, shorten
from npufit.graph import Model
from npufit.graph.arrays import dtype_of, stored_values
from npufit.litert import TIME_LIMIT_S, LitertFailureError


@dataclass(frozen=True, slots=True)
class Difference:
    """The first tensor that is not that of the reference kernels; `step` is None for an output that no step gives."""

    input_name: str
    step: int | None
    tensor: int
    values: int
    of: int
    largest: float

    def describe(self, bundle: Bundle) -> str:
        """Return it as a sentence without a full stop."""
        steps = bundle.manifest.steps
        name = shorten(bundle.manifest.tensors[self.tensor].name, 60)
        where = "the outputs" if self.step is None else f"step {self.step} ({steps[self.step].kind})"
        share = percent(self.values / max(1, self.of))
        return (
            f"{where}: {share} of the values of '{name}' differ from the reference kernels, by up to "
            f"{self.largest:g}, on {self.input_name}"
        )


@dataclass(frozen=True, slots=True)
class BundleProof:
    """On how many inferences the bundle was compared with the reference kernels, and the first difference.

    `tensors` were compared in each; `continued` of the inferences went on from the state that the one before left.
    `findings` are the simulator's sanitizer's.
    """

    inferences: int
    continued: int
    tensors: int
    difference: Difference | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Golden:
    """What the reference kernels compute for one input of the source model, by its tensors."""

    given: ProofInput
    values: Values


def golden_runs(
    source: Model, wanted: Sequence[int], inputs: Sequence[ProofInput], time_limit_s: float = TIME_LIMIT_S
) -> tuple[tuple[Golden, Golden | None], ...]:
    """Return what the reference kernels compute for each input from the initial state.

    With it, if the model keeps state, what they compute for the same input once more, from the state that is left.
    Raises InputError or ToolError if they cannot run the model.
    """
    try:
        reference = Reference(source, time_limit_s)
        return tuple(_golden_pair(source, reference, wanted, entry) for entry in inputs)
    except LitertFailureError as error:
        raise ToolError(f"nothing can be compared: {error}") from None
    except InputError as error:
        raise InputError(f"nothing can be compared: {error}") from None


def _golden_pair(
    source: Model, reference: Reference, wanted: Sequence[int], entry: ProofInput
) -> tuple[Golden, Golden | None]:
    variables = variables_of(source)
    asked = (*wanted, *variables)
    first = reference.run(entry.values, asked)
    found = Golden(entry, {**_stored(source, wanted), **entry.values, **first})
    if not variables:
        return found, None
    state = {index: first[index] for index in variables if index in first}
    second = reference.run({**entry.values, **state}, asked)
    return found, Golden(entry, {**_stored(source, wanted), **entry.values, **second})


def _stored(source: Model, wanted: Sequence[int]) -> dict[int, Array]:
    found = ((index, stored_values(source.main.tensors[index])) for index in wanted)
    return {index: values for index, values in found if values is not None}


def prove(
    bundle: Bundle,
    source: Model,
    sources: Sequence[int | None],
    golden: Sequence[tuple[Golden, Golden | None]],
    progress: FitProgress,
    time_limit_s: float = TIME_LIMIT_S,
) -> BundleProof:
    """Return whether the manifest's steps compute what the reference kernels do, byte for byte, step by step.

    `sources` has the tensor of `source` for each of the manifest's, if it is known. Raises InputError if a step cannot
    be executed.
    """
    counter = _Counter(progress)
    runner = BundleRunner(bundle, (counter,), time_limit_s)
    counter.total = runner.operations * sum(1 if again is None else 2 for _, again in golden)
    inferences = continued = compared = 0
    for first, again in golden:
        runner.reset()
        for run in (first, again):
            if run is None:
                continue
            inferences += 1
            continued += run is again
            compared = 0
            for checked in _run_once(runner, bundle, source, sources, run):
                if isinstance(checked, Difference):
                    return BundleProof(inferences, continued, compared, checked, _sentences(runner))
                compared += checked
    return BundleProof(inferences, continued, compared, None, _sentences(runner))


def _run_once(
    runner: BundleRunner, bundle: Bundle, source: Model, sources: Sequence[int | None], golden: Golden
) -> Iterator[int | Difference]:
    """Yield how many tensors of each step are equal, or the first difference."""
    manifest = bundle.manifest
    inputs = [golden.values[index] for index in source.main.inputs]
    values: dict[int, Bytes] = {}
    for position, found in enumerate(runner.run(inputs)):
        values |= found
        if position:
            yield from _compared(found, position - 1, source, sources, golden)
    outputs = {number: values[number] for number in manifest.outputs}
    by_output = dict(zip(manifest.outputs, source.main.outputs, strict=True))
    yield from _compared(outputs, None, source, by_output, golden)


def _compared(
    found: Mapping[int, Bytes],
    step: int | None,
    source: Model,
    sources: Sequence[int | None] | Mapping[int, int],
    golden: Golden,
) -> Iterator[int | Difference]:
    for number, data in found.items():
        own = sources[number]
        if own is None or own not in golden.values:
            continue
        expected = golden.values[own]
        if data.tobytes() == expected.tobytes():
            yield 1
            continue
        yield _difference(golden.given.name, step, number, data, expected, source, own)
        return


def _difference(
    input_name: str, step: int | None, number: int, data: Bytes, expected: Array, source: Model, own: int
) -> Difference:
    dtype = dtype_of(source.main.tensors[own])
    if dtype is None or dtype.kind == "c" or data.size != expected.nbytes:
        return Difference(input_name, step, number, expected.size, expected.size, float("inf"))
    ours, theirs = data.view(dtype), np.ascontiguousarray(expected).reshape(-1)
    apart = ours.astype(np.float64) - theirs.astype(np.float64)
    unequal = data.reshape(-1, dtype.itemsize) != theirs.view(np.uint8).reshape(-1, dtype.itemsize)
    largest = float(np.nanmax(np.abs(apart))) if apart.size else 0.0
    return Difference(input_name, step, number, int(unequal.any(axis=1).sum()), expected.size, largest)


def _sentences(runner: BundleRunner) -> tuple[str, ...]:
    return tuple(f"step {number}: {finding}" for number, finding in runner.findings)


class _Counter:
    """A simulator listener that reports how many operations of the whole proof were executed."""

    def __init__(self, progress: FitProgress) -> None:
        self._progress, self._done, self.total = progress, 0, 0

    def executed(self, operation: object, memory: object) -> None:
        """Count one more."""
        self._done += 1
        self._progress(RunStage.INFERENCE, self._done, self.total)
