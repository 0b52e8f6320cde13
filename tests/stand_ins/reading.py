"""A TFLite file, as far as the stand-ins look into it: operators, tensors and the options of windows.

The positions of fields are those of the TFLite schema (schema.fbs), counted from 0.
"""

from __future__ import annotations

from struct import unpack_from
from typing import NamedTuple

TYPES = {
    0: "ADD", 1: "AVERAGE_POOL_2D", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 6: "DEQUANTIZE",
    9: "FULLY_CONNECTED", 14: "LOGISTIC", 17: "MAX_POOL_2D", 18: "MUL", 19: "RELU", 21: "RELU6", 22: "RESHAPE",
    23: "RESIZE_BILINEAR", 25: "SOFTMAX", 28: "TANH", 34: "PAD", 40: "MEAN", 41: "SUB", 54: "PRELU", 55: "MAXIMUM",
    57: "MINIMUM", 67: "TRANSPOSE_CONV", 97: "RESIZE_NEAREST_NEIGHBOR", 98: "LEAKY_RELU", 114: "QUANTIZE",
    117: "HARD_SWISH",
}  # fmt: skip
ELEMENTS = {0: "float32", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8", 17: "int4"}
BITS = {"float32": 32, "int32": 32, "int64": 64, "int16": 16, "int4": 4}
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


class Tensor(NamedTuple):
    """A tensor; `is_constant` if the file stores its values."""

    number: int
    shape: tuple[int, ...]
    element: str
    is_constant: bool

    @property
    def size(self) -> int:
        """Its bytes."""
        bits = BITS.get(self.element, 8)
        for side in self.shape:
            bits *= side
        return (bits + 7) // 8


class Operator(NamedTuple):
    """An operator with its tensors; of the options only those that windows have."""

    type: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    padding: str = ""
    stride: tuple[int, int] = (1, 1)
    kernel: tuple[int, int] = (1, 1)

    @property
    def activations(self) -> tuple[Tensor, ...]:
        """What it reads and writes at run time."""
        return (*(tensor for tensor in self.inputs if not tensor.is_constant), *self.outputs)

    @property
    def weights(self) -> int:
        """The bytes of its weights, without a bias."""
        return self.inputs[1].size if self.type in WEIGHTED else 0

    @property
    def ifm(self) -> tuple[int, int, int, int]:
        """Batch, height, width and channels of the input feature map."""
        shape = self.inputs[2 if self.type == "TRANSPOSE_CONV" else 0].shape
        batch, height, width, channels = (*(1,) * (4 - len(shape)), *shape)[-4:]
        return batch, height, width, channels


Graph = list[Operator]


class _Table:
    def __init__(self, data: bytes, position: int) -> None:
        self.data, self.position = data, position
        self.vtable = position - unpack_from("<i", data, position)[0]

    def place(self, field: int) -> int:
        slot = 4 + 2 * field
        if slot >= unpack_from("<H", self.data, self.vtable)[0]:
            return 0
        offset: int = unpack_from("<H", self.data, self.vtable + slot)[0]
        return offset and self.position + offset

    def number(self, field: int, form: str, default: int = 0) -> int:
        place = self.place(field)
        return unpack_from(form, self.data, place)[0] if place else default

    def vector(self, field: int) -> tuple[int, int]:
        """Return where the elements start, and their number."""
        place = self.place(field)
        if not place:
            return 0, 0
        start = place + unpack_from("<I", self.data, place)[0]
        return start + 4, unpack_from("<I", self.data, start)[0]

    def integers(self, field: int) -> tuple[int, ...]:
        start, count = self.vector(field)
        return unpack_from(f"<{count}i", self.data, start)

    def tables(self, field: int) -> list[_Table]:
        start, count = self.vector(field)
        places = range(start, start + 4 * count, 4)
        return [_Table(self.data, place + unpack_from("<I", self.data, place)[0]) for place in places]

    def table(self, field: int) -> _Table | None:
        place = self.place(field)
        return _Table(self.data, place + unpack_from("<I", self.data, place)[0]) if place else None


def read_graph(data: bytes) -> Graph:
    """Return the operators of the first subgraph."""
    model = _Table(data, unpack_from("<I", data, 0)[0])
    codes = [max(code.number(0, "<b"), code.number(3, "<i")) for code in model.tables(1)]
    stored = [buffer.vector(0)[1] > 0 for buffer in model.tables(4)]
    subgraph = model.tables(2)[0]
    tensors = [
        Tensor(index, table.integers(0), ELEMENTS.get(table.number(1, "<b"), "other"), stored[table.number(2, "<I")])
        for index, table in enumerate(subgraph.tables(0))
    ]
    return [_operator(table, codes[table.number(0, "<I")], tensors) for table in subgraph.tables(3)]


def _operator(table: _Table, code: int, tensors: list[Tensor]) -> Operator:
    kind = TYPES.get(code, f"TYPE_{code}")
    inputs = tuple(tensors[index] for index in table.integers(1) if index >= 0)
    outputs = tuple(tensors[index] for index in table.integers(2))
    options = table.table(4)
    if options is None or kind not in (*WEIGHTED, "AVERAGE_POOL_2D", "MAX_POOL_2D") or kind == "FULLY_CONNECTED":
        return Operator(kind, inputs, outputs)
    padding = "VALID" if options.number(0, "<b") else "SAME"
    stride = options.number(2, "<i", 1), options.number(1, "<i", 1)
    if kind.endswith("POOL_2D"):
        kernel = options.number(4, "<i"), options.number(3, "<i")
    else:
        kernel = inputs[1].shape[1], inputs[1].shape[2]
    return Operator(kind, inputs, outputs, padding, stride, kernel)
