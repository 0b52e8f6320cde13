"""A model to `.tflite` bytes: the reverse of the reader, field by field."""

from __future__ import annotations

from typing import Any, cast

from npufit.errors import InternalError
from npufit.graph import (
    NO_BUFFER,
    NOT_QUANTIZED,
    BlockwiseQuantization,
    Buffer,
    CustomQuantization,
    Model,
    MultiAxisQuantization,
    Operator,
    Quantization,
    QuantizationDetails,
    Signature,
    SparseDimension,
    Sparsity,
    Subgraph,
    Tensor,
    VariantTensor,
)
from npufit.tflite.attachments import append_attachments
from npufit.tflite.names import element_codes, operator_codes, schema_classes
from npufit.tflite.options import pack_options

_LAST_8_BIT_CODE = 127
_ALIGNMENT = 16
"""The schema's `force_align` of constants, in bytes; kernels and NPU drivers use constants in place."""

_LARGEST_FLATBUFFER = (1 << 31) - (1 << 27)
"""A flatbuffer is limited to 2 GiB; the margin is for everything but the constants."""


def serialize_model(model: Model, *, most_inside_bytes: int = _LARGEST_FLATBUFFER) -> bytes:
    """Return `model` as the bytes of a `.tflite` file.

    Buffers, operator codes and external parts are renumbered in the order of their use; everything that an interpreter
    sees is kept. Constants of more than `most_inside_bytes` in total are put after the flatbuffer.
    """
    return append_attachments(_flatbuffer_and_tail(_Writer(model, most_inside_bytes)), model.attachments)


def _flatbuffer_and_tail(writer: _Writer) -> bytes:
    packed = writer.pack()
    if not writer.tail:
        return packed
    # The offsets of the external parts depend on the length of the flatbuffer, which does not depend on them.
    writer.place_tail(len(packed))
    again = writer.pack()
    if len(again) != len(packed):
        raise InternalError("the flatbuffer changed its length when the external offsets were filled in")
    parts = [again]
    end = len(again)
    for offset, data in writer.tail_parts():
        parts += [bytes(offset - end), bytes(data)]
        end = offset + len(data)
    return b"".join(parts)


