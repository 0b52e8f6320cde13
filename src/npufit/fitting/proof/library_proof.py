"""The proof on a real library: the model before and after, answered by it on a virtual NPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.errors import ToolError
from npufit.execution import GOLDEN, Reference, TensorComparison, Values, compare
from npufit.fitting.progress import FitProgress, ignore_progress
from npufit.fitting.proof.proof_inputs import ProofInput
from npufit.fitting.proof.provable_part import Provable, forth, provable_steps
from npufit.fitting.step import FitStep
from npufit.graph import Model
from npufit.litert import LitertRefusalError
from npufit.running import LibraryRun, OnNpu, RunOptions, prepare
from npufit.stacks import PlaceOptions, Target

_MOST_INPUTS = 4
"""So many inputs are answered by the library: each costs an inference on the simulator, before and after."""


@dataclass(frozen=True, slots=True)
class LibraryAnswer:
    """What a library answers for one model, held against the reference kernels.

    On `wrong` of `inputs` inputs an output value differs, on the worst of them `differing` of `values`, by up to
    `largest`; `parting` is the first tensor that differs then. `findings` counts what the simulator's sanitizer found
    in the command streams: a board may answer otherwise. `failure` says why there is no answer, such as a crash; it is
    empty if there is one.
    """

    inputs: int = 0
    wrong: int = 0
    differing: int = 0
    values: int = 0
    largest: float = 0.0
    partitions: int = 0
    findings: int = 0
    parting: TensorComparison | None = None
    failure: str = ""

    @property
    def is_right(self) -> bool:
        """True if there are answers and no value differs."""
        return not self.failure and not self.wrong

    @property
    def only_rounds(self) -> bool:
        """True if values differ, but part by a single step: the library rounds otherwise, and has no other fault."""
        return not self.failure and self.wrong > 0 and self.parting is not None and self.parting.largest <= 1.0

    @property
    def is_wrong(self) -> bool:
        """True if there is no answer, or one that differs by more than rounding."""
        return not self.is_right and not self.only_rounds


@dataclass(frozen=True, slots=True)
class LibraryProof:
    """What `library` answers for the model `before` and `after` the passes; `after` is None if nothing was changed.

    `library` is None if it never answered.
    """

    library: LibraryRun | None
    before: LibraryAnswer
    after: LibraryAnswer | None

    @property
    def result(self) -> LibraryAnswer:
        """What the library answers for the result of the fit."""
        return self.before if self.after is None else self.after


def prove_on_library(
    model: Model,
    target: Target,
    steps: Sequence[FitStep],
    inputs: Sequence[ProofInput],
    options: PlaceOptions,
    progress: FitProgress = ignore_progress,
) -> LibraryProof:
    """Return what the library of `options` answers for `model`, and for what `steps` made of it, on a few `inputs`.

    A crash of the library is an answer. Raises InputError if the library or `target` cannot be used.
    """
    chosen = [entry.values for entry in inputs[:_MOST_INPUTS]]
    run = RunOptions(place=options, progress=progress)
    library, before = _answer(model, target, chosen, run)
    if not steps:
        return LibraryProof(library, before, None)
    plain = list(provable_steps(steps, Provable(model), options.time_limit_s))
    other, after = _answer(steps[-1].after.model, target, [forth(plain, values) for values in chosen], run)
    return LibraryProof(other or library, before, after)


def _answer(
    model: Model, target: Target, inputs: Sequence[Values], options: RunOptions
) -> tuple[LibraryRun | None, LibraryAnswer]:
    library, answer = None, LibraryAnswer()
    try:
        reference = Reference(model, options.place.time_limit_s)
        loaded = prepare(model, target, options)
        assert isinstance(loaded, OnNpu)
        library, answer = loaded.library, replace(answer, partitions=loaded.runner.partitions)
        worst: Values | None = None
        for values in inputs:
            outputs = compare(model, loaded.run(values), reference.run(values, model.main.outputs), GOLDEN)
            differing = sum(output.differing for output in outputs.tensors)
            if differing > answer.differing:
                worst = values
            answer = replace(
                answer,
                inputs=answer.inputs + 1,
                wrong=answer.wrong + (differing > 0),
                differing=max(answer.differing, differing),
                values=sum(output.count for output in outputs.tensors),
                largest=max([answer.largest, *(output.largest for output in outputs.tensors)]),
                findings=len(loaded.runner.findings),
            )
        if worst is not None:
            every = compare(model, loaded.runner.observe(worst), reference.run(worst), GOLDEN)
            answer = replace(answer, parting=every.first_difference)
    except (ToolError, LitertRefusalError) as error:
        return library, replace(answer, failure=str(error))
    return library, answer
