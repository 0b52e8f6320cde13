"""What tells models apart: the digest of the file, and one of the structure that retrained weights leave unchanged."""

from __future__ import annotations

import hashlib
from pathlib import Path

from npufit.errors import InputError
from npufit.graph import NO_TENSOR, Model, Subgraph, Tensor

_PIECE = 1 << 20


def model_digest(model: Model, file: str | Path | None = None) -> str:
    """Return the SHA-256 of `file`, from which `model` was read; without one, of the file that npufit would write.

    Raises InputError if the file can no longer be read.
    """
    if file is None:
        from npufit.tflite import serialize_model

        return hashlib.sha256(serialize_model(model)).hexdigest()
    try:
        with Path(file).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}.") from None


def structure_digest(model: Model) -> str:
    """Return the SHA-256 of the operators in their order, how they are wired, and their tensors' shapes and types.

    Weights, names, scales and the numbers of tensors in the file do not count, so that a network keeps its digest when
    it is trained again; whether a tensor is quantized per channel counts.
    """
    digest = hashlib.sha256()
    for subgraph in model.subgraphs:
        for line in _lines(subgraph):
            digest.update(f"{line}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _lines(subgraph: Subgraph) -> list[str]:
    """Return a line for each operator and tensor; tensors are numbered in the order in which they are met."""
    met: dict[int, int] = {}

    def number(tensor: int) -> int:
        return NO_TENSOR if tensor == NO_TENSOR else met.setdefault(tensor, len(met))

    lines = [f"inputs {list(map(number, subgraph.inputs))}"]
    for operator in subgraph.operators:
        inputs, outputs = list(map(number, operator.inputs)), list(map(number, operator.outputs))
        lines.append(f"{operator.type} {operator.custom_code or ''} {inputs} {outputs}")
    lines.append(f"outputs {list(map(number, subgraph.outputs))}")
    return [*lines, *(_tensor(subgraph.tensors[tensor]) for tensor in met)]


def _tensor(tensor: Tensor) -> str:
    """Return type and shape, as the file gives them, and what a stack sees of the quantization."""
    shape = None if tensor.shape_is_inferred or tensor.shape is None else list(tensor.shape)
    scales = len(tensor.quantization.scales)
    quantized = f"per channel {tensor.quantization.axis}" if scales > 1 else "quantized" if scales else "plain"
    return f"{tensor.element.value} {shape} {quantized} {'constant' if tensor.is_constant else ''}"
