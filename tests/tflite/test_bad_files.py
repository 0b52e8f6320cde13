"""Every bad file gets one clear error: file, operator, tensor, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from networks.schema_files import EXAMPLES, Codes, FileBuilder, Types, addition, options, schema, tensor, with_fields
from npufit.errors import InputError, ModelError
from npufit.tflite import parse_model, read_model

GOOD = addition().pack()


def _refusal(data: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        parse_model(data, "bad.tflite")
    message = str(caught.value)
    assert message.startswith("bad.tflite: ")
    assert caught.value.hint, "every refusal says what to do next"
    assert "\n" not in message
    assert len(message) < 500
    return message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the file is empty"),
        (b"\x1c\x00", "this is not a TFLite model"),
        (bytes(64), r"bytes 4 to 8 are '\x00\x00\x00\x00', but 'TFL3' is expected"),
        (b"PK\x03\x04" + bytes(64), "It looks like a zip file"),
        (b"\x08\x07\x12\x07pytorch" + bytes(64), "It may be an ONNX or TensorFlow protobuf"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "It is a Keras HDF5 file"),
        (b"\xff" * 4 + b"TFL3" + bytes(64), "damaged or truncated (72 bytes, while reading the root table"),
    ],
    ids=["empty", "too short", "zeros", "zip", "protobuf", "hdf5", "root outside"],
)
def test_what_is_not_tflite(data: bytes, expected: str) -> None:
    assert expected in _refusal(data)


def test_paths(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        read_model(tmp_path)
    with pytest.raises(InputError, match=r"no such file.*npufit zoo"):
        read_model(tmp_path / "absent.tflite")
    with pytest.raises(InputError, match="not a regular file"):
        read_model("/dev/zero")
    with pytest.raises(InputError, match="cannot be read"):
        read_model("a\0b")
    with pytest.raises(InputError, match="cannot be read"):
        read_model(tmp_path / ("x" * 300))
    (tmp_path / "empty.tflite").touch()
    with pytest.raises(ModelError, match=r"^empty\.tflite: the file is empty"):
        read_model(tmp_path / "empty.tflite")


def test_every_truncation_is_refused() -> None:
    for name in ("addition", "while_loop", "external_constants"):
        data = EXAMPLES[name]() if name in EXAMPLES else GOOD
        end = data.rstrip(b"\0")
        for length in range(0, len(end), 3):
            with pytest.raises(ModelError):
                parse_model(data[:length], name)


def _graph(file: FileBuilder) -> Any:
    return file.model.subgraphs[0]


def _tensor_input_outside(file: FileBuilder) -> None:
    _graph(file).operators[0].inputs = [0, 77]


def _tensor_negative(file: FileBuilder) -> None:
    _graph(file).operators[0].inputs = [0, -2]


def _tensor_output_outside(file: FileBuilder) -> None:
    _graph(file).operators[0].outputs = [3]


def _intermediate_outside(file: FileBuilder) -> None:
    _graph(file).operators[0].intermediates = [5]


def _subgraph_output_outside(file: FileBuilder) -> None:
    _graph(file).outputs = [2, 9]


def _subgraph_input_left_out(file: FileBuilder) -> None:
    _graph(file).inputs = [-1]


def _buffer_outside(file: FileBuilder) -> None:
    _graph(file).tensors[1].buffer = 12


def _operator_code_outside(file: FileBuilder) -> None:
    _graph(file).operators[0].opcodeIndex = 4


def _operator_code_unknown(file: FileBuilder) -> None:
    file.model.operatorCodes[0].builtinCode = 9999


def _element_unknown(file: FileBuilder) -> None:
    _graph(file).tensors[0].type = 99


def _shape_negative(file: FileBuilder) -> None:
    _graph(file).tensors[0].shape = [1, -4]


def _shape_absurd(file: FileBuilder) -> None:
    _graph(file).tensors[0].shape = [1 << 30, 1 << 30]


def _shape_long(file: FileBuilder) -> None:
    _graph(file).tensors[0].shape = [1] * 17


def _constant_short(file: FileBuilder) -> None:
    _graph(file).tensors[1].shape = [1, 5]


def _cycle_to_itself(file: FileBuilder) -> None:
    _graph(file).operators[0].inputs = [2, 1]


def _cycle_of_two(file: FileBuilder) -> None:
    graph = _graph(file)
    graph.tensors.append(tensor("back", [1, 4]))
    graph.operators[0].inputs = [3, 1]
    graph.operators.append(file.operator(Codes.RELU, [2], [3]))


def _written_twice(file: FileBuilder) -> None:
    _graph(file).operators.append(file.operator(Codes.RELU, [0], [2]))


def _written_twice_by_one(file: FileBuilder) -> None:
    _graph(file).operators[0].outputs = [2, 2]


def _no_operators(file: FileBuilder) -> None:
    _graph(file).operators = []


def _no_subgraphs(file: FileBuilder) -> None:
    file.model.subgraphs = []


def _called_subgraph_outside(file: FileBuilder) -> None:
    table = options("While", condSubgraphIndex=1, bodySubgraphIndex=0)
    _graph(file).operators[0] = file.operator(Codes.WHILE, [0], [2], table)


def _calls_itself(file: FileBuilder) -> None:
    table = options("If", thenSubgraphIndex=1, elseSubgraphIndex=1)
    _graph(file).operators[0] = file.operator(Codes.IF, [0], [2], table)
    file.subgraph([], [], [], [file.operator(Codes.CALL_ONCE, [], [], options("CallOnce", initSubgraphIndex=0))])


def _signature_subgraph_outside(file: FileBuilder) -> None:
    file.model.signatureDefs = [with_fields(schema.SignatureDefT(), signatureKey=b"serve", subgraphIndex=3)]


def _signature_tensor_outside(file: FileBuilder) -> None:
    entry = with_fields(schema.TensorMapT(), name=b"x", tensorIndex=8)
    file.model.signatureDefs = [with_fields(schema.SignatureDefT(), signatureKey=b"serve", inputs=[entry])]


def _external_outside(file: FileBuilder) -> None:
    with_fields(file.model.buffers[1], data=None, offset=1 << 33, size=16)


def _external_options_outside(file: FileBuilder) -> None:
    with_fields(_graph(file).operators[0], largeCustomOptionsOffset=1 << 20, largeCustomOptionsSize=10)


def _external_buffer_missing(file: FileBuilder) -> None:
    _graph(file).tensors[0].externalBuffer = 5


def _padding_unknown(file: FileBuilder) -> None:
    table = options("Conv2D", padding=7)
    _graph(file).operators[0] = file.operator(Codes.CONV_2D, [0, 1], [2], table)


def _options_unknown(file: FileBuilder) -> None:
    _graph(file).operators[0].builtinOptionsType = 200


def _two_options(file: FileBuilder) -> None:
    table = options("StablehloPad")
    with_fields(_graph(file).operators[0], builtinOptions2Type=13, builtinOptions2=table)


def _zero_points_outside(file: FileBuilder) -> None:
    _scales_outside(file, scales=0, zero_points=3)


def _scales_outside(file: FileBuilder, scales: int = 40, zero_points: int = -1) -> None:
    kinds = schema.QuantizationDetails
    block = with_fields(schema.BlockwiseQuantizationT(), scales=scales, zeroPoints=zero_points, blockSize=2)
    table = with_fields(schema.QuantizationParametersT(), detailsType=kinds.BlockwiseQuantization, details=block)
    _graph(file).tensors[1].quantization = table


def _sparse_format_unknown(file: FileBuilder) -> None:
    level = with_fields(schema.DimensionMetadataT(), format=2)
    _graph(file).tensors[1].sparsity = with_fields(schema.SparsityParametersT(), dimMetadata=[level])


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (_tensor_input_outside, "subgraph 0, operator 0 (ADD): input tensor index 77 is outside 0..2"),
        (_tensor_negative, "operator 0 (ADD): input tensor index -2 is outside 0..2"),
        (_tensor_output_outside, "operator 0 (ADD): output tensor index 3 is outside 0..2"),
        (_intermediate_outside, "operator 0 (ADD): intermediate tensor index 5 is outside 0..2"),
        (_subgraph_output_outside, "subgraph 0: output tensor index 9 is outside 0..2"),
        (_subgraph_input_left_out, "subgraph 0: input tensor index -1 is outside 0..2"),
        (_buffer_outside, "subgraph 0, tensor 1 'constant': buffer index 12 is outside 0..1"),
        (_operator_code_outside, "subgraph 0, operator 0: operator code index 4 is outside 0..0"),
        (_operator_code_unknown, "subgraph 0, operator 0: unknown builtin operator code 9999"),
        (_element_unknown, "subgraph 0, tensor 0 'input': unknown element type code 99"),
        (_shape_negative, "tensor 0 'input': the shape [1, -4] has a negative dimension"),
        (_shape_absurd, "tensor 0 'input': the shape [1073741824, 1073741824] has more than 2^40 elements"),
        (_shape_long, "tensor 0 'input': the shape has 17 dimensions"),
        (
            _constant_short,
            "tensor 1 'constant': the constant has 16 bytes, but its shape [1, 5] and type float32 need 20",
        ),
        (_cycle_to_itself, "operator 0 (ADD), tensor 2 'output': reads a tensor that only itself writes: a cycle"),
        (_cycle_of_two, "operator 0 (ADD), tensor 3 'back': reads a tensor that only operator 1 writes: a cycle"),
        (_written_twice, "operator 1 (RELU), tensor 2 'output': writes a tensor that operator 0 also writes"),
        (_written_twice_by_one, "operator 0 (ADD), tensor 2 'output': writes a tensor that it also writes"),
        (_no_operators, "subgraph 0: the subgraph has zero operators"),
        (_no_subgraphs, "the model has no subgraph"),
        (_called_subgraph_outside, "operator 0 (WHILE): names subgraph 1, but the file has 1"),
        (_calls_itself, "a cycle of calls: subgraph 0 calls subgraph 1 calls subgraph 0"),
        (_signature_subgraph_outside, "signature 'serve' names subgraph 3, but the file has 1"),
        (_signature_tensor_outside, "signature 'serve' assigns 'x' to tensor 8, but there are 3"),
        (_external_outside, "buffer 1 is at bytes 8589934592 to 8589934608, but the file has"),
        (_external_options_outside, "operator 0 (ADD): the custom options are at bytes 1048576 to 1048586"),
        (_external_buffer_missing, "tensor 0 'input': the external buffer 5 is not in the file's list"),
        (_padding_unknown, "operator 0 (CONV_2D): its options cannot be read: 7 is not a valid Padding"),
        (_options_unknown, "operator 0 (ADD): its options cannot be read: unknown options type 200"),
        (_two_options, "operator 0 (ADD): the operator has two tables of options"),
        (_scales_outside, "tensor 1 'constant': its scales and zero points are in tensors 40 and -1, but there are 3"),
        (
            _zero_points_outside,
            "tensor 1 'constant': its scales and zero points are in tensors 0 and 3, but there are 3",
        ),
        (_sparse_format_unknown, "tensor 1 'constant': unknown format 2 of a sparse dimension"),
    ],
)
def test_broken_content(damage: Callable[[FileBuilder], None], expected: str) -> None:
    file = addition()
    damage(file)
    assert expected in _refusal(file.pack())


def test_damage_names_what_was_being_read() -> None:
    """A vector of the second tensor that ends outside the file."""
    data = bytearray(GOOD)
    place = data.index(np.array([2, 1, 4], np.int32).tobytes())
    data[place : place + 4] = b"\x40\0\0\0"
    message = _refusal(bytes(data))
    assert f"damaged or truncated ({len(data)} bytes" in message
    assert "Compare its size with the original" in message


def test_a_custom_operator_is_called_by_its_name() -> None:
    file = FileBuilder()
    file.subgraph([tensor("x", [4])], [0], [0], [file.operator(Codes.CUSTOM, [7], [0], custom=b"Mine")])
    assert "operator 0 (Mine): input tensor index 7" in _refusal(file.pack())


# What looks wrong but is not.


def test_a_called_subgraph_may_have_no_operators() -> None:
    model = parse_model(EXAMPLES["branches"](), "model")
    assert [len(graph.operators) for graph in model.subgraphs] == [1, 1, 0]


def test_resources_may_be_written_after_they_are_read() -> None:
    file = FileBuilder()
    tensors = [tensor("x", [4]), tensor("handle", [], Types.RESOURCE), tensor("y", [4])]
    read = file.operator(Codes.READ_VARIABLE, [1], [2], options("ReadVariable"))
    file.subgraph(tensors, [0], [2], [read, file.operator(Codes.VAR_HANDLE, [], [1], options("VarHandle"))])
    assert len(parse_model(file.pack(), "model").main.operators) == 2


def test_the_size_of_strings_and_sparse_constants_is_not_in_their_shape() -> None:
    for name in ("strings", "sparse_weights", "int4_weights"):
        assert parse_model(EXAMPLES[name](), name).main.operators


def test_optional_inputs_may_be_left_out() -> None:
    model = parse_model(EXAMPLES["variable_state"](), "model")
    assert model.main.operators[0].inputs == (0, 1, 2, -1, 3)
    assert model.main.tensors[3].is_variable
