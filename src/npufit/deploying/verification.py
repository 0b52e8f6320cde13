"""Right answers for the board: inputs and outputs of a few inferences, and results of single steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npufit.deploying.golden import Golden
from npufit.deploying.manifest import Case, Manifest, NpuStep, StepValue, Verification
from npufit.deploying.proving import Answers, BundleProof
from npufit.execution import GOLDEN, Values

_MOST_CASES = 2
_MOST_STEP_BYTES = 4 << 20
"""What the results of single steps may take; they are given for the first case only, as far as they fit."""

_REFERENCE = f"{GOLDEN} of the source model"
_SIMULATOR = "npufit's simulator"


def right_answers(
    golden: Golden, sources: Sequence[int | None], computed: Sequence[Answers], proof: BundleProof | None
) -> tuple[str, tuple[Answers, ...]]:
    """Return who computed the answers, and the answers.

    These are the reference kernels', and what they cannot compute is the simulator's. Where Vela's arithmetic differs,
    a board must compute what the simulator does, so all answers are its.
    """
    difference = None if proof is None else proof.difference
    if difference is not None and difference.is_of_vela:
        return f"{_SIMULATOR}, because Vela's streams do not compute what LiteRT does", tuple(computed)
    if not golden.is_of_source:
        return f"{_SIMULATOR}, because the source of the compiled file is unknown", tuple(computed)
    starts = [run for run in golden.runs if not run.continues]
    by_name = {entry.name: entry.values for entry in computed}
    found = tuple(Answers(run.name, {**by_name.get(run.name, {}), **_known(run.values, sources)}) for run in starts)
    return f"{_REFERENCE}; {_SIMULATOR} where LiteRT cannot execute it" if golden.left_out else _REFERENCE, found


def _known(values: Values, sources: Sequence[int | None]) -> dict[int, bytes]:
    """Return the bytes of the manifest's tensors, by number, from those of the source model."""
    return {number: values[own].tobytes() for number, own in enumerate(sources) if own is not None and own in values}


def verification(
    manifest: Manifest, golden: str, answers: Sequence[Answers]
) -> tuple[Verification, Mapping[str, bytes]]:
    """Return the cases of a bundle and their files. A case without all outputs is left out."""
    files: dict[str, bytes] = {}
    needed = {*manifest.inputs, *manifest.outputs}
    whole = [entry for entry in answers if needed <= entry.values.keys()]
    cases = tuple(_case(number, manifest, entry, files) for number, entry in enumerate(whole[:_MOST_CASES]))
    return Verification(golden, cases), files


def _case(number: int, manifest: Manifest, answers: Answers, files: dict[str, bytes]) -> Case:
    folder = f"verify/{number:03d}"

    def stored(name: str, tensor: int) -> str:
        path = f"{folder}/{name}.bin"
        files[path] = answers.values[tensor]
        return path

    inputs = tuple(stored(f"input_{position}", tensor) for position, tensor in enumerate(manifest.inputs))
    outputs = tuple(stored(f"output_{position}", tensor) for position, tensor in enumerate(manifest.outputs))
    steps: list[tuple[StepValue, ...]] = [() for _ in manifest.steps]
    left = _MOST_STEP_BYTES if number == 0 else 0
    for step, position, tensor in _results(manifest):
        size = manifest.tensors[tensor].bytes
        if size <= left and len(answers.values.get(tensor, b"")) == size:
            left -= size
            steps[step] = (*steps[step], StepValue(tensor, stored(f"step_{step:03d}_{position}", tensor)))
    return Case(answers.name, inputs, outputs, tuple(steps))


def _results(manifest: Manifest) -> Iterator[tuple[int, int, int]]:
    """Yield the results of the steps: the number of the step, their position in it, and the tensor."""
    for number, step in enumerate(manifest.steps):
        tensors = [place.tensor for place in step.outputs] if isinstance(step, NpuStep) else step.outputs
        for position, tensor in enumerate(tensors):
            yield number, position, tensor
