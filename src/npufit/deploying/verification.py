"""Right answers for the board: outputs as the reference kernels compute them, and results of single steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npufit.deploying.manifest import Case, Manifest, NpuStep, StepValue, Verification
from npufit.deploying.proving import Golden
from npufit.execution import GOLDEN
from npufit.graph import Model

_MOST_CASES = 2
_MOST_STEP_BYTES = 4 << 20
"""What the results of single steps may take; they are given for the first case only, as far as they fit."""


def verification(
    manifest: Manifest, source: Model, sources: Sequence[int | None], golden: Sequence[Golden]
) -> tuple[Verification, Mapping[str, bytes]]:
    """Return the cases of a bundle and their files, from what the reference kernels compute of `source`."""
    files: dict[str, bytes] = {}
    cases = tuple(
        _case(number, manifest, source, sources, entry, files) for number, entry in enumerate(golden[:_MOST_CASES])
    )
    return Verification(f"{GOLDEN} of the source model", cases), files


def _case(
    number: int,
    manifest: Manifest,
    source: Model,
    sources: Sequence[int | None],
    golden: Golden,
    files: dict[str, bytes],
) -> Case:
    folder = f"verify/{number:03d}"

    def stored(name: str, tensor: int) -> str:
        path = f"{folder}/{name}.bin"
        files[path] = golden.values[tensor].tobytes()
        return path

    inputs = tuple(stored(f"input_{position}", tensor) for position, tensor in enumerate(source.main.inputs))
    outputs = tuple(stored(f"output_{position}", tensor) for position, tensor in enumerate(source.main.outputs))
    steps: list[tuple[StepValue, ...]] = [() for _ in manifest.steps]
    left = _MOST_STEP_BYTES if number == 0 else 0
    for step, position, tensor in _results(manifest):
        own = sources[tensor]
        size = manifest.tensors[tensor].bytes
        if own is None or own not in golden.values or golden.values[own].nbytes != size or size > left:
            continue
        left -= size
        steps[step] = (*steps[step], StepValue(tensor, stored(f"step_{step:03d}_{position}", own)))
    return Case(golden.given.name, inputs, outputs, tuple(steps))


def _results(manifest: Manifest) -> Iterator[tuple[int, int, int]]:
    """Yield the results of the steps: the number of the step, their position in it, and the tensor."""
    for number, step in enumerate(manifest.steps):
        tensors = [place.tensor for place in step.outputs] if isinstance(step, NpuStep) else step.outputs
        for position, tensor in enumerate(tensors):
            yield number, position, tensor
