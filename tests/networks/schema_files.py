"""`.tflite` files written with the schema's own classes, so that the reader is tested against another writer.

Each function returns the bytes of one tiny file that has one thing few files have. The file is long because it is a
catalogue: nothing in it depends on more than the builder at its top.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as untyped_schema  # pyright: ignore[reportMissingTypeStubs]

schema: Any = untyped_schema
Types: Any = schema.TensorType
Codes: Any = schema.BuiltinOperator


class FileBuilder:
    """Collects the tables of a file; `pack` writes them."""

    def __init__(self) -> None:
        self.model: Any = schema.ModelT()
        self.model.version = 3
        self.model.description = b"made by hand"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.model.subgraphs = []

    def buffer(self, data: bytes | np.ndarray[Any, Any]) -> int:
        """Add a constant and return its index."""
        entry = schema.BufferT()
        entry.data = np.frombuffer(data if isinstance(data, bytes) else data.tobytes(), np.uint8)
        self.model.buffers.append(entry)
        return len(self.model.buffers) - 1

    def code(self, number: int, custom: bytes | None = None, version: int = 1) -> int:
        """Add an operator code and return its index."""
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode = number, min(number, 127)
        entry.customCode, entry.version = custom, version
        self.model.operatorCodes.append(entry)
        return len(self.model.operatorCodes) - 1

    def operator(self, number: int, inputs: list[int], outputs: list[int], options: Any = None, **fields: Any) -> Any:
        """Return an operator with its own operator code; `options` is an object of the first or second union."""
        entry = schema.OperatorT()
        entry.opcodeIndex = self.code(number, fields.pop("custom", None), fields.pop("version", 1))
        entry.inputs, entry.outputs = inputs, outputs
        if options is not None:
            name = type(options).__name__.removesuffix("T")
            if hasattr(schema.BuiltinOptions, name):
                entry.builtinOptionsType, entry.builtinOptions = getattr(schema.BuiltinOptions, name), options
            else:
                entry.builtinOptions2Type, entry.builtinOptions2 = getattr(schema.BuiltinOptions2, name), options
        return with_fields(entry, **fields)

    def subgraph(self, tensors: list[Any], inputs: list[int], outputs: list[int], operators: list[Any]) -> Any:
        """Add a subgraph and return it."""
        graph = schema.SubGraphT()
        graph.tensors, graph.inputs, graph.outputs, graph.operators = tensors, inputs, outputs, operators
        graph.name = f"graph {len(self.model.subgraphs)}".encode()
        self.model.subgraphs.append(graph)
        return graph

    def pack(self) -> bytes:
        """Return the file."""
        return pack(self.model)


def pack(model: Any) -> bytes:
    """Return a schema model as a file."""
    import flatbuffers  # pyright: ignore[reportMissingTypeStubs]

    builder: Any = flatbuffers.Builder(1024)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def with_fields(entry: Any, **fields: Any) -> Any:
    """Return `entry` with the fields set; a name that the schema does not know is an error of the test."""
    for name, value in fields.items():
        assert hasattr(entry, name), name
        setattr(entry, name, value)
    return entry


def tensor(name: str | bytes, shape: list[int] | None, kind: int = Types.FLOAT32, **fields: Any) -> Any:
    """Return a tensor."""
    return with_fields(schema.TensorT(), name=name, shape=shape, type=kind, **fields)


def scaled(scales: list[float], zero_points: list[int], axis: int = 0) -> Any:
    """Return quantization parameters."""
    return with_fields(schema.QuantizationParametersT(), scale=scales, zeroPoint=zero_points, quantizedDimension=axis)


def options(table: str, /, **fields: Any) -> Any:
    """Return an options table by its name without `Options`."""
    return with_fields(getattr(schema, table + "OptionsT")(), **fields)


def addition() -> FileBuilder:
    """Return a file with one float ADD of an input and a constant, for tests to change."""
    file = FileBuilder()
    constant = file.buffer(np.arange(4, dtype=np.float32))
    tensors = [tensor("input", [1, 4]), tensor("constant", [1, 4], buffer=constant), tensor("output", [1, 4])]
    file.subgraph(tensors, [0], [2], [file.operator(Codes.ADD, [0, 1], [2], options("Add"))])
    return file


def while_loop() -> bytes:
    """A counter that WHILE raises to 10; its condition and body are subgraphs."""
    file = FileBuilder()
    one, ten = file.buffer(np.array([1], np.int32)), file.buffer(np.array([10], np.int32))
    loop = options("While", condSubgraphIndex=1, bodySubgraphIndex=2)
    counter = [tensor("start", [1], Types.INT32), tensor("end", [1], Types.INT32)]
    file.subgraph(counter, [0], [1], [file.operator(Codes.WHILE, [0], [1], loop)])
    limit = [tensor("i", [1], Types.INT32), tensor("ten", [1], Types.INT32, buffer=ten), tensor("go", [1], Types.BOOL)]
    file.subgraph(limit, [0], [2], [file.operator(Codes.LESS, [0, 1], [2], options("Less"))])
    step = [tensor("i", [1], Types.INT32), tensor("one", [1], Types.INT32, buffer=one), tensor("j", [1], Types.INT32)]
    file.subgraph(step, [0], [2], [file.operator(Codes.ADD, [0, 1], [2], options("Add"))])
    return file.pack()


def branches() -> bytes:
    """IF with two bodies, one of which has no operator and returns its input."""
    file = FileBuilder()
    choice = options("If", thenSubgraphIndex=1, elseSubgraphIndex=2)
    main = [tensor("which", [], Types.BOOL), tensor("input", [4]), tensor("output", [4])]
    file.subgraph(main, [0, 1], [2], [file.operator(Codes.IF, [0, 1], [2], choice)])
    then = [tensor("x", [4]), tensor("minus x", [4])]
    file.subgraph(then, [0], [1], [file.operator(Codes.NEG, [0], [1], options("Neg"))])
    file.subgraph([tensor("x", [4])], [0], [0], [])
    return file.pack()


def resource_variable() -> bytes:
    """A variable that CALL_ONCE sets and the model reads, with a signature for each entry."""
    file = FileBuilder()
    start = file.buffer(np.array([1, 2, 3, 4], np.float32))
    handle = options("VarHandle", container=b"", sharedName=b"counter")
    main = [tensor("input", [4]), tensor("handle", [], Types.RESOURCE), tensor("value", [4]), tensor("output", [4])]
    operators = [
        file.operator(Codes.CALL_ONCE, [], [], options("CallOnce", initSubgraphIndex=1)),
        file.operator(Codes.VAR_HANDLE, [], [1], handle),
        file.operator(Codes.READ_VARIABLE, [1], [2], options("ReadVariable")),
        file.operator(Codes.ADD, [0, 2], [3], options("Add")),
    ]
    file.subgraph(main, [0], [3], operators)
    setup = [tensor("handle", [], Types.RESOURCE), tensor("start", [4], buffer=start)]
    operators = [
        file.operator(Codes.VAR_HANDLE, [], [0], handle),
        file.operator(Codes.ASSIGN_VARIABLE, [0, 1], [], options("AssignVariable")),
    ]
    file.subgraph(setup, [], [], operators)
    return file.pack()


def signatures() -> bytes:
    """Two signatures of one subgraph, metadata, and a metadata buffer of the old kind."""
    file = addition()
    file.model.signatureDefs = [
        with_fields(
            schema.SignatureDefT(),
            signatureKey=key,
            subgraphIndex=0,
            inputs=[with_fields(schema.TensorMapT(), name=b"x", tensorIndex=0)],
            outputs=[with_fields(schema.TensorMapT(), name=b"y", tensorIndex=2)],
        )
        for key in (b"serving_default", b"other")
    ]
    note = file.buffer(b"1.5.0" + bytes(11))
    file.model.metadata = [with_fields(schema.MetadataT(), name=b"min_runtime_version", buffer=note)]
    file.model.metadataBuffer = [note, file.buffer(b"old")]
    return file.pack()


def custom_operator() -> bytes:
    """A custom operator with options, one with empty options, one without any."""
    file = FileBuilder()
    tensors = [tensor(f"t{index}", [4]) for index in range(4)]
    operators = [
        file.operator(Codes.CUSTOM, [0], [1], custom=b"Mine", customOptions=[1, 2, 255]),
        file.operator(Codes.CUSTOM, [1], [2], custom=b"Mine", customOptions=[], version=2),
        file.operator(Codes.CUSTOM, [2, -1], [3], custom=b"Theirs", mutatingVariableInputs=[True, False]),
    ]
    file.subgraph(tensors, [0], [3], operators)
    return file.pack()


def sparse_weights() -> bytes:
    """FULLY_CONNECTED whose 4x4 weights store their diagonal only."""
    file = FileBuilder()
    levels = [
        with_fields(schema.DimensionMetadataT(), format=0, denseSize=4),
        with_fields(
            schema.DimensionMetadataT(),
            format=1,
            arraySegmentsType=3,
            arraySegments=with_fields(schema.Uint8VectorT(), values=[0, 1, 2, 3, 4]),
            arrayIndicesType=2,
            arrayIndices=with_fields(schema.Uint16VectorT(), values=[0, 1, 2, 3]),
        ),
    ]
    sparsity = with_fields(schema.SparsityParametersT(), traversalOrder=[0, 1], dimMetadata=levels)
    weights = file.buffer(np.array([1, 2, 3, 4], np.float32))
    tensors = [
        tensor("input", [1, 4]),
        tensor("weights", [4, 4], buffer=weights, sparsity=sparsity),
        tensor("output", [1, 4]),
    ]
    operator = file.operator(Codes.FULLY_CONNECTED, [0, 1, -1], [2], options("FullyConnected"), version=8)
    file.subgraph(tensors, [0], [2], [operator])
    return file.pack()


def int4_weights() -> bytes:
    """FULLY_CONNECTED with two int4 weights a byte."""
    file = FileBuilder()
    weights = file.buffer(np.array([0x21, 0x43, 0xF7, 0x08], np.uint8))
    tensors = [
        tensor("input", [1, 4], Types.INT8, quantization=scaled([0.5], [3])),
        tensor("weights", [2, 4], Types.INT4, buffer=weights, quantization=scaled([0.1], [0])),
        tensor("output", [1, 2], Types.INT8, quantization=scaled([1.0], [-1])),
    ]
    operator = file.operator(Codes.FULLY_CONNECTED, [0, 1, -1], [2], options("FullyConnected"), version=10)
    file.subgraph(tensors, [0], [2], [operator])
    return file.pack()


def int16_activations() -> bytes:
    """FULLY_CONNECTED with int16 activations, int8 weights per channel and an int64 bias."""
    file = FileBuilder()
    weights = file.buffer(np.arange(-4, 4, dtype=np.int8))
    bias = file.buffer(np.array([7, -9], np.int64))
    tensors = [
        tensor("input", [1, 4], Types.INT16, quantization=scaled([0.5], [0])),
        tensor("weights", [2, 4], Types.INT8, buffer=weights, quantization=scaled([0.1, 0.2], [0, 0])),
        tensor("bias", [2], Types.INT64, buffer=bias, quantization=scaled([0.05, 0.1], [0, 0])),
        tensor("output", [1, 2], Types.INT16, quantization=scaled([1.0], [0])),
    ]
    operator = file.operator(Codes.FULLY_CONNECTED, [0, 1, 2], [3], options("FullyConnected"), version=11)
    file.subgraph(tensors, [0], [3], [operator])
    return file.pack()


def float16_constants() -> bytes:
    """A float16 constant that DEQUANTIZE widens."""
    file = FileBuilder()
    half = file.buffer(np.array([0.5, -1, 65504, 6e-8], np.float16))
    tensors = [
        tensor("input", [4]),
        tensor("half", [4], Types.FLOAT16, buffer=half),
        tensor("whole", [4]),
        tensor("output", [4]),
    ]
    operators = [
        file.operator(Codes.DEQUANTIZE, [1], [2], options("Dequantize"), version=3),
        file.operator(Codes.ADD, [0, 2], [3], options("Add")),
    ]
    file.subgraph(tensors, [0], [3], operators)
    return file.pack()


def dynamic_range() -> bytes:
    """FULLY_CONNECTED with float activations and int8 weights."""
    file = FileBuilder()
    weights = file.buffer(np.arange(-4, 4, dtype=np.int8))
    tensors = [
        tensor("input", [1, 4]),
        tensor("weights", [2, 4], Types.INT8, buffer=weights, quantization=scaled([0.1], [0])),
        tensor("output", [1, 2]),
    ]
    table = options("FullyConnected", asymmetricQuantizeInputs=True)
    file.subgraph(tensors, [0], [2], [file.operator(Codes.FULLY_CONNECTED, [0, 1, -1], [2], table, version=9)])
    return file.pack()


def blockwise_quantization() -> bytes:
    """Int4 weights with a float16 scale per block of 32, which stands in another tensor."""
    file = FileBuilder()
    weights, scales = file.buffer(bytes(range(32))), file.buffer(np.array([0.5, 0.25], np.float16))
    block = with_fields(schema.BlockwiseQuantizationT(), scales=2, zeroPoints=-1, blockSize=32)
    blocks = with_fields(
        schema.QuantizationParametersT(),
        detailsType=schema.QuantizationDetails.BlockwiseQuantization,
        details=block,
    )
    tensors = [
        tensor("input", [1, 32]),
        tensor("weights", [2, 32], Types.INT4, buffer=weights, quantization=blocks),
        tensor("scales", [2, 1], Types.FLOAT16, buffer=scales),
        tensor("output", [1, 2]),
    ]
    operator = file.operator(Codes.FULLY_CONNECTED, [0, 1, -1], [3], options("FullyConnected"), version=13)
    file.subgraph(tensors, [0], [3], [operator])
    return file.pack()


def variable_state() -> bytes:
    """SVDF, whose state is a variable tensor."""
    file = FileBuilder()
    features = file.buffer(np.linspace(-1, 1, 8, dtype=np.float32))
    times = file.buffer(np.linspace(1, 2, 6, dtype=np.float32))
    tensors = [
        tensor("input", [1, 4]),
        tensor("features", [2, 4], buffer=features),
        tensor("times", [2, 3], buffer=times),
        tensor("state", [1, 6], isVariable=True),
        tensor("output", [1, 2]),
    ]
    file.subgraph(tensors, [0], [4], [file.operator(Codes.SVDF, [0, 1, 2, -1, 3], [4], options("SVDF", rank=1))])
    return file.pack()


def composite() -> bytes:
    """A StableHLO composite (options of the second union) with its decomposition as a subgraph."""
    file = FileBuilder()
    table = options("StableHLOComposite", name=b"my.negate", decompositionSubgraphIndex=1, compositeAttributes=[1, 2])
    main = [tensor("input", [4]), tensor("output", [4])]
    file.subgraph(main, [0], [1], [file.operator(Codes.STABLEHLO_COMPOSITE, [0], [1], table)])
    body = [tensor("x", [4]), tensor("minus x", [4])]
    file.subgraph(body, [0], [1], [file.operator(Codes.NEG, [0], [1], options("Neg"))])
    return file.pack()


def stablehlo_pad() -> bytes:
    """An operator whose options are vectors of 64-bit numbers in the second union."""
    file = FileBuilder()
    zero = file.buffer(np.zeros(1, np.float32))
    table = options("StablehloPad", edgePaddingLow=[1], edgePaddingHigh=[2], interiorPadding=[1])
    tensors = [tensor("input", [3]), tensor("zero", [], buffer=zero), tensor("output", [8])]
    file.subgraph(tensors, [0], [2], [file.operator(Codes.STABLEHLO_PAD, [0, 1], [2], table)])
    return file.pack()


def external_constants() -> bytes:
    """Constants behind the flatbuffer, as above 2 GiB; two tensors share one."""
    file = FileBuilder()
    tails = [np.arange(4, dtype=np.float32).tobytes(), np.array([9], np.float32).tobytes()]
    for size in map(len, tails):
        file.model.buffers.append(with_fields(schema.BufferT(), offset=2, size=size))
    tensors = [
        tensor("input", [4]),
        tensor("four", [4], buffer=1),
        tensor("one", [1], buffer=2),
        tensor("the same four", [4], buffer=1),
        *(tensor(f"sum {index}", [4]) for index in range(3)),
    ]
    operators = [
        file.operator(Codes.ADD, [0, 1], [4], options("Add")),
        file.operator(Codes.ADD, [4, 2], [5], options("Add")),
        file.operator(Codes.ADD, [5, 3], [6], options("Add")),
    ]
    file.subgraph(tensors, [0], [6], operators)
    return append_external(file.model, [(file.model.buffers[index + 1], tail) for index, tail in enumerate(tails)])


def external_custom_options() -> bytes:
    """A custom operator whose options lie behind the flatbuffer."""
    file = FileBuilder()
    operator = file.operator(Codes.CUSTOM, [0], [1], custom=b"Mine")
    file.subgraph([tensor("input", [4]), tensor("output", [4])], [0], [1], [operator])
    return append_external(file.model, [(operator, b"large custom options")])


def append_external(model: Any, parts: list[tuple[Any, bytes]]) -> bytes:
    """Return `model` with the parts behind the flatbuffer and their places in their owners, buffers or operators."""
    for _ in range(2):  # The places do not change the length: they only must not be the default.
        end = len(pack(model))
        for owner, data in parts:
            offset = -(-end // 16) * 16
            if hasattr(owner, "largeCustomOptionsOffset"):
                owner.largeCustomOptionsOffset, owner.largeCustomOptionsSize = offset, len(data)
            else:
                owner.offset, owner.size = offset, len(data)
            end = offset + len(data)
    packed = bytearray(pack(model))
    for _, data in parts:
        packed += bytes(-len(packed) % 16) + data
    return bytes(packed)


def odd_names() -> bytes:
    """Names that are not UTF-8, and one that is missing."""
    file = addition()
    tensors = file.model.subgraphs[0].tensors
    tensors[0].name, tensors[1].name, tensors[2].name = b"caf\xe9", None, "größe".encode()
    file.model.description = b"\xff\xfe"
    return file.pack()


def dynamic_shape() -> bytes:
    """A batch size that is only known when the model runs."""
    file = addition()
    for index in (0, 2):
        file.model.subgraphs[0].tensors[index].shapeSignature = [-1, 4]
    return file.pack()


def missing_shapes() -> bytes:
    """Activations without a shape, and one with an empty shape, as some converters write them."""
    file = FileBuilder()
    constant = file.buffer(np.arange(4, dtype=np.float32))
    tensors = [tensor("input", [1, 4]), tensor("constant", [1, 4], buffer=constant), tensor("a", None), tensor("b", [])]
    operators = [
        file.operator(Codes.ADD, [0, 1], [2], options("Add")),
        file.operator(Codes.RELU, [2], [3]),
    ]
    file.subgraph(tensors, [0], [3], operators)
    return file.pack()


def shared_buffer() -> bytes:
    """One constant that two tensors of different shape use, and an equal constant that is not shared."""
    file = FileBuilder()
    data = np.arange(4, dtype=np.float32)
    one, two = file.buffer(data), file.buffer(data)
    tensors = [
        tensor("input", [2, 2]),
        tensor("a", [2, 2], buffer=one),
        tensor("b", [1, 2, 2], buffer=one),
        tensor("c", [2, 2], buffer=two),
        tensor("sum a", [2, 2]),
        tensor("sum b", [1, 2, 2]),
        tensor("sum c", [1, 2, 2]),
    ]
    operators = [
        file.operator(Codes.ADD, [0, 1], [4], options("Add")),
        file.operator(Codes.ADD, [4, 2], [5], options("Add")),
        file.operator(Codes.ADD, [5, 3], [6], options("Add")),
    ]
    file.subgraph(tensors, [0], [6], operators)
    return file.pack()


def strings() -> bytes:
    """A constant of the string type, whose bytes say nothing about its shape."""
    file = addition()
    packed = np.array([1, 12, 15], np.int32).tobytes() + b"abc"
    file.model.subgraphs[0].tensors.append(tensor("words", [1], Types.STRING, buffer=file.buffer(packed)))
    return file.pack()


def no_options() -> bytes:
    """Options that name a table but have none, which LiteRT takes for no options."""
    file = addition()
    file.model.subgraphs[0].operators[0].builtinOptions = None
    return file.pack()


EXAMPLES: dict[str, Callable[[], bytes]] = {
    example.__name__: example
    for example in (
        while_loop,
        branches,
        resource_variable,
        signatures,
        custom_operator,
        sparse_weights,
        int4_weights,
        int16_activations,
        float16_constants,
        dynamic_range,
        blockwise_quantization,
        variable_state,
        composite,
        stablehlo_pad,
        external_constants,
        external_custom_options,
        odd_names,
        dynamic_shape,
        missing_shapes,
        shared_buffer,
        strings,
        no_options,
    )
}
"""Every tiny file by its name."""
