"""A model under construction: how spaces draw. Constants cost nothing: they are zeros or one repeated value.

No NumPy: a probe draws thousands of models, and a process that draws starts at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace

from npufit.graph import (
    NO_BUFFER,
    NO_TENSOR,
    Buffer,
    ElementType,
    Model,
    Operator,
    Options,
    Subgraph,
    Tensor,
    least_version,
    operator_type,
)
from npufit.probing.questions.number_formats import PLAIN_INT32, NumberFormat
from npufit.probing.questions.space import Choices, ImpossibleError, Values
from npufit.probing.questions.values import word

MOST_CONSTANT_BYTES = 2 << 20
"""The largest constant that is drawn: such models are sent to other processes, and weights are encoded."""

PARAMETERS_AXIS = Choices("parameters", ("constant", "dynamic"))
"""Whether the file stores the operands that say how large a result is."""

_LARGEST_TENSOR_BYTES = 1 << 31
"""Runtimes count the bytes of a tensor in 32 bits."""

_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}


class Drawing:
    """A model under construction. Methods return the index of the tensor that they add."""

    def __init__(self) -> None:
        self._tensors: list[Tensor] = []
        self._operators: list[Operator] = []
        self._inputs: list[int] = []
        self._expected: dict[int, Tensor] = {}

    def input(self, shape: Sequence[int], form: NumberFormat) -> int:
        """Add an input of the model."""
        self._inputs.append(self._add("input", tuple(shape), form, NO_BUFFER))
        return self._inputs[-1]

    def repeated(self, shape: Sequence[int], form: NumberFormat, unit: bytes | None = None) -> int:
        """Add a constant of the bytes in `unit` again and again, or of zeros.

        Raises ImpossibleError beyond MOST_CONSTANT_BYTES.
        """
        size = Tensor("", tuple(shape), form.element).size_bytes
        if size > MOST_CONSTANT_BYTES:
            raise ImpossibleError(f"a constant of {size} bytes")
        data = bytes(size) if unit is None else (unit * -(-size // len(unit)))[:size]
        return self._add("constant", tuple(shape), form, Buffer(data))

    def integers(
        self, values: Sequence[int], shape: Sequence[int] | None = None, form: NumberFormat = PLAIN_INT32
    ) -> int:
        """Add a constant of the given integers: a vector, or of another shape."""
        data = array(_CODES[form.element.bits // 8], values).tobytes()
        return self._add("constant", (len(values),) if shape is None else tuple(shape), form, Buffer(data))

    def parameter(self, numbers: Sequence[int], values: Values, shape: Sequence[int] | None = None) -> int:
        """Add an operand that says how large a result is: a constant or, by the axis `parameters`, an input."""
        index = self.integers(numbers, shape)
        if word(values, "parameters", "constant") == "dynamic":
            self._expected[index] = self._tensors[index]
            self._tensors[index] = replace(self._tensors[index], buffer=NO_BUFFER)
            self._inputs.append(index)
        return index

    def apply(
        self,
        kind: str,
        inputs: Sequence[int],
        form: NumberFormat,
        options: Options | None = None,
        shapes: Sequence[Sequence[int]] | None = None,
    ) -> int:
        """Add an operator and return its first output; the table of operators says its shape unless `shapes` are given.

        Raises ImpossibleError if its operands do not go together.
        """
        operator = Operator(kind, tuple(inputs), (), options)
        if shapes is None:
            shapes = (self._infer_shape(operator),)
        outputs = tuple(self._add(kind.lower(), tuple(shape), form, NO_BUFFER) for shape in shapes)
        elements = {self._tensors[index].element for index in inputs if index != NO_TENSOR}
        is_int8 = bool(elements & {ElementType.INT8, ElementType.INT16})
        version = least_version(operator, int8=is_int8)
        self._operators.append(replace(operator, outputs=outputs, version=version))
        return outputs[0]

    def tensor(self, index: int) -> Tensor:
        """Return a tensor that was added."""
        return self._tensors[index]

    def model(self, name: str) -> Model:
        """Return the model: what no operator reads is its output."""
        read = {index for operator in self._operators for index in operator.inputs}
        written = [index for operator in self._operators for index in operator.outputs]
        outputs = tuple(index for index in written if index not in read)
        return Model(name, (Subgraph(tuple(self._tensors), tuple(self._inputs), outputs, tuple(self._operators)),))

    def _infer_shape(self, operator: Operator) -> tuple[int, ...]:
        operands = tuple(
            None if index == NO_TENSOR else self._expected.get(index, self._tensors[index]) for index in operator.inputs
        )
        rule = operator_type(operator).shape
        shape = None if rule is None else rule(operator, operands)
        if shape is None:
            raise ImpossibleError(f"{operator.type} of these operands")
        return shape

    def _add(self, name: str, shape: tuple[int, ...], form: NumberFormat, buffer: Buffer) -> int:
        tensor = Tensor(
            f"{name}_{len(self._tensors)}", shape, form.element, form.quantization, buffer, has_rank=not shape
        )
        if any(size < 1 for size in shape):
            raise ImpossibleError(f"a tensor of the shape {shape}")
        if tensor.size_bytes >= _LARGEST_TENSOR_BYTES:
            raise ImpossibleError(f"a tensor of {tensor.size_bytes} bytes")
        self._tensors.append(tensor)
        return len(self._tensors) - 1
