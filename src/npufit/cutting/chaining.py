"""Running the parts one after the other, and proving that they compute what the whole model does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.cutting.parts import Part
from npufit.errors import InputError
from npufit.execution import Array, Reference, Values
from npufit.fitting import FitProgress, FitStage, ignore_progress
from npufit.fitting.proof import ProofInput
from npufit.formatting import shorten
from npufit.graph import Model


@dataclass(frozen=True, slots=True)
class CutProof:
    """On how many inputs the chained parts were compared with the whole; `difference` is empty if they are equal."""

    inputs: int
    difference: str = ""


def run_parts(
    model: Model, parts: Sequence[Part], inputs: Values, references: Sequence[Reference] | None = None
) -> dict[int, Array]:
    """Return the outputs of the model as its parts compute them, one after the other, in the reference kernels."""
    references = references or [Reference(part.model) for part in parts]
    values: dict[int, Array] = dict(inputs)
    for part, reference in zip(parts, references, strict=True):
        graph = part.model.main
        computed = reference.run({own: values[index] for own, index in zip(graph.inputs, part.inputs, strict=True)})
        values |= {index: computed[own] for own, index in zip(graph.outputs, part.outputs, strict=True)}
    return {index: values[index] for index in model.main.outputs}


def prove_parts(
    model: Model, parts: Sequence[Part], inputs: Sequence[ProofInput], progress: FitProgress = ignore_progress
) -> CutProof:
    """Return whether the chained parts give the same bytes as the whole model in the reference kernels.

    Inputs that the whole model refuses are left out. Raises InputError if LiteRT cannot load it or refuses them all.
    """
    whole, references = Reference(model), [Reference(part.model) for part in parts]
    compared, refusal = 0, "no input can be run."
    for position, entry in enumerate(inputs):
        progress(FitStage.PROOF, position, len(inputs))
        try:
            expected = {**entry.values, **whole.run(entry.values)}
        except InputError as error:
            refusal = str(error)
            continue
        chained = run_parts(model, parts, entry.values, references)
        compared += 1
        for index in model.main.outputs:
            if chained[index].tobytes() != expected[index].tobytes():
                name = shorten(model.main.tensors[index].name, 60)
                return CutProof(compared, f"output {index} '{name}' differs on {entry.name}")
    if not compared:
        raise InputError(f"the cut cannot be proven: {refusal} --no-prove writes the parts without a proof.")
    return CutProof(compared)
