"""A short way to write models of a few operators, and to place them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from npufit.graph import (
    NO_BUFFER,
    NO_TENSOR,
    Buffer,
    ElementType,
    Model,
    Operator,
    Options,
    OptionValue,
    OtherOptions,
    Quantization,
    Subgraph,
    Tensor,
)
from npufit.stacks import Placement, PlaceOptions, Target, load_stack
from npufit.tflite import parse_model, serialize_model

FLOAT, HALF = ElementType.FLOAT32, ElementType.FLOAT16
INT8, UINT8, INT16, INT32, INT64 = (
    ElementType.INT8,
    ElementType.UINT8,
    ElementType.INT16,
    ElementType.INT32,
    ElementType.INT64,
)
BOOL = ElementType.BOOL
SCALED = Quantization((0.05,), (3,))
TWO_SCALES = Quantization((0.05, 0.06), (0, 0))
BARE = Quantization()
_CODES = {INT8: "b", UINT8: "B", INT16: "h", INT32: "i", INT64: "q", FLOAT: "f"}


@dataclass
class Network:
    """A subgraph under construction. Every method returns the index of the tensor that it adds."""

    tensors: list[Tensor] = field(default_factory=list[Tensor])
    operators: list[Operator] = field(default_factory=list[Operator])
    inputs: list[int] = field(default_factory=list[int])

    def tensor(
        self,
        shape: Sequence[int] | None,
        element: ElementType = INT8,
        quantization: Quantization | None = None,
        buffer: Buffer = NO_BUFFER,
        *,
        variable: bool = False,
    ) -> int:
        """Add a tensor that nobody writes; 8- and 16-bit integers are quantized unless told otherwise."""
        if quantization is None:
            quantization = SCALED if element in (INT8, UINT8, INT16) else BARE
        size = None if shape is None else tuple(shape)
        self.tensors.append(Tensor(f"t{len(self.tensors)}", size, element, quantization, buffer, variable))
        return len(self.tensors) - 1

    def input(self, *shape: int, element: ElementType = INT8, quantization: Quantization | None = None) -> int:
        """Add an input of the network."""
        index = self.tensor(shape, element, quantization)
        self.inputs.append(index)
        return index

    def zeros(self, *shape: int, element: ElementType = INT8, quantization: Quantization | None = None) -> int:
        """Add a constant of zeros."""
        size = Tensor("", shape, element).size_bytes
        return self.tensor(shape, element, quantization, Buffer(bytes(size)))

    def values(self, *values: float, element: ElementType = INT32, shape: Sequence[int] | None = None) -> int:
        """Add a constant vector, or one of another shape."""
        numbers = values if element is FLOAT else [int(value) for value in values]
        data = array(_CODES[element], numbers).tobytes()
        return self.tensor((len(values),) if shape is None else shape, element, None, Buffer(data))

    def apply(
        self,
        operator_type: str,
        inputs: Sequence[int],
        shape: Sequence[int] | None,
        options: Options | None = None,
        *,
        element: ElementType = INT8,
        quantization: Quantization | None = None,
        custom_code: str | None = None,
    ) -> int:
        """Add an operator with one output."""
        output = self.tensor(shape, element, quantization)
        self.operators.append(Operator(operator_type, tuple(inputs), (output,), options, custom_code=custom_code))
        return output

    def cpu(self, source: int) -> int:
        """Add an operator that every release leaves on the CPU."""
        return self.apply("CUSTOM", (source,), self.tensors[source].shape, custom_code="Stay")

    def model(self, *outputs: int) -> Model:
        """Return the model; the last tensor is the output where none is given."""
        chosen = outputs or (len(self.tensors) - 1,)
        return Model("tiny", (Subgraph(tuple(self.tensors), tuple(self.inputs), chosen, tuple(self.operators)),))


def other(table: str, **fields: OptionValue) -> OtherOptions:
    """Return the options of an operator that npufit has no type for."""
    return OtherOptions(table, tuple(fields.items()))


def as_file(model: Model) -> Model:
    """Return `model` as it is read back from a file."""
    return parse_model(bytes(serialize_model(model)), model.name)


def place(model: Model, version: str = "lf-6.6.36") -> Placement:
    """Return where the delegate of a BSP runs the operators of `model`."""
    stack = load_stack("vx")
    label = stack.resolve_version("imx8mp", version)
    assert label is not None
    return stack.place(model, Target("imx8mp", "vx", label), PlaceOptions())


def refusals(model: Model, version: str = "lf-6.6.36") -> list[str]:
    """Return the ids of the rules that keep operators off the NPU."""
    return [operator.finding.rule.id for operator in place(model, version).operators if operator.finding]


def hazards(model: Model, version: str = "lf-6.6.36") -> list[str]:
    """Return the ids of the hazards."""
    return [hazard.rule.id for hazard in place(model, version).hazards]


__all__ = [
    "BARE", "BOOL", "FLOAT", "HALF", "INT8", "INT16", "INT32", "INT64", "NO_TENSOR", "SCALED", "TWO_SCALES", "UINT8",
    "Network", "as_file", "hazards", "other", "place", "refusals",
]  # fmt: skip
