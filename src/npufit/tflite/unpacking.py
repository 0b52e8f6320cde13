"""The schema's tables to the graph, field by field.

The file is untrusted. Every vector and string is charged against a budget that the file's size sets, so a small file
whose tables point at each other cannot make the reader slow or large.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, cast

from npufit.errors import ModelError, Place
from npufit.formatting import shorten
from npufit.graph import (
    CUSTOM,
    NO_BUFFER,
    NOT_QUANTIZED,
    BlockwiseQuantization,
    Buffer,
    CustomQuantization,
    ElementType,
    ExternalData,
    Metadata,
    Model,
    MultiAxisQuantization,
    Operator,
    Options,
    Quantization,
    QuantizationDetails,
    Signature,
    SparseDimension,
    Sparsity,
    Subgraph,
    Tensor,
    VariantTensor,
)
from npufit.tflite.names import element_types, operator_types, schema
from npufit.tflite.options import unpack_options

_DAMAGED = "The file is damaged or was written by a broken tool"
_TABLE_COST = 16
_MAX_TABLES = 1_000_000
_MAX_FLATBUFFER_BYTES = 1 << 31


class _CheckedBytes(bytes):
    """Bytes whose slices must lie inside: the accessors slice strings, which would shorten them silently."""

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, int) and key.stop > len(self):
            raise IndexError(f"a string ends at byte {key.stop} of {len(self)}")
        return super().__getitem__(key)


class Unpacker:
    """One pass over the flatbuffer; `reading` and `place` say how far it came, for error messages."""

    def __init__(self, data: bytes, name: str) -> None:
        """Prepare to unpack `data`; `name` is what messages call the model."""
        self.data = data
        self.name = name
        self.reading = "the root table"
        self.place = Place()
        self._budget = len(data) + 4096
        self._tables = _MAX_TABLES
        self._buffers: list[Buffer] = []
        self._codes: list[tuple[int, str | None, int]] = []
        self._external: dict[int, ExternalData] = {}

    def model(self) -> Model:
        """Return the model, not validated. Raises ModelError, or what the accessors raise on damaged bytes."""
        root = schema().Model.GetRootAs(_CheckedBytes(self.data[:_MAX_FLATBUFFER_BYTES]), 0)
        description = self._text(root.Description())
        self.reading = "the operator codes"
        self._codes = [
            # Old files have the code in the 8-bit field alone; files with newer operators have 127 there.
            (max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), self._text(code.CustomCode()), code.Version())
            for code in self._tables_of(root, "OperatorCodes")
        ]
        self.reading = "the buffers"
        self._buffers = [self._buffer(index, buffer) for index, buffer in enumerate(self._tables_of(root, "Buffers"))]
        self.reading = "the external buffers"
        groups = tuple(self._text(group.Name()) or "" for group in self._tables_of(root, "ExternalBufferGroups"))
        self._external = {
            entry.Id(): ExternalData(
                entry.Id(), entry.Group(), entry.Offset(), entry.Length(), self._text(entry.Packing())
            )
            for entry in self._tables_of(root, "ExternalBuffers")
        }
        self.reading = "the subgraphs"
        subgraphs = tuple(
            self._subgraph(number, graph) for number, graph in enumerate(self._tables_of(root, "Subgraphs"))
        )
        self.place = Place()
        self.reading = "the metadata"
        metadata = tuple(
            Metadata(self._text(entry.Name()) or "", self._buffer_at(entry.Buffer()))
            for entry in self._tables_of(root, "Metadata")
        )
        metadata_buffers = tuple(self._buffer_at(index) for index in self._integers(root, "MetadataBuffer"))
        self.reading = "the signatures"
        signatures = tuple(self._signature(entry) for entry in self._tables_of(root, "SignatureDefs"))
        return Model(
            name=self.name,
            subgraphs=subgraphs,
            description=description,
            version=root.Version(),
            metadata=metadata,
            metadata_buffers=metadata_buffers,
            signatures=signatures,
            external_groups=groups,
        )

    def _fail(self, problem: str, hint: str = _DAMAGED) -> NoReturn:
        raise ModelError(self.name, problem, self.place, hint)

    def _spend(self, cost: int) -> None:
        self._budget -= cost
        if self._budget < 0:
            self._fail(
                f"the tables in {self.reading} claim more content than the file's {len(self.data)} bytes can hold",
                "The file is damaged or hostile",
            )

    def _tables_of(self, table: Any, field: str) -> list[Any]:
        """Return the tables of a vector, after charging them."""
        count: int = getattr(table, field + "Length")()
        if not count:
            return []
        self._spend(count * _TABLE_COST)
        self._tables -= count
        if self._tables < 0:
            self._fail(f"more than {_MAX_TABLES} tables", "The file is damaged or hostile")
        element: Callable[[int], Any] = getattr(table, field)
        return [element(index) for index in range(count)]

    def _integers(self, table: Any, field: str) -> tuple[int, ...]:
        """Return a vector of numbers, empty where the file has none."""
        count: int = getattr(table, field + "Length")()
        if not count:
            return ()
        self._spend(count)
        return tuple(getattr(table, field + "AsNumpy")().tolist())

    def _floats(self, table: Any, field: str) -> tuple[float, ...]:
        return cast("tuple[float, ...]", self._integers(table, field))

    def _optional_integers(self, table: Any, field: str) -> tuple[int, ...] | None:
        return None if getattr(table, field + "IsNone")() else self._integers(table, field)

    def _text(self, raw: bytes | None) -> str | None:
        if raw is None:
            return None
        self._spend(len(raw))
        return raw.decode("utf-8", "surrogateescape")

    def _buffer(self, index: int, buffer: Any) -> Buffer:
        length: int = buffer.DataLength()
        if length:
            self._spend(length)
            return Buffer(memoryview(buffer.DataAsNumpy()))
        offset, size = buffer.Offset(), buffer.Size()
        if not buffer.DataIsNone():
            return Buffer(stored_empty=True)
        if offset <= 1 or not size:
            return Buffer()
        if offset + size > len(self.data):
            self._fail(
                f"buffer {index} lies at bytes {offset} to {offset + size} of a file of {len(self.data)}",
                "The file is cut off: compare its size with the original",
            )
        self._spend(size)
        return Buffer(memoryview(self.data)[offset : offset + size], external=True)

    def _buffer_at(self, index: int) -> Buffer:
        if index == 0:
            return NO_BUFFER
        if not 0 < index < len(self._buffers):
            self._fail(f"buffer index {index} is outside 0..{len(self._buffers) - 1}")
        return self._buffers[index]

    def _subgraph(self, number: int, graph: Any) -> Subgraph:
        self.place = Place(subgraph=number)
        name = self._text(graph.Name())
        tensors: list[Tensor] = []
        for index, tensor in enumerate(self._tables_of(graph, "Tensors")):
            self.place = Place(subgraph=number, tensor=index)
            tensors.append(self._tensor(number, index, tensor))
        operators: list[Operator] = []
        for index, operator in enumerate(self._tables_of(graph, "Operators")):
            self.place = Place(subgraph=number, operator=index)
            operators.append(self._operator(number, index, operator))
        self.place = Place(subgraph=number)
        return Subgraph(
            tensors=tuple(tensors),
            inputs=self._integers(graph, "Inputs"),
            outputs=self._integers(graph, "Outputs"),
            operators=tuple(operators),
            name=name,
            debug_metadata=graph.DebugMetadataIndex(),
        )

    def _tensor(self, number: int, index: int, tensor: Any) -> Tensor:
        name = self._text(tensor.Name()) or ""
        self.place = Place(subgraph=number, tensor=index, tensor_name=shorten(name))
        return Tensor(
            name=name,
            shape=self._optional_integers(tensor, "Shape"),
            element=self._element(tensor.Type()),
            quantization=self._quantization(tensor.Quantization()),
            buffer=self._buffer_at(tensor.Buffer()),
            is_variable=tensor.IsVariable(),
            shape_signature=self._optional_integers(tensor, "ShapeSignature"),
            has_rank=tensor.HasRank(),
            sparsity=self._sparsity(tensor.Sparsity()),
            variant_tensors=tuple(
                VariantTensor(self._integers(entry, "Shape"), self._element(entry.Type()), entry.HasRank())
                for entry in self._tables_of(tensor, "VariantTensors")
            ),
            external_data=self._external_data(tensor.ExternalBuffer()),
        )

    def _element(self, code: int) -> ElementType:
        element = element_types().get(code)
        if element is None:
            self._fail(f"unknown element type code {code}")
        return element

    def _external_data(self, number: int) -> ExternalData | None:
        if number and number not in self._external:
            self._fail(f"the external buffer {number} is not in the file's list")
        return self._external[number] if number else None

    def _quantization(self, table: Any) -> Quantization:
        if table is None:
            return NOT_QUANTIZED
        return Quantization(
            scales=self._floats(table, "Scale"),
            zero_points=self._integers(table, "ZeroPoint"),
            axis=table.QuantizedDimension(),
            minimum=self._floats(table, "Min"),
            maximum=self._floats(table, "Max"),
            details=self._quantization_details(table),
        )

    def _quantization_details(self, table: Any) -> QuantizationDetails | None:
        kind, content = table.DetailsType(), table.Details()
        if not kind or content is None:
            return None
        kinds = schema().QuantizationDetails
        if kind == kinds.CustomQuantization:
            custom = _union(schema().CustomQuantization, content)
            return CustomQuantization(bytes(self._integers(custom, "Custom")))
        if kind == kinds.BlockwiseQuantization:
            block = _union(schema().BlockwiseQuantization, content)
            return BlockwiseQuantization(
                block.Scales(), block.ZeroPoints(), block.BlockSize(), self._integers(block, "BlockShape")
            )
        if kind != getattr(kinds, "MultiAxisQuantization", None):
            self._fail(f"unknown kind {kind} of quantization details")
        axes = _union(schema().MultiAxisQuantization, content)
        return MultiAxisQuantization(
            axes.Scales(), axes.ZeroPoints(), axes.BlockSize(), self._integers(axes, "QuantizedDimensions")
        )

    def _sparsity(self, table: Any) -> Sparsity | None:
        if table is None:
            return None
        return Sparsity(
            traversal_order=self._integers(table, "TraversalOrder"),
            block_map=self._integers(table, "BlockMap"),
            dimensions=tuple(self._sparse_dimension(level) for level in self._tables_of(table, "DimMetadata")),
        )

    def _sparse_dimension(self, level: Any) -> SparseDimension:
        layout = level.Format()
        if layout not in (0, 1):
            self._fail(f"unknown format {layout} of a sparse dimension")
        return SparseDimension(
            bool(layout),
            level.DenseSize(),
            *self._index_vector(level.ArraySegmentsType(), level.ArraySegments()),
            *self._index_vector(level.ArrayIndicesType(), level.ArrayIndices()),
        )

    def _index_vector(self, kind: int, table: Any) -> tuple[int, tuple[int, ...]]:
        if table is None or not kind:
            return 0, ()
        vectors = {1: "Int32Vector", 2: "Uint16Vector", 3: "Uint8Vector"}
        if kind not in vectors:
            self._fail(f"unknown type {kind} of a sparse index vector")
        return kind, self._integers(_union(getattr(schema(), vectors[kind]), table), "Values")

    def _signature(self, entry: Any) -> Signature:
        return Signature(
            key=self._text(entry.SignatureKey()) or "",
            subgraph=entry.SubgraphIndex(),
            inputs=tuple((self._text(m.Name()) or "", m.TensorIndex()) for m in self._tables_of(entry, "Inputs")),
            outputs=tuple((self._text(m.Name()) or "", m.TensorIndex()) for m in self._tables_of(entry, "Outputs")),
        )

    def _operator(self, number: int, index: int, operator: Any) -> Operator:
        code: int = operator.OpcodeIndex()
        if code >= len(self._codes):
            self._fail(f"operator code index {code} is outside 0..{len(self._codes) - 1}")
        builtin, custom_code, version = self._codes[code]
        kind = operator_types().get(builtin)
        if kind is None:
            self._fail(
                f"unknown builtin operator code {builtin}",
                "The file is damaged, or newer than the TFLite schema that npufit was installed with",
            )
        self.place = Place(subgraph=number, operator=index, operator_type=shorten(custom_code or kind))
        custom_options, external = self._custom_options(operator)
        return Operator(
            type=kind,
            inputs=self._integers(operator, "Inputs"),
            outputs=self._integers(operator, "Outputs"),
            options=self._options(operator),
            version=version,
            custom_code=custom_code if kind == CUSTOM or custom_code else None,
            custom_options=custom_options,
            custom_options_external=external,
            intermediates=self._integers(operator, "Intermediates"),
            mutating_variable_inputs=tuple(map(bool, self._integers(operator, "MutatingVariableInputs"))),
            debug_metadata=operator.DebugMetadataIndex(),
        )

    def _custom_options(self, operator: Any) -> tuple[bytes | None, bool]:
        offset, size = operator.LargeCustomOptionsOffset(), operator.LargeCustomOptionsSize()
        if offset > 1 and size:
            if offset + size > len(self.data):
                self._fail(
                    f"the custom options lie at bytes {offset} to {offset + size} of a file of {len(self.data)}",
                    "The file is cut off: compare its size with the original",
                )
            self._spend(size)
            return self.data[offset : offset + size], True
        if operator.CustomOptionsIsNone():
            return None, False
        self._spend(operator.CustomOptionsLength())
        return bytes(operator.CustomOptionsAsNumpy()) if operator.CustomOptionsLength() else b"", False

    def _options(self, operator: Any) -> Options | None:
        # A type without a table is what LiteRT takes for no options.
        first, second = operator.BuiltinOptionsType(), operator.BuiltinOptions2Type()
        table = operator.BuiltinOptions() if first else None
        table_2 = operator.BuiltinOptions2() if second else None
        if table is not None and table_2 is not None:
            self._fail("the operator has two tables of options")
        try:
            if table is not None:
                return unpack_options(1, first, table, self._spend)
            return None if table_2 is None else unpack_options(2, second, table_2, self._spend)
        except ValueError as error:
            self._fail(f"its options cannot be read: {error}")


def _union(kind: Any, table: Any) -> Any:
    entry = kind()
    entry.Init(table.Bytes, table.Pos)
    return entry
