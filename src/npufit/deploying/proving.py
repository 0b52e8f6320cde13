"""The proof: the bundle's own steps, executed here, against the source model in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from npufit.deploying.assembling import Source
from npufit.deploying.bundle import Bundle
from npufit.deploying.executing import BundleRunner, Bytes
from npufit.deploying.golden import Golden, GoldenRun
from npufit.execution import Array, CompiledModel, Stage
from npufit.fitting import FitProgress
from npufit.formatting import percent, shorten
from npufit.graph import Model
from npufit.graph.arrays import dtype_of
from npufit.litert import TIME_LIMIT_S


@dataclass(frozen=True, slots=True)
class Difference:
    """A tensor that is not that of the reference kernels; `step` is None for outputs and variables after all steps.

    `values` of `of` values differ, by up to `largest`. With `is_of_vela` the file that Vela compiled computes the same
    as the bundle: then Vela's arithmetic differs from LiteRT's, and nothing is wrong with the steps.
    """

    input_name: str
    step: int | None
    tensor: int
    values: int
    of: int
    largest: float
    is_of_vela: bool = False

    def describe(self, bundle: Bundle) -> str:
        """Return it as a sentence without a full stop."""
        steps = bundle.manifest.steps
        name = shorten(bundle.manifest.tensors[self.tensor].name, 60)
        where = "" if self.step is None else f"step {self.step} ({steps[self.step].kind}): "
        share = percent(self.values / max(1, self.of))
        return (
            f"{where}{share} of the values of '{name}' differ from LiteRT's reference kernels, by up to "
            f"{self.largest:g}, on {self.input_name}"
        )


@dataclass(frozen=True, slots=True)
class BundleProof:
    """On how many inferences the bundle was compared with the reference kernels, and the first difference.

    `continued` of the inferences went on from the state that the one before left. `tensors` were compared in each.
    `variables` are the largest differences of what the network keeps: no failure, as long as the outputs are equal.
    With `is_as_compiled`, an output that the reference kernels lack was compared with that of the file that Vela
    compiled. `findings` are the simulator's sanitizer's.
    """

    inferences: int
    continued: int
    tensors: int
    difference: Difference | None = None
    variables: tuple[Difference, ...] = ()
    is_as_compiled: bool = False
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What the bundle computed in one inference: the bytes of each tensor that the host sees, by number."""

    name: str
    values: Mapping[int, bytes]


def prove(
    bundle: Bundle,
    source: Model,
    golden: Golden,
    sources: Sequence[int | None],
    progress: FitProgress,
    *,
    to_the_end: bool = False,
    time_limit_s: float = TIME_LIMIT_S,
) -> tuple[BundleProof, tuple[Answers, ...]]:
    """Return whether the manifest's steps compute what the reference kernels do, byte for byte, and what they compute.

    The proof ends at the first difference, or goes on `to_the_end`. `sources` has the tensor of the source model for
    each of the manifest's, if it is known. Raises InputError if a step cannot be executed.
    """
    counter = _Counter(progress)
    runner = BundleRunner(bundle, (counter,), time_limit_s)
    counter.total = runner.operations * len(golden.runs)
    proof = BundleProof(0, 0, 0)
    answers: list[Answers] = []
    for run in golden.runs:
        if not run.continues:
            runner.reset()
        values, checked = _run_once(runner, bundle, source, sources, run)
        first = next((entry for entry in checked if entry is not None), None)
        if not run.continues:
            answers.append(Answers(run.name, {number: data.tobytes() for number, data in values.items()}))
        proof = replace(
            proof,
            inferences=proof.inferences + 1,
            continued=proof.continued + run.continues,
            tensors=sum(entry is None for entry in checked),
            difference=proof.difference or first,
            variables=_worst(proof.variables, _variables(runner, source, sources, run)),
            findings=tuple(f"step {number}: {finding}" for number, finding in runner.findings),
        )
        if first is not None and not to_the_end:
            break
    return proof, tuple(answers)


def is_of_vela(compiled: Model, source: Source, run: GoldenRun, answers: Answers, bundle: Bundle) -> bool:
    """Return whether the file that Vela compiled computes what the bundle did, by npufit's other way to execute it."""
    given = {
        index: np.reshape(run.values[own], compiled.main.tensors[index].shape or ())
        for index, own in zip(source.inputs, source.model.main.inputs, strict=True)
        if index is not None
    }
    found = CompiledModel(compiled).run(given)
    return all(
        found[index].tobytes() == answers.values[number]
        for index, number in zip(source.outputs, bundle.manifest.outputs, strict=True)
        if isinstance(index, int) and index in found
    )


def _run_once(
    runner: BundleRunner, bundle: Bundle, source: Model, sources: Sequence[int | None], golden: GoldenRun
) -> tuple[dict[int, Bytes], list[Difference | None]]:
    """Return what the host sees of one inference, and for each comparison the difference, None if there is none."""
    manifest = bundle.manifest
    values: dict[int, Bytes] = {}
    checked: list[Difference | None] = []
    for position, found in enumerate(runner.run([golden.values[index] for index in source.main.inputs])):
        values |= found
        if position:
            own = {number: sources[number] for number in found}
            checked += _compared(found, own, position - 1, source, golden)
    own = dict(zip(manifest.outputs, source.main.outputs, strict=True))
    checked += _compared({number: values[number] for number in own}, own, None, source, golden)
    return values, checked


def _variables(
    runner: BundleRunner, source: Model, sources: Sequence[int | None], golden: GoldenRun
) -> list[Difference]:
    """Return which variables in the buffers do not hold what the reference kernels leave in them."""
    own = {number: sources[number] for number in runner.state}
    return [entry for entry in _compared(runner.state, own, None, source, golden) if entry is not None]


def _worst(known: Sequence[Difference], found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return the largest difference of each tensor."""
    worst: dict[int, Difference] = {}
    for entry in sorted((*known, *found), key=lambda entry: entry.largest):
        worst[entry.tensor] = entry
    return tuple(worst.values())


def _compared(
    found: Mapping[int, Bytes],
    own: Mapping[int, int | None],
    step: int | None,
    source: Model,
    golden: GoldenRun,
) -> Iterator[Difference | None]:
    for number, data in found.items():
        tensor = own[number]
        if tensor is None or tensor not in golden.values:
            continue
        expected = golden.values[tensor]
        is_equal = data.tobytes() == expected.tobytes()
        yield None if is_equal else _difference(golden.name, step, number, data, expected, source, tensor)


def _difference(
    input_name: str, step: int | None, number: int, data: Bytes, expected: Array, source: Model, own: int
) -> Difference:
    dtype = dtype_of(source.main.tensors[own])
    if dtype is None or dtype.kind == "c" or data.size != expected.nbytes:
        return Difference(input_name, step, number, expected.size, expected.size, float("inf"))
    ours, theirs = data.view(dtype), np.ascontiguousarray(expected).reshape(-1)
    apart = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    unequal = data.reshape(-1, dtype.itemsize) != theirs.view(np.uint8).reshape(-1, dtype.itemsize)
    largest = float(apart[np.isfinite(apart)].max(initial=0.0))
    return Difference(input_name, step, number, int(unequal.any(axis=1).sum()), expected.size, largest)


class _Counter:
    """A simulator listener that reports how many operations of the whole proof were executed."""

    def __init__(self, progress: FitProgress) -> None:
        self._progress, self._done, self.total = progress, 0, 0

    def executed(self, operation: object, memory: object) -> None:
        """Count one more."""
        self._done += 1
        self._progress(Stage.INFERENCE, self._done, self.total)