class _Writer:
    """Numbers buffers, operator codes and external parts while converting the graph into schema objects."""

    def __init__(self, model: Model, most_inside_bytes: int) -> None:
        self.model = model
        self._constants_bytes = _constants_bytes(model)
        self._all_external = self._constants_bytes > most_inside_bytes
        self.tail: list[memoryview | bytes] = []
        self._tail_offsets: list[int] = []
        self._start()

    def _start(self) -> None:
        self._buffers: list[Buffer] = [NO_BUFFER]
        self._buffer_index: dict[int, int] = {id(NO_BUFFER): 0}
        self._codes: dict[tuple[str, str | None, int], int] = {}
        self._external: dict[int, Any] = {}
        self.tail = []

    def place_tail(self, start: int) -> None:
        """Give every external part its offset after a flatbuffer of `start` bytes."""
        offsets: list[int] = []
        for part in self.tail:
            start = -(-start // _ALIGNMENT) * _ALIGNMENT
            offsets.append(start)
            start += len(part)
        self._tail_offsets = offsets

    def tail_parts(self) -> list[tuple[int, memoryview | bytes]]:
        """Return the external parts with their offsets in the file."""
        return list(zip(self._tail_offsets, self.tail, strict=True))

    def pack(self) -> bytes:
        """Return the flatbuffer."""
        self._start()
        builder = _builder(65536 + (0 if self._all_external else self._constants_bytes))
        builder.Finish(self._model().Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _external_part(self, data: memoryview | bytes) -> int:
        """Return the offset of an external part; 2 is a placeholder until the flatbuffer's length is known."""
        self.tail.append(data)
        place = len(self.tail) - 1
        return self._tail_offsets[place] if self._tail_offsets else 2

    def _model(self) -> Any:
        source = self.model
        model = schema_classes().ModelT()
        model.version = source.version
        model.description = _bytes(source.description)
        model.subgraphs = [self._subgraph(subgraph) for subgraph in source.subgraphs]
        if source.metadata:
            model.metadata = [self._metadata(entry.name, entry.buffer) for entry in source.metadata]
        if source.metadata_buffers:
            model.metadataBuffer = [self._buffer_at(buffer) for buffer in source.metadata_buffers]
        if source.signatures:
            model.signatureDefs = [self._signature(signature) for signature in source.signatures]
        if source.external_groups:
            model.externalBufferGroups = [self._group(name) for name in source.external_groups]
        if self._external:
            model.externalBuffers = list(self._external.values())
        model.buffers = [self._buffer(buffer) for buffer in self._buffers]
        model.operatorCodes = [self._code(*key) for key in self._codes]
        return model

    def _buffer_at(self, buffer: Buffer) -> int:
        index = self._buffer_index.setdefault(id(buffer), len(self._buffers))
        if index == len(self._buffers):
            self._buffers.append(buffer)
        return index

    def _buffer(self, buffer: Buffer) -> Any:
        if (buffer.external or self._all_external) and len(buffer.data):
            entry = schema_classes().BufferT()
            entry.offset = self._external_part(buffer.data)
            entry.size = len(buffer.data)
            return entry
        return _AlignedBuffer(buffer.data) if len(buffer.data) or buffer.stored_empty else schema_classes().BufferT()

    def _code(self, kind: str, custom_code: str | None, version: int) -> Any:
        code = schema_classes().OperatorCodeT()
        number = operator_codes()[kind]
        code.builtinCode = number
        code.deprecatedBuiltinCode = min(number, _LAST_8_BIT_CODE)
        code.customCode = _bytes(custom_code)
        code.version = version
        return code

    def _metadata(self, name: str, buffer: Buffer) -> Any:
        entry = schema_classes().MetadataT()
        entry.name = _bytes(name)
        entry.buffer = self._buffer_at(buffer)
        return entry

    def _group(self, name: str) -> Any:
        group = schema_classes().ExternalBufferGroupT()
        group.name = _bytes(name)
        return group

    def _signature(self, signature: Signature) -> Any:
        entry = schema_classes().SignatureDefT()
        entry.signatureKey = _bytes(signature.key)
        entry.subgraphIndex = signature.subgraph
        entry.inputs = [_tensor_map(name, tensor) for name, tensor in signature.inputs]
        entry.outputs = [_tensor_map(name, tensor) for name, tensor in signature.outputs]
        return entry

    def _subgraph(self, subgraph: Subgraph) -> Any:
        graph = schema_classes().SubGraphT()
        graph.name = _bytes(subgraph.name)
        graph.tensors = [self._tensor(tensor) for tensor in subgraph.tensors]
        graph.inputs = list(subgraph.inputs)
        graph.outputs = list(subgraph.outputs)
        graph.operators = [self._operator(operator) for operator in subgraph.operators]
        graph.debugMetadataIndex = subgraph.debug_metadata
        return graph

    def _tensor(self, tensor: Tensor) -> Any:
        entry = schema_classes().TensorT()
        entry.name = _bytes(tensor.name)
        entry.shape = None if tensor.shape is None else list(tensor.shape)
        entry.shapeSignature = None if tensor.shape_signature is None else list(tensor.shape_signature)
        entry.type = element_codes()[tensor.element]
        entry.buffer = self._buffer_at(tensor.buffer)
        entry.quantization = _quantization(tensor.quantization)
        entry.isVariable = tensor.is_variable
        entry.hasRank = tensor.has_rank
        entry.sparsity = _sparsity(tensor.sparsity)
        if tensor.variant_tensors:
            entry.variantTensors = [_variant(variant) for variant in tensor.variant_tensors]
        if tensor.external_data is not None:
            data = tensor.external_data
            external = schema_classes().ExternalBufferT()
            external.id, external.group, external.offset = data.id, data.group, data.offset
            external.length, external.packing = data.length, _bytes(data.packing)
            self._external[data.id] = external
            entry.externalBuffer = data.id
        return entry

    def _operator(self, operator: Operator) -> Any:
        entry = schema_classes().OperatorT()
        key = (operator.type, operator.custom_code, operator.version)
        entry.opcodeIndex = self._codes.setdefault(key, len(self._codes))
        entry.inputs = list(operator.inputs)
        entry.outputs = list(operator.outputs)
        if operator.options is not None:
            union, code, options = pack_options(operator.options)
            if union == 1:
                entry.builtinOptionsType, entry.builtinOptions = code, options
            else:
                entry.builtinOptions2Type, entry.builtinOptions2 = code, options
        if operator.custom_options is not None:
            if operator.custom_options_external:
                entry.largeCustomOptionsOffset = self._external_part(operator.custom_options)
                entry.largeCustomOptionsSize = len(operator.custom_options)
            else:
                entry.customOptions = _uint8_vector(operator.custom_options)
        entry.intermediates = list(operator.intermediates) or None
        entry.mutatingVariableInputs = list(operator.mutating_variable_inputs) or None
        entry.debugMetadataIndex = operator.debug_metadata
        return entry


class _AlignedBuffer:
    """A buffer that packs itself like the generated `BufferT`, but respects the alignment of its data."""

    def __init__(self, data: memoryview | bytes) -> None:
        self._data = data

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the generated code calls it by this name
        builder.Prep(_ALIGNMENT, len(self._data))
        data = builder.CreateNumpyVector(_uint8_vector(self._data))
        schema_classes().BufferStart(builder)
        schema_classes().BufferAddData(builder, data)
        return schema_classes().BufferEnd(builder)


def _constants_bytes(model: Model) -> int:
    buffers = {tensor.buffer for subgraph in model.subgraphs for tensor in subgraph.tensors}
    buffers.update(entry.buffer for entry in model.metadata)
    return sum(len(buffer.data) + _ALIGNMENT for buffer in buffers if not buffer.external)


def _builder(size: int) -> Any:
    import flatbuffers  # pyright: ignore[reportMissingTypeStubs]

    return cast("Any", flatbuffers).Builder(size)


def _bytes(text: str | None) -> Any:
    # The generated Pack methods take str or bytes; bytes keep names that are not valid UTF-8.
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _uint8_vector(data: memoryview | bytes) -> Any:
    import numpy as np

    return np.frombuffer(data, np.uint8)


def _vector(values: tuple[float, ...], dtype: str) -> Any:
    """Return `values` as an array, which the generated code packs at once; None if there are none."""
    import numpy as np

    return np.array(values, dtype) if values else None


def _tensor_map(name: str, tensor: int) -> Any:
    entry = schema_classes().TensorMapT()
    entry.name, entry.tensorIndex = _bytes(name), tensor
    return entry


def _variant(variant: VariantTensor) -> Any:
    entry = schema_classes().VariantSubTypeT()
    entry.shape, entry.type = list(variant.shape), element_codes()[variant.element]
    entry.hasRank = variant.has_rank
    return entry


def _quantization(source: Quantization) -> Any:
    if source == NOT_QUANTIZED:
        return None
    entry = schema_classes().QuantizationParametersT()
    entry.scale = _vector(source.scales, "<f4")
    entry.zeroPoint = _vector(source.zero_points, "<i8")
    entry.min = _vector(source.minimum, "<f4")
    entry.max = _vector(source.maximum, "<f4")
    entry.quantizedDimension = source.axis
    if source.details is not None:
        entry.detailsType, entry.details = _quantization_details(source.details)
    return entry


def _quantization_details(source: QuantizationDetails) -> tuple[int, Any]:
    kinds = schema_classes().QuantizationDetails
    match source:
        case CustomQuantization(custom):
            entry = schema_classes().CustomQuantizationT()
            entry.custom = _uint8_vector(custom)
            return kinds.CustomQuantization, entry
        case BlockwiseQuantization(scales, zero_points, block_size, block_shape):
            entry = schema_classes().BlockwiseQuantizationT()
            entry.blockShape = list(block_shape) or None
            kind = kinds.BlockwiseQuantization
        case MultiAxisQuantization(scales, zero_points, block_size, axes):
            entry = schema_classes().MultiAxisQuantizationT()
            entry.quantizedDimensions = list(axes) or None
            kind = kinds.MultiAxisQuantization
    entry.scales, entry.zeroPoints, entry.blockSize = scales, zero_points, block_size
    return kind, entry


def _sparsity(source: Sparsity | None) -> Any:
    if source is None:
        return None
    entry = schema_classes().SparsityParametersT()
    entry.traversalOrder = list(source.traversal_order) or None
    entry.blockMap = list(source.block_map) or None
    entry.dimMetadata = [_sparse_dimension(dimension) for dimension in source.dimensions]
    return entry


def _sparse_dimension(dimension: SparseDimension) -> Any:
    level = schema_classes().DimensionMetadataT()
    level.format, level.denseSize = int(dimension.is_sparse), dimension.dense_size
    level.arraySegmentsType = dimension.segments_type
    level.arraySegments = _index_vector(dimension.segments_type, dimension.segments)
    level.arrayIndicesType = dimension.indices_type
    level.arrayIndices = _index_vector(dimension.indices_type, dimension.indices)
    return level


def _index_vector(kind: int, values: tuple[int, ...]) -> Any:
    if not kind:
        return None
    name, dtype = {1: ("Int32VectorT", "<i4"), 2: ("Uint16VectorT", "<u2"), 3: ("Uint8VectorT", "<u1")}[kind]
    entry = getattr(schema_classes(), name)()
    entry.values = _vector(values, dtype)
    return entry
