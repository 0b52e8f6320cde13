"""Reading and writing keeps everything: compared as schema objects, field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from schema_compare import as_litert_sees

from networks.schema_files import EXAMPLES, FileBuilder, addition, pack, schema, tensor, with_fields
from npufit.graph import NO_BUFFER, Buffer
from npufit.loading import save
from npufit.tflite import parse_model, read_model, serialize_model
from npufit.tflite.flatbuffer import schema as described_schema


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"missing_shapes"}))
def test_rare_content_survives(name: str) -> None:
    data = EXAMPLES[name]()
    assert as_litert_sees(serialize_model(parse_model(data, name))) == as_litert_sees(data)


def test_real_model_survives(real_model: Path) -> None:
    data = real_model.read_bytes()
    written = serialize_model(parse_model(data, real_model.name))
    assert as_litert_sees(written) == as_litert_sees(data)
    assert serialize_model(parse_model(written, real_model.name)) == written


def test_missing_shapes_are_the_only_change_of_a_file_without_them() -> None:
    data = EXAMPLES["missing_shapes"]()
    before, after = as_litert_sees(data), as_litert_sees(serialize_model(parse_model(data, "model")))
    tensors = after["subgraphs"][0]["tensors"]
    assert [tensor["shape"] for tensor in tensors] == [[1, 4]] * 4
    assert before != after
    for content in (before, after):
        for entry in content["subgraphs"][0]["tensors"]:
            entry.pop("shape", None)
    assert before == after


def test_files_on_disk(tmp_path: Path) -> None:
    save(parse_model(EXAMPLES["while_loop"](), "model"), tmp_path / "loop.tflite")
    model = read_model(tmp_path / "loop.tflite")
    assert model.name == "loop.tflite"
    assert [operator.type for graph in model.subgraphs for operator in graph.operators] == ["WHILE", "LESS", "ADD"]


_UNIONS = {"BuiltinOptions": "builtinOptions", "BuiltinOptions2": "builtinOptions2"}
_VALUES: dict[str, Any] = {
    "bool": True,
    "int": 1,
    "float": 0.5,
    "Optional[str]": b"text",
    "Optional[List[int]]": [1, 3, 2],
    "Optional[List[float]]": [0.5, 0.25],
    "Optional[List[bool]]": [True, False],
}


def _filled(table: str, annotations: dict[str, str]) -> Any:
    """Return a table of the schema in which every field differs from its default."""
    entry = getattr(schema, table)()
    for name, default in dict(entry.__dict__).items():
        value = _VALUES[annotations[name]]
        setattr(entry, name, default + 1 if isinstance(default, int) and not isinstance(default, bool) else value)
        if isinstance(default, bool):
            setattr(entry, name, not default)
    return entry


def _annotations(table: str) -> dict[str, str]:
    """Return the types of the fields, which the generated code gives in comments only."""
    import inspect
    import re

    source = inspect.getsource(getattr(schema, table).__init__)
    return dict(re.findall(r"self\.(\w+) = \w+  # type: (.+)", source))


def _options_tables() -> list[tuple[str, str]]:
    tables: list[tuple[str, str]] = []
    for union in _UNIONS:
        tables += [(union, name) for name, code in described_schema()[1][union].items() if code]
    return tables


@pytest.mark.parametrize(("union", "name"), _options_tables())
def test_every_options_table_of_the_schema_survives(union: str, name: str) -> None:
    file = FileBuilder()
    file.subgraph([], [], [], [])
    for _ in range(3):  # The tables that name subgraphs set the index to 1.
        file.subgraph([], [], [], [])
    operator = file.operator(schema.BuiltinOperator.ADD, [], [])
    setattr(operator, _UNIONS[union] + "Type", getattr(getattr(schema, union), name))
    setattr(operator, _UNIONS[union], _filled(name + "T", _annotations(name + "T")))
    file.model.subgraphs[0].operators = [operator]
    data = file.pack()
    assert as_litert_sees(serialize_model(parse_model(data, name))) == as_litert_sees(data)


def test_every_other_field_of_the_schema_survives() -> None:
    file = FileBuilder()
    note = file.buffer(b"note")
    make = {
        "QuantizationParametersT": {"min": [0.0], "max": [2.5], "scale": [0.5], "zeroPoint": [-(2**63)]},
        "VariantSubTypeT": {"shape": [2], "type": 9, "hasRank": True},
        "MultiAxisQuantizationT": {"scales": 1, "zeroPoints": 2, "blockSize": 3, "quantizedDimensions": [0, 2]},
        "CustomQuantizationT": {"custom": [7, 8]},
        "SparsityParametersT": {"traversalOrder": [1, 0], "blockMap": [1]},
        "DimensionMetadataT": {"format": 1, "denseSize": 5, "arraySegmentsType": 1, "arrayIndicesType": 2},
        "ExternalBufferT": {"id": 7, "group": 1, "offset": 1 << 40, "length": 9, "packing": b"unpacked"},
    }
    made = {name: with_fields(getattr(schema, name)(), **fields) for name, fields in make.items()}
    level = made["DimensionMetadataT"]
    level.arraySegments = with_fields(schema.Int32VectorT(), values=[-1, 1 << 30])
    level.arrayIndices = with_fields(schema.Uint16VectorT(), values=[65535])
    made["SparsityParametersT"].dimMetadata = [level]
    kinds = schema.QuantizationDetails
    first = with_fields(made["QuantizationParametersT"], quantizedDimension=1, detailsType=kinds.CustomQuantization)
    first.details = made["CustomQuantizationT"]
    second = with_fields(schema.QuantizationParametersT(), detailsType=kinds.MultiAxisQuantization)
    second.details = made["MultiAxisQuantizationT"]
    tensors = [
        tensor("a", [2, 2], isVariable=True, hasRank=True, shapeSignature=[-1, 2], quantization=first),
        tensor("b", [], buffer=note, sparsity=made["SparsityParametersT"], quantization=second),
        tensor("c", [1], variantTensors=[made["VariantSubTypeT"]], externalBuffer=7),
    ]
    operator = file.operator(
        schema.BuiltinOperator.RELU, [0, -1], [2], custom=b"builtin with a name", version=-3, intermediates=[1, -1]
    )
    with_fields(operator, mutatingVariableInputs=[False, True], debugMetadataIndex=4, customOptions=[])
    file.subgraph(tensors, [0], [2], [operator]).debugMetadataIndex = 5
    with_fields(file.model, version=4, description=b"words", externalBuffers=[made["ExternalBufferT"]])
    file.model.externalBufferGroups = [with_fields(schema.ExternalBufferGroupT(), name=name) for name in (b"g", b"h")]
    file.model.metadata = [with_fields(schema.MetadataT(), name=b"note", buffer=note)]
    file.model.metadataBuffer = [note]
    data = file.pack()
    assert as_litert_sees(serialize_model(parse_model(data, "model"))) == as_litert_sees(data)


def test_data_wins_over_an_external_place() -> None:
    file = addition()
    with_fields(file.model.buffers[1], offset=16, size=16)
    model = parse_model(file.pack(), "model")
    assert bytes(model.main.tensors[1].buffer.data) == np.arange(4, dtype=np.float32).tobytes()
    assert not model.main.tensors[1].buffer.external


def test_zero_bytes_and_no_bytes_stay_apart() -> None:
    """LiteRT takes stored zero bytes for a constant of size zero; old Vela files have such scratch tensors."""
    file = addition()
    empty = file.buffer(b"")
    file.model.subgraphs[0].tensors[2].buffer = empty
    assert serialize_model(parse_model(file.pack(), "a")) != serialize_model(parse_model(addition().pack(), "a"))
    assert as_litert_sees(serialize_model(parse_model(file.pack(), "a"))) == as_litert_sees(file.pack())


def test_buffer_zero_is_the_buffer_of_no_data() -> None:
    model = parse_model(EXAMPLES["shared_buffer"](), "model")
    tensors = model.main.tensors
    assert tensors[0].buffer is NO_BUFFER
    assert tensors[1].buffer is tensors[2].buffer
    assert tensors[1].buffer is not tensors[3].buffer


def _places(data: bytes) -> list[int]:
    root = schema.Model.GetRootAs(data, 0)
    places: list[int] = []
    for index in range(root.BuffersLength()):
        entry = root.Buffers(index)
        if entry.DataLength():
            table: Any = entry._tab
            places.append(table.Vector(table.Offset(4)))
        elif entry.Offset():
            places.append(entry.Offset())
    return places


@pytest.mark.parametrize("most_inside_bytes", [0, 1 << 30], ids=["outside", "inside"])
@pytest.mark.parametrize("name", ["external_constants", "resource_variable", "while_loop", "signatures"])
def test_constants_are_aligned_to_16_bytes(name: str, most_inside_bytes: int) -> None:
    places = _places(serialize_model(parse_model(EXAMPLES[name](), name), most_inside_bytes=most_inside_bytes))
    assert places
    assert [place % 16 for place in places] == [0] * len(places)


def test_constants_beyond_the_limit_go_behind_the_flatbuffer() -> None:
    data = EXAMPLES["shared_buffer"]()
    model = parse_model(data, "model")
    written = serialize_model(model, most_inside_bytes=16)
    again = parse_model(written, "model")
    assert all(tensor.buffer.external for tensor in again.main.tensors if tensor.is_constant)
    assert len(set(_places(written))) == 2
    constants = [bytes(tensor.buffer.data) for tensor in model.main.tensors]
    assert [bytes(tensor.buffer.data) for tensor in again.main.tensors] == constants


def test_a_shared_external_constant_is_written_once() -> None:
    data = EXAMPLES["external_constants"]()
    written = serialize_model(parse_model(data, "model"))
    assert written.count(np.arange(4, dtype=np.float32).tobytes()) == 1
    assert written.endswith(np.array([9], np.float32).tobytes())


def test_old_operator_codes() -> None:
    """Files from before 2020 have the code in the 8-bit field alone."""
    file = addition()
    file.model.operatorCodes[0].builtinCode, file.model.operatorCodes[0].deprecatedBuiltinCode = 0, 18
    assert parse_model(pack(file.model), "old").main.operators[0].type == "MUL"


def test_a_buffer_object_decides_what_is_shared() -> None:
    model = parse_model(addition().pack(), "model")
    assert Buffer(b"1") != Buffer(b"1"), "buffers are compared by identity: equal bytes need not be shared"
    assert len(_places(serialize_model(model))) == 1
