"""`.tflite` bytes to a model.

The file is untrusted. Every vector is charged against a budget that the file's size sets, so a small file whose
tables point at each other cannot make the reader slow or large; whatever the flatbuffer accessors raise on
damaged bytes becomes one ModelError that says where.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from npufit.errors import InputError, ModelError, Place
from npufit.graph import (
    CUSTOM,
    NO_BUFFER,
    BlockwiseQuantization,
    Buffer,
    CustomQuantization,
    ElementType,
    ExternalData,
    Metadata,
    Model,
    Operator,
    Options,
    OptionValue,
    OtherOptions,
    Quantization,
    Signature,
    SparseDimension,
    Sparsity,
    Subgraph,
    Tensor,
    VariantTensor,
    infer_shapes,
    validate,
)
from npufit.tflite.names import (
    OPTION_CLASSES,
    element_types,
    operator_types,
    option_fields,
    schema,
    snake_case,
)

_DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    KeyError,
    MemoryError,
)
_IDENTIFIER = b"TFL3"
_TABLE_COST = 16
_MAX_TABLES = 1_000_000


def read_model(path: str | Path) -> Model:
    """Return the model in the file at `path`.

    Raises InputError where there is no readable regular file, ModelError where its content is not a sound model.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(
                f"{path}: is a directory. Give a .tflite file, or zoo:NAME for a built-in network."
            )
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is not a regular file. Give a .tflite file.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file. Give a .tflite file, or zoo:NAME for a built-in network (see `npufit zoo`)."
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{str(path)!r}: cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from None
    return parse_model(data, path.name)


def parse_model(data: bytes, name: str) -> Model:
    """Return the model in `data`; `name` is what messages call it. Raises ModelError."""
    if not data:
        raise ModelError(name, "the file is empty", hint="Expected a .tflite flatbuffer")
    if len(data) < 16 or data[4:8] != _IDENTIFIER:
        found = data[4:8].decode("ascii", "backslashreplace")
        raise ModelError(
            name,
            f"this is not a TFLite model: bytes 4 to 8 are {found!r} where {_IDENTIFIER.decode()!r} is expected",
            hint=_guess(data),
        )
    reader = _Reader(data, name)
    try:
        model = reader.model()
    except ModelError:
        raise
    except _DAMAGE as error:
        raise ModelError(
            name,
            f"the flatbuffer is damaged or cut off ({len(data)} bytes, while reading {reader.reading}: {error})",
            reader.place,
            "Compare its size with the original, or write it again",
        ) from None
    validate(model)
    return model


def _guess(data: bytes) -> str:
    if data[:4] == b"PK\x03\x04":
        return "It looks like a zip file: unpack it and give the .tflite inside"
    if data[:1] == b"\x08":
        return "It may be an ONNX or TensorFlow protobuf: convert it to TFLite first"
    if data[:8] == b"\x89HDF\r\n\x1a\n":
        return "It is a Keras HDF5 file: convert it to TFLite first"
    return "Give a file that TFLiteConverter or another tool wrote as .tflite"


