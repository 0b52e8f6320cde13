"""The structure of a model: what remains without names, weight values and scales.

Two files have the same structure if they are the same network, converted in the same way at the same size. The
operators are numbered in the order in which a depth-first walk from the outputs, operand by operand, completes them; so
the order in which a converter happened to write independent branches does not matter.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from difflib import unified_diff
from enum import Enum, StrEnum

from npufit.graph import NO_TENSOR, Model, Options, OtherOptions, Subgraph, Tensor, constant_values, wire


class Granularity(StrEnum):
    """How finely a tensor is quantized."""

    NONE = "none"
    PER_TENSOR = "per-tensor"
    PER_CHANNEL = "per-channel"


@dataclass(frozen=True, slots=True)
class TensorStructure:
    """Shape, element type and granularity of a tensor; -1 in `shape` is a size known only at run time."""

    shape: tuple[int, ...] | None
    element: str
    granularity: Granularity
    axis: int = 0

    def __str__(self) -> str:
        """Return text such as `int8[32x3x3x3] per-channel along 0`."""
        shape = "" if self.shape is None else "x".join("?" if size < 0 else str(size) for size in self.shape)
        text = f"{self.element}[{shape}]"
        if self.granularity is Granularity.PER_CHANNEL:
            return f"{text} per-channel along {self.axis}"
        return text if self.granularity is Granularity.NONE else f"{text} {self.granularity}"


@dataclass(frozen=True, slots=True)
class OperandStructure:
    """The source of an operator's input (or of an output of the graph).

    `source` is `%3` for the first output of operator 3 (`%3:1` for its second), `input 0`, `constant`, `variable`
    or `absent`. `values` holds the integers of small unquantized constants: axes, paddings, shapes.
    """

    source: str
    tensor: TensorStructure | None
    values: tuple[int, ...] | None = None

    def __str__(self) -> str:
        """Return text such as `%3 int8[1x112x112x32] per-tensor`."""
        values = f" = {list(self.values)}" if self.values is not None else ""
        return f"{self.source} {self.tensor}{values}" if self.tensor else self.source


@dataclass(frozen=True, slots=True)
class OperatorStructure:
    """One operator: its type, version and options, its inputs and outputs."""

    type: str
    version: int
    options: tuple[tuple[str, str], ...]
    operands: tuple[OperandStructure, ...]
    results: tuple[TensorStructure, ...]

    def __str__(self) -> str:
        """Return the operator on one line."""
        options = ", ".join(f"{name}={value}" for name, value in self.options)
        operands = ", ".join(map(str, self.operands))
        return f"{self.type} v{self.version} {{{options}}} ({operands}) -> {', '.join(map(str, self.results))}"


@dataclass(frozen=True, slots=True)
class Structure:
    """The structure of a model's main subgraph. Equality is equality of structure."""

    inputs: tuple[TensorStructure, ...]
    operators: tuple[OperatorStructure, ...]
    outputs: tuple[OperandStructure, ...]

    def __str__(self) -> str:
        """Return one line for each input, operator and output."""
        return "\n".join(
            [
                *(f"input {index}: {tensor}" for index, tensor in enumerate(self.inputs)),
                *(f"%{index} = {operator}" for index, operator in enumerate(self.operators)),
                *(f"output {index}: {operand}" for index, operand in enumerate(self.outputs)),
            ]
        )

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the text."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:16]

    @property
    def operator_counts(self) -> dict[str, int]:
        """The number of operators of each type, the most frequent first."""
        return dict(Counter(operator.type for operator in self.operators).most_common())

    def at_any_size(self) -> Structure:
        """Return the structure without the sizes that grow with the input image.

        Only the depth of rank-4 activations stays. Two sizes of one network are then equal if its operators do not
        depend on the size, as in the Keras networks that end in MEAN.
        """
        return Structure(
            inputs=tuple(map(_without_size, self.inputs)),
            operators=tuple(
                replace(
                    operator,
                    operands=tuple(map(_operand_without_size, operator.operands)),
                    results=tuple(map(_without_size, operator.results)),
                )
                for operator in self.operators
            ),
            outputs=tuple(map(_operand_without_size, self.outputs)),
        )


