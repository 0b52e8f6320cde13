"""A model in one line: its name, its size, and the storage of its weights."""

from __future__ import annotations

from collections import Counter

from npufit.formatting import plural, printable, quantity
from npufit.graph import NO_TENSOR, Model, Subgraph, Tensor, Wiring, count_macs, wire

_UNPACKING = ("DEQUANTIZE", "DENSIFY")
"""Operator types that convert stored weights into those that a convolution reads."""


def describe_model(model: Model) -> str:
    """Return one line about the model: name, size, quantization."""
    operators = sum(len(subgraph.operators) for subgraph in model.subgraphs)
    parts = [printable(model.name), plural(operators, "operator")]
    if len(model.subgraphs) > 1:
        parts.append(f"{len(model.subgraphs)} subgraphs")
    parts.append(_macs(model))
    parts.append(describe_quantization(model))
    return ", ".join(parts)


def _macs(model: Model) -> str:
    """Return the multiply-accumulates of `model`; a size known only at run time counts as in the file."""
    counts = [count_macs(subgraph, operator) for subgraph in model.subgraphs for operator in subgraph.operators]
    unknown = counts.count(None)
    total = sum(count or 0 for count in counts)
    if not total:
        return f"MACs unknown ({plural(unknown, 'operator')})" if unknown else "no MACs"
    found = f"{quantity(total).strip()} MACs"
    inputs = (model.main.tensors[index] for index in model.main.inputs)
    if any(size < 0 for tensor in inputs for size in (tensor.shape_signature or ())[1:]):
        found += " at the shapes of the file"
    return f"{found} plus an unknown number in {plural(unknown, 'operator')}" if unknown else found


def describe_quantization(model: Model) -> str:
    """Return how the weights are stored, such as `weights int8 per channel`."""
    kinds: Counter[str] = Counter()
    for subgraph in model.subgraphs:
        wiring = wire(subgraph)
        for operator in subgraph.operators:
            if operator.type not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
                continue
            weights = _stored(subgraph, wiring, operator.input(1))
            if weights is None:
                continue
            manner = " per channel" if weights.quantization.is_per_channel else " per tensor"
            kinds[f"{weights.element}{manner if weights.quantization.scales else ''}"] += 1
    if not kinds:
        return "no weights"
    if len(kinds) == 1:
        return f"weights {next(iter(kinds))}"
    return "weights " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def _stored(subgraph: Subgraph, wiring: Wiring, index: int) -> Tensor | None:
    """Return the constant that the tensor `index` holds or is unpacked from (float16, sparse), None for others."""
    for _ in range(len(_UNPACKING) + 1):
        if index == NO_TENSOR:
            return None
        if subgraph.tensors[index].is_constant:
            return subgraph.tensors[index]
        producer = wiring.producer[index]
        if producer is None or subgraph.operators[producer].type not in _UNPACKING:
            return None
        index = subgraph.operators[producer].input(0)
    return None


def macs_cell(macs: int | None) -> str:
    """Return multiply-accumulates as a table cell: empty for none, a word if unknown."""
    return "unknown" if macs is None else quantity(macs).strip() if macs else ""
