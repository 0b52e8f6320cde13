"""Which tensors of the source model the inputs, outputs and other tensors of its compiled file are."""

from __future__ import annotations

from npufit.deploying.assembling import Source
from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.graph import Model, Tensor
from npufit.running import pair_ends, ties_by_label


def untied(compiled: Model) -> Source:
    """Return a file that Vela compiled already as its own source."""
    main = compiled.main
    written = {tensor for operator in main.operators for tensor in operator.outputs}
    outputs = (
        main.tensors[index] if main.tensors[index].is_constant and index not in written else index
        for index in main.outputs
    )
    return Source(compiled, {index: index for index in range(len(main.tensors))}, main.inputs, tuple(outputs))


def tie(compiled: Model, source: Model) -> Source:
    """Return `source` with what `compiled`, which Vela made of it, has for its tensors.

    Raises InputError if an output of the model is missing from the compiled file.
    """
    ties = ties_by_label(compiled)
    inputs = pair_ends(compiled.main.inputs, source.main.inputs, ties, f"{source.name} compiled by Vela: inputs")
    outputs = pair_ends(compiled.main.outputs, source.main.outputs, ties, f"{source.name} compiled by Vela: outputs")
    entering = {own: index for index, own in inputs.items()}
    written = {tensor for operator in compiled.main.operators for tensor in operator.outputs}
    leaving = {own: index for index, own in outputs.items() if index in written} | entering

    def output(own: int) -> int | Tensor:
        """Return the tensor of the compiled file that is written, otherwise the constant that Vela or the model has."""
        if own in leaving:
            return leaving[own]
        candidates = [compiled.main.tensors[index] for index, tied in outputs.items() if tied == own]
        constant = next((tensor for tensor in (*candidates, source.main.tensors[own]) if tensor.is_constant), None)
        if constant is None:
            raise InputError(
                f"{source.name}: nothing in Vela's file writes output '{shorten(source.main.tensors[own].name)}'. Try "
                "another release of Vela with --set vela=VERSION."
            )
        return constant

    return Source(
        source,
        {**ties, **inputs, **outputs},
        tuple(entering.get(own) for own in source.main.inputs),
        tuple(map(output, source.main.outputs)),
    )
