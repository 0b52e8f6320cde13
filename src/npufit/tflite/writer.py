"""A model to `.tflite` bytes: the reverse of the reader, field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from npufit.errors import InputError, InternalError
from npufit.graph import (
    NO_BUFFER,
    BlockwiseQuantization,
    Buffer,
    CustomQuantization,
    Model,
    Operator,
    OtherOptions,
    Quantization,
    Signature,
    Sparsity,
    Subgraph,
    Tensor,
)
from npufit.tflite.names import (
    camel_case,
    element_codes,
    operator_codes,
    option_codes,
    option_fields,
    schema,
)

_LAST_8_BIT_CODE = 127
_ALIGNMENT = 16


def write_model(model: Model, path: str | Path) -> None:
    """Write `model` to the file at `path`. Raises InputError where that cannot be written."""
    try:
        Path(path).write_bytes(serialize_model(model))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}.") from None


def serialize_model(model: Model) -> bytes:
    """Return `model` as the bytes of a `.tflite` file.

    Buffers, operator codes and external parts are numbered anew in the order of their use; everything that an
    interpreter sees is kept.
    """
    writer = _Writer(model)
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
    """Numbers buffers, operator codes and external parts while it turns the graph into schema objects."""

    def __init__(self, model: Model) -> None:
        self.model = model
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
        """Give every external part its offset behind a flatbuffer of `start` bytes."""
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
        import flatbuffers  # pyright: ignore[reportMissingTypeStubs]

        self._start()
        size = sum(len(b.data) for g in self.model.subgraphs for b in {t.buffer for t in g.tensors}) + 65536
        builder: Any = flatbuffers.Builder(min(size, 1 << 30))
        builder.Finish(self._model().Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _external_part(self, data: memoryview | bytes) -> int:
        """Return the offset of an external part; 2 stands in for it until the flatbuffer's length is known."""
        self.tail.append(data)
        place = len(self.tail) - 1
        return self._tail_offsets[place] if self._tail_offsets else 2

    def _model(self) -> Any:
        source = self.model
        model = schema().ModelT()
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
        entry = schema().BufferT()
        if buffer.external:
            entry.offset = self._external_part(buffer.data)
            entry.size = len(buffer.data)
        elif len(buffer.data):
            entry.data = _uint8_vector(buffer.data)
        return entry

    def _code(self, kind: str, custom_code: str | None, version: int) -> Any:
        code = schema().OperatorCodeT()
        number = operator_codes()[kind]
        code.builtinCode = number
        code.deprecatedBuiltinCode = min(number, _LAST_8_BIT_CODE)
        code.customCode = _bytes(custom_code)
        code.version = version
        return code

    def _metadata(self, name: str, buffer: Buffer) -> Any:
        entry = schema().MetadataT()
        entry.name = _bytes(name)
        entry.buffer = self._buffer_at(buffer)
        return entry

    def _group(self, name: str) -> Any:
        group = schema().ExternalBufferGroupT()
        group.name = _bytes(name)
        return group

    def _signature(self, signature: Signature) -> Any:
        entry = schema().SignatureDefT()
        entry.signatureKey = _bytes(signature.key)
        entry.subgraphIndex = signature.subgraph
        entry.inputs = [_tensor_map(name, tensor) for name, tensor in signature.inputs]
        entry.outputs = [_tensor_map(name, tensor) for name, tensor in signature.outputs]
        return entry

    def _subgraph(self, subgraph: Subgraph) -> Any:
        graph = schema().SubGraphT()
        graph.name = _bytes(subgraph.name)
        graph.tensors = [self._tensor(tensor) for tensor in subgraph.tensors]
        graph.inputs = list(subgraph.inputs)
        graph.outputs = list(subgraph.outputs)
        graph.operators = [self._operator(operator) for operator in subgraph.operators]
        graph.debugMetadataIndex = subgraph.debug_metadata
        return graph

    def _tensor(self, tensor: Tensor) -> Any:
        entry = schema().TensorT()
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
            entry.variantTensors = []
            for variant in tensor.variant_tensors:
                sub = schema().VariantSubTypeT()
                sub.shape, sub.type = list(variant.shape), element_codes()[variant.element]
                sub.hasRank = variant.has_rank
                entry.variantTensors.append(sub)
        if tensor.external_data is not None:
            data = tensor.external_data
            external = schema().ExternalBufferT()
            external.id, external.group, external.offset = data.id, data.group, data.offset
            external.length, external.packing = data.length, _bytes(data.packing)
            self._external[data.id] = external
            entry.externalBuffer = data.id
        return entry

    def _operator(self, operator: Operator) -> Any:
        entry = schema().OperatorT()
        key = (operator.type, operator.custom_code, operator.version)
        entry.opcodeIndex = self._codes.setdefault(key, len(self._codes))
        entry.inputs = list(operator.inputs)
        entry.outputs = list(operator.outputs)
        self._set_options(entry, operator)
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

    def _set_options(self, entry: Any, operator: Operator) -> None:
        options = operator.options
        if options is None:
            return
        if isinstance(options, OtherOptions):
            table, fields = options.table, [(camel_case(name), value) for name, value in options.fields]
        else:
            table = type(options).__name__
            fields = [(key, getattr(options, name)) for name, key, _ in option_fields(type(options))]
        found = getattr(schema(), table + "T")()
        for key, value in fields:
            setattr(found, key, list(value) if isinstance(value, tuple) else value)
        union, code = option_codes()[table]
        if union == 1:
            entry.builtinOptionsType, entry.builtinOptions = code, found
        else:
            entry.builtinOptions2Type, entry.builtinOptions2 = code, found