class _Reader:
    """One pass over the flatbuffer; `reading` and `place` say how far it came, for error messages."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.reading = "the root table"
        self.place = Place()
        self._budget = len(data) + 4096
        self._tables = _MAX_TABLES
        self._buffers: list[Buffer] = []
        self._codes: list[tuple[str, str | None, int]] = []
        self._external: dict[int, ExternalData] = {}

    def model(self) -> Model:
        root = schema().Model.GetRootAs(self.data, 0)
        description = self._text(root.Description())
        self.reading = "the operator codes"
        self._codes = [self._operator_code(code) for code in self._tables_of(root, "OperatorCodes")]
        self.reading = "the buffers"
        self._buffers = [
            self._buffer(index, buffer) for index, buffer in enumerate(self._tables_of(root, "Buffers"))
        ]
        self.reading = "the external buffers"
        groups = tuple(
            self._text(group.Name()) or "" for group in self._tables_of(root, "ExternalBufferGroups")
        )
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
        self.reading = "the signatures"
        signatures = tuple(self._signature(entry) for entry in self._tables_of(root, "SignatureDefs"))
        return Model(
            name=self.name,
            subgraphs=subgraphs,
            description=description,
            version=root.Version(),
            metadata=metadata,
            metadata_buffers=tuple(
                self._buffer_at(index) for index in self._integers(root, "MetadataBuffer")
            ),
            signatures=signatures,
            external_groups=groups,
        )

    def _spend(self, cost: int) -> None:
        self._budget -= cost
        if self._budget < 0:
            raise ModelError(
                self.name,
                f"the tables in {self.reading} claim more content than the file's {len(self.data)} bytes can hold",
                self.place,
                "The file is damaged or hostile",
            )

    def _tables_of(self, table: Any, field: str) -> list[Any]:
        """Return the tables of a vector, after charging them."""
        count: int = getattr(table, field + "Length")()
        self._spend(count * _TABLE_COST)
        self._tables -= count
        if self._tables < 0:
            raise ModelError(self.name, f"more than {_MAX_TABLES} tables", self.place, "The file is hostile")
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
        return bytes(raw).decode("utf-8", "surrogateescape")

    def _operator_code(self, code: Any) -> tuple[str, str | None, int]:
        # Old files have the code in the 8-bit field alone; files with newer operators have 127 there.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = operator_types().get(number)
        if name is None:
            raise ModelError(
                self.name,
                f"unknown builtin operator code {number}",
                hint="The file is damaged, or newer than the TFLite schema that npufit was installed with",
            )
        return name, self._text(code.CustomCode()), code.Version()

    def _buffer(self, index: int, buffer: Any) -> Buffer:
        offset, size = buffer.Offset(), buffer.Size()
        if offset > 1 and size > 0:
            if offset + size > len(self.data):
                raise ModelError(
                    self.name,
                    f"buffer {index} lies at bytes {offset} to {offset + size} of a file of {len(self.data)}",
                    hint="The file is cut off",
                )
            return Buffer(memoryview(self.data)[offset : offset + size], external=True)
        if not buffer.DataLength():
            return Buffer()
        return Buffer(memoryview(buffer.DataAsNumpy()))

    def _buffer_at(self, index: int) -> Buffer:
        if index == 0:
            return NO_BUFFER
        if index >= len(self._buffers):
            raise ModelError(
                self.name, f"buffer index {index} is outside 0..{len(self._buffers) - 1}", self.place
            )
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
        return infer_shapes(
            Subgraph(
                tensors=tuple(tensors),
                inputs=self._integers(graph, "Inputs"),
                outputs=self._integers(graph, "Outputs"),
                operators=tuple(operators),
                name=name,
                debug_metadata=graph.DebugMetadataIndex(),
            )
        )

    def _tensor(self, number: int, index: int, tensor: Any) -> Tensor:
        name = self._text(tensor.Name()) or ""
        self.place = Place(subgraph=number, tensor=index, tensor_name=name)
        element = self._element(tensor.Type())
        external = tensor.ExternalBuffer()
        return Tensor(
            name=name,
            shape=self._optional_integers(tensor, "Shape"),
            element=element,
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
            external_data=self._external.get(external) if external else None,
        )

    def _element(self, code: int) -> ElementType:
        element = element_types().get(code)
        if element is None:
            raise ModelError(
                self.name, f"unknown element type code {code}", self.place, "The file is damaged"
            )
        return element

    def _quantization(self, table: Any) -> Quantization:
        if table is None:
            return _NOT_QUANTIZED
        details = None
        kind = table.DetailsType()
        if kind == schema().QuantizationDetails.CustomQuantization:
            entry = _union(schema().CustomQuantization, table.Details())
            details = CustomQuantization(bytes(self._integers(entry, "Custom")))
        elif kind == schema().QuantizationDetails.BlockwiseQuantization:
            entry = _union(schema().BlockwiseQuantization, table.Details())
            details = BlockwiseQuantization(
                entry.Scales(), entry.ZeroPoints(), entry.BlockSize(), self._integers(entry, "BlockShape")
            )
        elif kind:
            raise ModelError(
                self.name,
                f"quantization details of kind {kind} cannot be kept",
                self.place,
                "Tell us where the file comes from: npufit has seen no file with them",
            )
        return Quantization(
            scales=self._floats(table, "Scale"),
            zero_points=self._integers(table, "ZeroPoint"),
            axis=table.QuantizedDimension(),
            minimum=self._floats(table, "Min"),
            maximum=self._floats(table, "Max"),
            details=details,
        )

    def _sparsity(self, table: Any) -> Sparsity | None:
        if table is None:
            return None
        return Sparsity(
            traversal_order=self._integers(table, "TraversalOrder"),
            block_map=self._integers(table, "BlockMap"),
            dimensions=tuple(
                SparseDimension(
                    is_sparse=bool(level.Format()),
                    dense_size=level.DenseSize(),
                    segments_type=level.ArraySegmentsType(),
                    segments=self._index_vector(level.ArraySegmentsType(), level.ArraySegments()),
                    indices_type=level.ArrayIndicesType(),
                    indices=self._index_vector(level.ArrayIndicesType(), level.ArrayIndices()),
                )
                for level in self._tables_of(table, "DimMetadata")
            ),
        )

    def _index_vector(self, kind: int, table: Any) -> tuple[int, ...]:
        if table is None or not kind:
            return ()
        vectors = (None, schema().Int32Vector, schema().Uint16Vector, schema().Uint8Vector)
        return self._integers(_union(vectors[kind], table), "Values")

    def _signature(self, entry: Any) -> Signature:
        return Signature(
            key=self._text(entry.SignatureKey()) or "",
            subgraph=entry.SubgraphIndex(),
            inputs=tuple(
                (self._text(m.Name()) or "", m.TensorIndex()) for m in self._tables_of(entry, "Inputs")
            ),
            outputs=tuple(
                (self._text(m.Name()) or "", m.TensorIndex()) for m in self._tables_of(entry, "Outputs")
            ),
        )

    def _operator(self, number: int, index: int, operator: Any) -> Operator:
        code = operator.OpcodeIndex()
        if code >= len(self._codes):
            raise ModelError(
                self.name, f"operator code index {code} is outside 0..{len(self._codes) - 1}", self.place
            )
        kind, custom_code, version = self._codes[code]
        self.place = Place(subgraph=number, operator=index, operator_type=custom_code or kind)
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
                raise ModelError(
                    self.name, f"custom options end at byte {offset + size} of {len(self.data)}", self.place
                )
            self._spend(size)
            return self.data[offset : offset + size], True
        if operator.CustomOptionsIsNone():
            return None, False
        self._spend(operator.CustomOptionsLength())
        return bytes(operator.CustomOptionsAsNumpy()) if operator.CustomOptionsLength() else b"", False

    def _options(self, operator: Any) -> Options | None:
        first, second = operator.BuiltinOptionsType(), operator.BuiltinOptions2Type()
        if first:
            found = schema().BuiltinOptionsCreator(first, operator.BuiltinOptions())
        elif second:
            found = schema().BuiltinOptions2Creator(second, operator.BuiltinOptions2())
        else:
            return None
        if found is None:
            raise ModelError(
                self.name, f"unknown options type {first or second}", self.place, "The file is damaged"
            )
        table = type(found).__name__.removesuffix("T")
        typed = OPTION_CLASSES.get(table)
        if typed is None:
            fields = tuple((snake_case(key), self._option_value(value)) for key, value in vars(found).items())
            return OtherOptions(table, fields)
        values: list[Any] = []
        for name, key, enum in option_fields(typed):
            value = self._option_value(getattr(found, key))
            if enum is not None and value not in enum.__members__.values():
                raise ModelError(self.name, f"unknown {name} {value!r}", self.place, "The file is damaged")
            values.append(enum(value) if enum is not None else value)
        return typed(*values)

    def _option_value(self, value: Any) -> OptionValue:
        if value is None or isinstance(value, (int, float, bool, bytes)):
            return value
        self._spend(len(value))
        items = value.tolist() if hasattr(value, "tolist") else list(value)
        return tuple(items)


_NOT_QUANTIZED = Quantization()


def _union(kind: Any, table: Any) -> Any:
    entry = kind()
    entry.Init(table.Bytes, table.Pos)
    return entry
