"""The proof: models before and after in LiteRT's reference kernels on the same inputs.

Consecutive exact passes are proven together, byte for byte, because what holds for all of them holds for each; if they
fail, the first pass at fault is found. Every approximate pass is measured alone, and the whole once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from npufit.errors import InputError, ToolError
from npufit.execution import Array, LeftOut, OutputDifference, Reference, Values, differences
from npufit.fitting.progress import FitProgress, FitStage, ignore_progress
from npufit.fitting.proof.proof_inputs import ProofInput
from npufit.fitting.proof.provable_part import (
    Provable,
    ProvableStep,
    back,
    forth,
    provable_part,
    provable_steps,
)
from npufit.fitting.step import FitStep
from npufit.formatting import percent, shorten
from npufit.graph import Model
from npufit.graph.arrays import dtype_of
from npufit.litert import TIME_LIMIT_S, LitertFailureError
from npufit.litert import Failure as LitertEnd
from npufit.running import RunOptions, run
from npufit.stacks import PlaceOptions, Target

_UNPROVEN = "--no-prove writes the result without a proof."


@dataclass(frozen=True, slots=True)
class ProofFailure:
    """The step that breaks its promise, by its position, and what was found."""

    step: int
    why: str


@dataclass(frozen=True, slots=True)
class StepDifference:
    """How much one approximate step changes each output."""

    step: int
    outputs: tuple[OutputDifference, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """The simulator's results for the compiled model, compared with the reference kernels on one input.

    `difference` says where they differ, empty if they are equal. `was_different` says that the original differs as
    well, so that the passes are not at fault.
    """

    input_name: str
    tensors: int
    difference: str
    was_different: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, and the outcome.

    `inputs` were run, `extremes` of them extremes; the original could not run another `refused`. `steps` and `total`
    have the differences of approximate passes, separately and together; both are empty if every pass is exact, and then
    every output is the same byte for byte, unless there is a `failure`. `left_out` are the operators of the original
    that LiteRT cannot execute: their inputs are compared, later operators get made-up values.
    """

    inputs: int
    extremes: int
    refused: int = 0
    failure: ProofFailure | None = None
    steps: tuple[StepDifference, ...] = ()
    total: tuple[OutputDifference, ...] = ()
    simulation: Simulation | None = None
    left_out: tuple[LeftOut, ...] = ()


def prove(
    steps: Sequence[FitStep],
    inputs: Sequence[ProofInput],
    progress: FitProgress = ignore_progress,
    time_limit_s: float = TIME_LIMIT_S,
) -> Proof:
    """Return whether `steps`, one after the other, keep their promises on `inputs` of the first step's model.

    Operators that LiteRT cannot execute are left out, and their inputs are compared. Raises InputError if LiteRT can
    run nothing of the model before any step, ToolError if it fails on it: then there is nothing to compare with.
    """
    try:
        return _prove(steps, provable_part(steps[0].before, time_limit_s), inputs, progress, time_limit_s)
    except LitertFailureError as failure:
        if failure.kind is not LitertEnd.CRASH:
            raise ToolError(f"nothing can be proven: {failure} {_UNPROVEN}") from None
    except InputError as error:
        raise InputError(f"nothing can be proven: {error} {_UNPROVEN}") from None
    try:  # an operator crashes on values, not when it is loaded: the first of them tell which
        part = provable_part(steps[0].before, time_limit_s, inputs[0].values)
        return _prove(steps, part, inputs, progress, time_limit_s)
    except (InputError, LitertFailureError) as error:
        raise ToolError(f"nothing can be proven: {error} {_UNPROVEN}") from None