def _bytes(text: str | None) -> Any:
    # The generated Pack methods take str or bytes; bytes keep names that are not valid UTF-8.
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _uint8_vector(data: memoryview | bytes) -> Any:
    import numpy as np

    return np.frombuffer(data, np.uint8)


def _tensor_map(name: str, tensor: int) -> Any:
    entry = schema().TensorMapT()
    entry.name, entry.tensorIndex = _bytes(name), tensor
    return entry


def _quantization(source: Quantization) -> Any:
    if source == _NOT_QUANTIZED:
        return None
    entry = schema().QuantizationParametersT()
    entry.scale = list(source.scales) or None
    entry.zeroPoint = list(source.zero_points) or None
    entry.min = list(source.minimum) or None
    entry.max = list(source.maximum) or None
    entry.quantizedDimension = source.axis
    if isinstance(source.details, CustomQuantization):
        entry.detailsType = schema().QuantizationDetails.CustomQuantization
        entry.details = schema().CustomQuantizationT()
        entry.details.custom = _uint8_vector(source.details.custom)
    elif isinstance(source.details, BlockwiseQuantization):
        entry.detailsType = schema().QuantizationDetails.BlockwiseQuantization
        entry.details = schema().BlockwiseQuantizationT()
        entry.details.scales, entry.details.zeroPoints = source.details.scales, source.details.zero_points
        entry.details.blockSize = source.details.block_size
        entry.details.blockShape = list(source.details.block_shape) or None
    return entry


def _sparsity(source: Sparsity | None) -> Any:
    if source is None:
        return None
    entry = schema().SparsityParametersT()
    entry.traversalOrder = list(source.traversal_order) or None
    entry.blockMap = list(source.block_map) or None
    entry.dimMetadata = []
    for dimension in source.dimensions:
        level = schema().DimensionMetadataT()
        level.format, level.denseSize = int(dimension.is_sparse), dimension.dense_size
        level.arraySegmentsType = dimension.segments_type
        level.arraySegments = _index_vector(dimension.segments_type, dimension.segments)
        level.arrayIndicesType = dimension.indices_type
        level.arrayIndices = _index_vector(dimension.indices_type, dimension.indices)
        entry.dimMetadata.append(level)
    return entry


def _index_vector(kind: int, values: tuple[int, ...]) -> Any:
    if not kind:
        return None
    entry = (None, schema().Int32VectorT, schema().Uint16VectorT, schema().Uint8VectorT)[kind]()
    entry.values = list(values)
    return entry


_NOT_QUANTIZED = Quantization()