def describe_structure(model: Model) -> Structure:
    """Return the structure of the main subgraph of `model`: two models with equal structures are the same network.

    It contains each operator's type (for custom operators the code), version and options, the shapes and element types
    of its inputs and outputs, the source of each operand, which operands are constants, and which are quantized per
    channel. It leaves out names, weights, scales, zero points and the bytes of custom options.
    """
    subgraph = model.main
    order = _walk(subgraph)
    sources = {tensor: f"input {position}" for position, tensor in enumerate(subgraph.inputs)}
    for position, index in enumerate(order):
        for output, tensor in enumerate(subgraph.operators[index].outputs):
            sources[tensor] = f"%{position}:{output}" if output else f"%{position}"
    operators = [subgraph.operators[index] for index in order]
    return Structure(
        inputs=tuple(_tensor_structure(subgraph.tensors[index]) for index in subgraph.inputs),
        operators=tuple(
            OperatorStructure(
                type=operator.name,
                version=operator.version,
                options=_option_structure(operator.options),
                operands=tuple(_operand_structure(subgraph, index, sources) for index in operator.inputs),
                results=tuple(_tensor_structure(tensor) for tensor in subgraph.output_tensors(operator)),
            )
            for operator in operators
        ),
        outputs=tuple(_operand_structure(subgraph, index, sources) for index in subgraph.outputs),
    )


def structure_differences(found: Structure, expected: Structure) -> list[str]:
    """Return the lines in which two structures differ, as a unified diff; none if they are equal."""
    before, after = str(expected).splitlines(), str(found).splitlines()
    return list(unified_diff(before, after, "expected", "found", lineterm="", n=0))


def _walk(subgraph: Subgraph) -> list[int]:
    """Return the operator indices in the order described above; operators that no output needs come last."""
    producer = wire(subgraph).producer
    order: dict[int, None] = {}
    roots = [producer[tensor] for tensor in subgraph.outputs]
    for root in (*roots, *range(len(subgraph.operators))):
        pending = [] if root is None else [(root, False)]
        while pending:
            index, operands_done = pending.pop()
            if operands_done:
                order[index] = None
            elif index not in order:
                pending.append((index, True))
                makers = (producer[tensor] for tensor in subgraph.operators[index].inputs if tensor != NO_TENSOR)
                needed = dict.fromkeys(maker for maker in makers if maker is not None and maker not in order)
                pending.extend((maker, False) for maker in reversed(needed))
    return list(order)


def _tensor_structure(tensor: Tensor) -> TensorStructure:
    quantization = tensor.quantization
    shape = tensor.shape_signature if tensor.is_dynamic else tensor.shape
    if quantization.is_per_channel:
        return TensorStructure(shape, tensor.element, Granularity.PER_CHANNEL, quantization.axis)
    granularity = Granularity.PER_TENSOR if quantization.is_quantized else Granularity.NONE
    return TensorStructure(shape, tensor.element, granularity)


def _operand_structure(subgraph: Subgraph, index: int, sources: dict[int, str]) -> OperandStructure:
    if index == NO_TENSOR:
        return OperandStructure("absent", None)
    tensor = subgraph.tensors[index]
    source = sources.get(index) or ("variable" if tensor.is_variable else "constant")
    is_option = source == "constant" and not tensor.quantization.is_quantized
    return OperandStructure(source, _tensor_structure(tensor), constant_values(tensor) if is_option else None)


def _option_structure(options: Options | None) -> tuple[tuple[str, str], ...]:
    """Return the options that are set; an empty table counts as no table, because converters differ in this."""
    if options is None:
        return ()
    pairs: Sequence[tuple[str, object]]
    if isinstance(options, OtherOptions):
        pairs = options.fields
    else:
        pairs = [(field.name, getattr(options, field.name)) for field in fields(options)]
    return tuple(
        (name, value.name if isinstance(value, Enum) else str(value)) for name, value in pairs if value is not None
    )


def _without_size(tensor: TensorStructure) -> TensorStructure:
    if tensor.shape is None or len(tensor.shape) != 4:
        return tensor
    return replace(tensor, shape=(tensor.shape[0], -1, -1, tensor.shape[3]))


def _operand_without_size(operand: OperandStructure) -> OperandStructure:
    if operand.tensor is None or operand.source == "constant":
        return operand
    return replace(operand, tensor=_without_size(operand.tensor))