def _prove(
    taken: Sequence[FitStep],
    part: Provable,
    inputs: Sequence[ProofInput],
    progress: FitProgress,
    time_limit_s: float,
) -> Proof:
    """Return the proof of the steps from `part`, everything in the first model that can be executed."""
    groups = _group(taken)
    counter = _Counter(progress, len(inputs) * (len(groups) + 1))
    original = part.model
    entries = [replace(entry, values={**entry.values, **(part.made_up or {})}) for entry in inputs]
    given, before, refused = _run_original(_Runner(original, time_limit_s), entries, counter)
    proof = Proof(len(given), sum(entry.is_extreme for entry in given), refused, left_out=part.left_out)
    steps: list[ProvableStep] = []
    try:
        for step in provable_steps(taken, part, time_limit_s):
            steps.append(step)  # noqa: PERF402 - those before an error count
    except (InputError, LitertFailureError) as error:
        return replace(proof, failure=ProofFailure(len(steps), str(error)))
    usual = [position for position, entry in enumerate(given) if not entry.is_extreme] or list(range(len(given)))
    values: list[Values] = [entry.values for entry in given]
    first = before
    measured: list[StepDifference] = []
    for group in groups:
        members = [steps[position] for position in group]
        found = _run_group(members, values, counter, time_limit_s)
        if isinstance(found, str):
            return replace(proof, failure=_locate(steps, group, given, values, before, found, time_limit_s))
        after = [back(members, outputs) for outputs in found]
        if members[0].is_exact:
            if any(_parting(members[0].before, *pair) for pair in zip(before, after, strict=True)):
                return replace(
                    proof, failure=_locate(steps, group, given, values, before, "the outputs differ", time_limit_s)
                )
        else:
            pairs = [before[position] for position in usual], [after[position] for position in usual]
            measured.append(StepDifference(group[0], differences(members[0].before, *pairs)))
        values = [forth(members, entry) for entry in values]
        before = found
    if not measured:
        return proof
    last = [back(steps, before[position]) for position in usual]
    return replace(
        proof, steps=tuple(measured), total=differences(original, [first[position] for position in usual], last)
    )


def simulate(
    steps: Sequence[FitStep], given: ProofInput, options: PlaceOptions, progress: FitProgress = ignore_progress
) -> tuple[Simulation | None, ProofFailure | None]:
    """Return the simulator's comparison for the result, and the step that makes it differ from the reference kernels.

    Only for targets whose programs can be executed here; None if the driver of the target refuses the result. A
    difference that the original also has is no failure.
    """
    target = steps[0].after.target
    plain = list(provable_steps(steps, Provable(steps[0].before), options.time_limit_s))
    simulated = _simulate(steps[-1].after.model, target, forth(plain, given.values), options, progress)
    if simulated is None:
        return None, None
    tensors, difference = simulated
    found = Simulation(given.name, tensors, difference)
    if not difference:
        return found, None
    if _differs(_simulate(steps[0].before, target, given.values, options, progress)):
        return replace(found, was_different=True), None
    for position, step in enumerate(steps):
        values = forth(plain[: position + 1], given.values)
        said = _differs(_simulate(step.after.model, target, values, options, progress))
        if said:
            return found, ProofFailure(position, f"on the simulator {said}")
    return found, ProofFailure(len(steps) - 1, f"on the simulator {difference}")


def _simulate(
    model: Model, target: Target, inputs: Values, place: PlaceOptions, progress: FitProgress
) -> tuple[int, str] | None:
    """Return the number of compared tensors and the first difference in words, None if the driver refuses `model`."""
    options = RunOptions(inputs, compare=True, repeat=0, place=place, progress=progress)
    result = run(model, target, options)
    if result.refusal is not None:
        return None
    comparison = result.comparison
    first = comparison.first_difference if comparison is not None else None
    if comparison is None or first is None:
        return len(comparison.tensors) if comparison is not None else 0, ""
    kind = model.main.operators[first.operator].name
    said = f"operator {first.operator} ({shorten(kind, 40)}) differs in {percent(first.share)} of its values"
    return len(comparison.tensors), said


def _differs(simulated: tuple[int, str] | None) -> str:
    return "" if simulated is None else simulated[1]


