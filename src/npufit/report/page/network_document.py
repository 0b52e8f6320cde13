"""A network for the page: what the model file says of operators and tensors, without the values of constants."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Literal

from npufit.cost import live_bytes
from npufit.formatting import shorten
from npufit.graph import (
    NO_TENSOR,
    Model,
    Operator,
    OtherOptions,
    Quantization,
    Subgraph,
    Tensor,
    count_macs,
)
from npufit.report.document import Count, Document

_LONGEST_OPTION = 80


@dataclass(frozen=True, slots=True)
class NetworkTensor(Document):
    """A tensor; `shape` is null if the file gives none."""

    name: str
    type: str
    shape: tuple[int, ...] | None
    """as the file has it"""
    signature: tuple[int, ...] | None
    """the shape with -1 for sizes that are known only at run time; null if there are none"""
    bytes: Count
    role: Literal["activation", "constant", "variable"]
    quantization: str
    """in words; empty without"""


@dataclass(frozen=True, slots=True)
class NetworkOperator(Document):
    """An operator. `inputs` and `outputs` are indices of tensors, -1 for an input that is left out."""

    type: str
    inputs: tuple[int, ...]
    outputs: tuple[Count, ...]
    macs: Count | None
    live_bytes: Count
    """activations alive while it runs, with all operators on the CPU"""
    options: tuple[tuple[str, str], ...]
    calls: tuple[Count, ...]
    """subgraphs that it runs"""


@dataclass(frozen=True, slots=True)
class NetworkSubgraph(Document):
    """A subgraph, with its operators in execution order."""

    name: str
    inputs: tuple[Count, ...]
    outputs: tuple[Count, ...]
    tensors: tuple[NetworkTensor, ...]
    operators: tuple[NetworkOperator, ...]


@dataclass(frozen=True, slots=True)
class Network(Document):
    """A whole network."""

    name: str
    subgraphs: tuple[NetworkSubgraph, ...]


def network(model: Model) -> Network:
    """Return the document of a model."""
    return Network(shorten(model.name), tuple(_subgraph(subgraph) for subgraph in model.subgraphs))


def _subgraph(subgraph: Subgraph) -> NetworkSubgraph:
    live = live_bytes(subgraph)
    return NetworkSubgraph(
        name=shorten(subgraph.name or ""),
        inputs=subgraph.inputs,
        outputs=subgraph.outputs,
        tensors=tuple(map(_tensor, subgraph.tensors)),
        operators=tuple(
            NetworkOperator(
                type=shorten(operator.name),
                inputs=operator.inputs,
                outputs=tuple(tensor for tensor in operator.outputs if tensor != NO_TENSOR),
                macs=count_macs(subgraph, operator),
                live_bytes=alive,
                options=_options(operator),
                calls=_calls(operator),
            )
            for operator, alive in zip(subgraph.operators, live, strict=True)
        ),
    )


def _tensor(tensor: Tensor) -> NetworkTensor:
    return NetworkTensor(
        name=shorten(tensor.name),
        type=tensor.element.value,
        shape=tensor.shape,
        signature=tensor.shape_signature if tensor.is_dynamic else None,
        bytes=tensor.size_bytes,
        role="constant" if tensor.is_constant else "variable" if tensor.is_variable else "activation",
        quantization=_quantization(tensor.quantization),
    )


def _quantization(quantization: Quantization) -> str:
    if quantization.details is not None:
        return type(quantization.details).__name__.removesuffix("Quantization").lower()
    if not quantization.scales:
        return ""
    if len(quantization.scales) == 1:
        return f"scale {quantization.scale:.6g}, zero point {quantization.zero_point}"
    low, high = min(quantization.scales), max(quantization.scales)
    points = sorted(set(quantization.zero_points))
    zero = (
        f"zero point {points[0]}" if len(points) == 1 else f"zero points {points[0]} to {points[-1]}" if points else ""
    )
    count = len(quantization.scales)
    return f"{count} scales along axis {quantization.axis}, {low:.4g} to {high:.4g}{f', {zero}' if zero else ''}"


def _options(operator: Operator) -> tuple[tuple[str, str], ...]:
    """Return the options of an operator as words."""
    options: Any = operator.options
    if options is None:
        return ()
    if isinstance(options, OtherOptions):
        pairs = list(options.fields)
    else:
        pairs = [(entry.name, getattr(options, entry.name)) for entry in fields(options)]
    return tuple((name.replace("_", " "), shorten(_words(value), _LONGEST_OPTION)) for name, value in pairs)


def _words(value: Any) -> str:
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _calls(operator: Operator) -> tuple[int, ...]:
    """Return the subgraphs that an operator of control flow runs."""
    options = operator.options
    found = options.fields if isinstance(options, OtherOptions) else ()
    return tuple(value for name, value in found if "subgraph" in name and isinstance(value, int) and value >= 0)
