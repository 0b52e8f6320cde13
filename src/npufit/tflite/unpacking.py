"""The schema's tables to the graph, field by field.

The file is untrusted. Every vector and string is charged against a budget based on the file's size, so a small file
whose tables point at each other cannot make the reader slow or use much memory.
"""

from __future__ import annotations

from typing import NoReturn, cast

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
from npufit.tflite.flatbuffer import Table, root_table, schema
from npufit.tflite.names import element_types, operator_types
from npufit.tflite.options import UNIONS, unpack_options

_DAMAGED = "The file is damaged or was written by a broken tool"
_TABLE_COST = 16
_MAX_TABLES = 1_000_000
_MAX_FLATBUFFER_BYTES = 1 << 31


class Unpacker:
    """One pass over the flatbuffer; `reading` and `place` record its position for error messages."""

    def __init__(self, data: bytes, name: str) -> None:
        """Prepare to unpack `data`; `name` is the model's name in messages."""
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
        """Return the unvalidated model. Raises ModelError, or the accessors' exceptions on damaged bytes."""
        root = root_table(self.data[:_MAX_FLATBUFFER_BYTES], "Model")
        description = self._text(root.text("description"))
        self.reading = "the operator codes"
        self._codes = [
            # Old files have the code in the 8-bit field alone; files with newer operators have 127 there.
            (
                max(code.number("builtin_code"), code.number("deprecated_builtin_code")),
                self._text(code.text("custom_code")),
                code.number("version"),
            )
            for code in self._tables_of(root, "operator_codes")
        ]
        self.reading = "the buffers"
        self._buffers = [self._buffer(index, buffer) for index, buffer in enumerate(self._tables_of(root, "buffers"))]
        self.reading = "the external buffers"
        groups = self._tables_of(root, "external_buffer_groups")
        group_names = tuple(self._text(group.text("name")) or "" for group in groups)
        self._external = {
            entry.number("id"): ExternalData(
                *(entry.number(field) for field in ("id", "group", "offset", "length")),
                packing=self._text(entry.text("packing")),
            )
            for entry in self._tables_of(root, "external_buffers")
        }
        self.reading = "the subgraphs"
        subgraphs = tuple(
            self._subgraph(number, graph) for number, graph in enumerate(self._tables_of(root, "subgraphs"))
        )
        self.place = Place()
        self.reading = "the metadata"
        metadata = tuple(
            Metadata(self._text(entry.text("name")) or "", self._buffer_at(entry.number("buffer")))
            for entry in self._tables_of(root, "metadata")
        )
        metadata_buffers = tuple(self._buffer_at(index) for index in self._integers(root, "metadata_buffer"))
        self.reading = "the signatures"
        signatures = tuple(self._signature(entry) for entry in self._tables_of(root, "signature_defs"))
        return Model(
            name=self.name,
            subgraphs=subgraphs,
            description=description,
            version=root.number("version"),
            metadata=metadata,
            metadata_buffers=metadata_buffers,
            signatures=signatures,
            external_groups=group_names,
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

    def _tables_of(self, table: Table, field: str) -> list[Table]:
        """Return the tables of a vector, after charging them."""
        count = table.length(field)
        if not count:
            return []
        self._spend(count * _TABLE_COST)
        self._tables -= count
        if self._tables < 0:
            self._fail(f"more than {_MAX_TABLES} tables", "The file is damaged or hostile")
        return table.tables(field)

    def _integers(self, table: Table, field: str) -> tuple[int, ...]:
        """Return a vector of numbers, empty if the file has none."""
        self._spend(table.length(field))
        return table.numbers(field)

    def _floats(self, table: Table, field: str) -> tuple[float, ...]:
        return cast("tuple[float, ...]", self._integers(table, field))

    def _optional_integers(self, table: Table, field: str) -> tuple[int, ...] | None:
        return self._integers(table, field) if table.has(field) else None

    def _text(self, raw: bytes | None) -> str | None:
        if raw is None:
            return None
        self._spend(len(raw))
        return raw.decode("utf-8", "surrogateescape")

    def _buffer(self, index: int, buffer: Table) -> Buffer:
        length = buffer.length("data")
        if length:
            self._spend(length)
            return Buffer(buffer.content("data"))
        offset, size = buffer.number("offset"), buffer.number("size")
        if buffer.has("data"):
            return Buffer(stored_empty=True)
        if offset <= 1 or not size:
            return Buffer()
        if offset + size > len(self.data):
            self._fail(
                f"buffer {index} is at bytes {offset} to {offset + size}, but the file has {len(self.data)}",
                "The file is truncated: compare its size with the original",
            )
        self._spend(size)
        return Buffer(memoryview(self.data)[offset : offset + size], external=True)

    def _buffer_at(self, index: int) -> Buffer:
        if index == 0:
            return NO_BUFFER
        if not 0 < index < len(self._buffers):
            self._fail(f"buffer index {index} is outside 0..{len(self._buffers) - 1}")
        return self._buffers[index]

    def _subgraph(self, number: int, graph: Table) -> Subgraph:
        self.place = Place(subgraph=number)
        name = self._text(graph.text("name"))
        tensors: list[Tensor] = []
        for index, tensor in enumerate(self._tables_of(graph, "tensors")):
            self.place = Place(subgraph=number, tensor=index)
            tensors.append(self._tensor(number, index, tensor))
        operators: list[Operator] = []
        for index, operator in enumerate(self._tables_of(graph, "operators")):
            self.place = Place(subgraph=number, operator=index)
            operators.append(self._operator(number, index, operator))
        self.place = Place(subgraph=number)
        return Subgraph(
            tensors=tuple(tensors),
            inputs=self._integers(graph, "inputs"),
            outputs=self._integers(graph, "outputs"),
            operators=tuple(operators),
            name=name,
            debug_metadata=graph.number("debug_metadata_index"),
        )

    def _tensor(self, number: int, index: int, tensor: Table) -> Tensor:
        name = self._text(tensor.text("name")) or ""
        self.place = Place(subgraph=number, tensor=index, tensor_name=shorten(name))
        return Tensor(
            name=name,
            shape=self._optional_integers(tensor, "shape"),
            element=self._element(tensor.number("type")),
            quantization=self._quantization(tensor.table("quantization")),
            buffer=self._buffer_at(tensor.number("buffer")),
            is_variable=tensor.number("is_variable"),
            shape_signature=self._optional_integers(tensor, "shape_signature"),
            has_rank=tensor.number("has_rank"),
            sparsity=self._sparsity(tensor.table("sparsity")),
            variant_tensors=tuple(
                VariantTensor(
                    self._integers(entry, "shape"), self._element(entry.number("type")), entry.number("has_rank")
                )
                for entry in self._tables_of(tensor, "variant_tensors")
            ),
            external_data=self._external_data(tensor.number("external_buffer")),
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

    def _quantization(self, table: Table | None) -> Quantization:
        if table is None:
            return NOT_QUANTIZED
        return Quantization(
            scales=self._floats(table, "scale"),
            zero_points=self._integers(table, "zero_point"),
            axis=table.number("quantized_dimension"),
            minimum=self._floats(table, "min"),
            maximum=self._floats(table, "max"),
            details=self._quantization_details(table),
        )

    def _quantization_details(self, table: Table) -> QuantizationDetails | None:
        kind = table.number("details_type")
        if not kind or not table.has("details"):
            return None
        tables, enums = schema()
        name = next((name for name, code in enums["QuantizationDetails"].items() if code == kind), "")
        details = table.union("details", name) if name in tables else None
        if details is None:
            self._fail(f"unknown kind {kind} of quantization details")
        if name == "CustomQuantization":
            return CustomQuantization(bytes(self._integers(details, "custom")))
        scales, zero_points, size = (details.number(field) for field in ("scales", "zero_points", "block_size"))
        if name == "BlockwiseQuantization":
            return BlockwiseQuantization(scales, zero_points, size, self._integers(details, "block_shape"))
        return MultiAxisQuantization(scales, zero_points, size, self._integers(details, "quantized_dimensions"))

    def _sparsity(self, table: Table | None) -> Sparsity | None:
        if table is None:
            return None
        return Sparsity(
            traversal_order=self._integers(table, "traversal_order"),
            block_map=self._integers(table, "block_map"),
            dimensions=tuple(self._sparse_dimension(level) for level in self._tables_of(table, "dim_metadata")),
        )

    def _sparse_dimension(self, level: Table) -> SparseDimension:
        layout = level.number("format")
        if layout not in (0, 1):
            self._fail(f"unknown format {layout} of a sparse dimension")
        return SparseDimension(
            bool(layout),
            level.number("dense_size"),
            *self._index_vector(level, "array_segments"),
            *self._index_vector(level, "array_indices"),
        )

    def _index_vector(self, level: Table, field: str) -> tuple[int, tuple[int, ...]]:
        kind: int = level.number(field + "_type")
        if not kind or not level.has(field):
            return 0, ()
        vectors = {1: "Int32Vector", 2: "Uint16Vector", 3: "Uint8Vector"}
        vector = level.union(field, vectors[kind]) if kind in vectors else None
        if vector is None:
            self._fail(f"unknown type {kind} of a sparse index vector")
        return kind, self._integers(vector, "values")

    def _signature(self, entry: Table) -> Signature:
        return Signature(
            key=self._text(entry.text("signature_key")) or "",
            subgraph=entry.number("subgraph_index"),
            inputs=self._named_tensors(entry, "inputs"),
            outputs=self._named_tensors(entry, "outputs"),
        )

    def _named_tensors(self, entry: Table, field: str) -> tuple[tuple[str, int], ...]:
        entries = self._tables_of(entry, field)
        return tuple((self._text(entry.text("name")) or "", entry.number("tensor_index")) for entry in entries)

    def _operator(self, number: int, index: int, operator: Table) -> Operator:
        code: int = operator.number("opcode_index")
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
            inputs=self._integers(operator, "inputs"),
            outputs=self._integers(operator, "outputs"),
            options=self._options(operator),
            version=version,
            custom_code=custom_code if kind == CUSTOM or custom_code else None,
            custom_options=custom_options,
            custom_options_external=external,
            intermediates=self._integers(operator, "intermediates"),
            mutating_variable_inputs=tuple(map(bool, self._integers(operator, "mutating_variable_inputs"))),
            debug_metadata=operator.number("debug_metadata_index"),
        )

    def _custom_options(self, operator: Table) -> tuple[bytes | None, bool]:
        offset, size = operator.number("large_custom_options_offset"), operator.number("large_custom_options_size")
        if offset > 1 and size:
            if offset + size > len(self.data):
                self._fail(
                    f"the custom options are at bytes {offset} to {offset + size}, but the file has {len(self.data)}",
                    "The file is truncated: compare its size with the original",
                )
            self._spend(size)
            return self.data[offset : offset + size], True
        if not operator.has("custom_options"):
            return None, False
        self._spend(operator.length("custom_options"))
        return bytes(operator.content("custom_options")), False

    def _options(self, operator: Table) -> Options | None:
        # LiteRT treats a type without a table as no options.
        kinds = {union: operator.number(f"{field}_type") for union, field in UNIONS.items() if operator.has(field)}
        stored = [(union, code) for union, code in kinds.items() if code]
        if len(stored) > 1:
            self._fail("the operator has two tables of options")
        try:
            return unpack_options(*stored[0], operator, self._spend) if stored else None
        except ValueError as error:
            self._fail(f"its options cannot be read: {error}")