class _Counter:
    """Reports the progress of the inferences."""

    def __init__(self, progress: FitProgress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0
        progress(FitStage.PROOF, 0, total)

    def count(self) -> None:
        self._done += 1
        self._progress(FitStage.PROOF, self._done, self._total)


class _Runner:
    """A model in the reference kernels that returns all its outputs, including those that no operator writes."""

    def __init__(self, model: Model, time_limit_s: float) -> None:
        self.model = model
        self._reference = Reference(model, time_limit_s)

    def run(self, inputs: Values) -> dict[int, Array]:
        values = {**inputs, **self._reference.run(inputs, self.model.main.outputs)}
        return {index: values[index] if index in values else self._constant(index) for index in self.model.main.outputs}

    def _constant(self, index: int) -> Array:
        tensor = self.model.main.tensors[index]
        dtype = dtype_of(tensor)
        if dtype is None or not tensor.buffer.size_bytes:
            raise InputError(f"{self.model.name}: output {index} '{shorten(tensor.name)}' cannot be compared")
        return np.frombuffer(tensor.buffer.data, dtype).reshape(tensor.shape or ())


def _group(steps: Sequence[FitStep]) -> list[list[int]]:
    """Return the positions of the steps, consecutive exact ones grouped."""
    groups: list[list[int]] = []
    for position, step in enumerate(steps):
        if groups and step.is_exact and steps[groups[-1][0]].is_exact:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


def _run_original(
    runner: _Runner, inputs: Sequence[ProofInput], counter: _Counter
) -> tuple[list[ProofInput], list[dict[int, Array]], int]:
    """Return the inputs that the original can run, with its outputs, and the number that it refuses."""
    given: list[ProofInput] = []
    outputs: list[dict[int, Array]] = []
    reason = "no input can be run."
    for entry in inputs:
        try:
            outputs.append(runner.run(entry.values))
            given.append(entry)
        except InputError as error:
            reason = str(error)
        counter.count()
    if not given:
        raise InputError(reason)
    return given, outputs, len(inputs) - len(given)


def _run_group(
    steps: Sequence[ProvableStep], values: Sequence[Values], counter: _Counter, time_limit_s: float
) -> list[dict[int, Array]] | str:
    """Return the outputs of the model after `steps`, converted to its own types, or why it cannot be run."""
    try:
        runner = _Runner(steps[-1].after, time_limit_s)
        outputs: list[dict[int, Array]] = []
        for entry in values:
            outputs.append(runner.run(forth(steps, entry)))
            counter.count()
    except (InputError, LitertFailureError) as error:
        return str(error)
    return outputs


def _locate(
    steps: Sequence[ProvableStep],
    group: Sequence[int],
    given: Sequence[ProofInput],
    values: Sequence[Values],
    before: Sequence[Values],
    found: str,
    time_limit_s: float,
) -> ProofFailure:
    """Return the first step of `group` that is at fault."""
    for count in range(1, len(group) + 1):
        members = [steps[position] for position in group[:count]]
        try:
            runner = _Runner(members[-1].after, time_limit_s)
            for entry, taken, outputs in zip(given, values, before, strict=True):
                parting = _parting(members[0].before, outputs, back(members, runner.run(forth(members, taken))))
                if parting and members[0].is_exact:
                    return ProofFailure(group[count - 1], f"{parting} on {entry.name}")
        except (InputError, LitertFailureError) as error:
            return ProofFailure(group[count - 1], str(error))
    return ProofFailure(group[-1], found)


def _parting(model: Model, before: Values, after: Values) -> str:
    """Return in words which outputs differ in any byte, empty if none do."""
    for index in model.main.outputs:
        old, new = before[index], after[index]
        name = f"output {index} '{shorten(model.main.tensors[index].name, 60)}'"
        if old.dtype != new.dtype or old.shape != new.shape:
            return f"{name} is {new.dtype} {new.shape} instead of {old.dtype} {old.shape}"
        if old.tobytes() != new.tobytes():
            changed = float(np.count_nonzero(old != new)) / max(1, old.size)
            return f"{name} differs in {percent(changed)} of its values"
    return ""
