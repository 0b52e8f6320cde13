"""Small files that claim to be large: bounded time and memory, one error."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from counting_work import calls_at_most
from networks.schema_files import Codes, FileBuilder, addition, options, schema, tensor, with_fields
from npufit.errors import ModelError
from npufit.tflite import parse_model, serialize_model

_MOST_CALLS = 100_000
_MOST_BYTES = 64_000_000
_MANY = 1000
"""So few that the tables themselves are within the budget: their common content is not."""


class Once:
    """A table that is written once, however often the file refers to it."""

    def __init__(self, entry: Any) -> None:
        self._entry = entry
        self._place: int | None = None

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the generated code calls it by this name
        if self._place is None:
            place: int = self._entry.Pack(builder)
            self._place = place
        return self._place


def _repeated(entry: Any, count: int) -> list[Once]:
    return [Once(entry)] * count


def _subgraphs_of_operators() -> bytes:
    file = addition()
    graph = file.model.subgraphs[0]
    graph.operators = _repeated(graph.operators[0], 5000)
    file.model.subgraphs = _repeated(graph, 5000)
    return file.pack()


def _tensors_with_one_long_name() -> bytes:
    file = addition()
    file.model.subgraphs[0].tensors = _repeated(tensor(b"x" * 50_000, [1]), _MANY)
    return file.pack()


def _tensors_with_many_scales() -> bytes:
    file = addition()
    table = with_fields(schema.QuantizationParametersT(), scale=[0.5] * 10_000)
    file.model.subgraphs[0].tensors = _repeated(tensor("x", [1], quantization=table), _MANY)
    return file.pack()


def _operators_with_one_long_shape() -> bytes:
    file = addition()
    operator = file.operator(Codes.RESHAPE, [0], [], options("Reshape", newShape=[1] * 10_000))
    file.model.subgraphs[0].operators = _repeated(operator, _MANY)
    return file.pack()


def _operators_with_one_long_string() -> bytes:
    file = addition()
    operator = file.operator(Codes.VAR_HANDLE, [], [], options("VarHandle", sharedName=b"x" * 50_000))
    file.model.subgraphs[0].operators = _repeated(operator, _MANY)
    return file.pack()


def _operators_with_one_custom_option() -> bytes:
    file = FileBuilder()
    operator = file.operator(Codes.CUSTOM, [], [], custom=b"Mine", customOptions=[1] * 50_000)
    file.subgraph([], [], [], _repeated(operator, _MANY))
    return file.pack()


def _buffers_with_the_same_data() -> bytes:
    file = addition()
    buffer = with_fields(schema.BufferT(), data=[1] * 50_000)
    file.model.buffers += _repeated(buffer, _MANY)
    return file.pack()


def _external_buffers_with_the_same_data() -> bytes:
    file = addition()
    file.model.buffers += [with_fields(schema.BufferT(), offset=16, size=20_000) for _ in range(_MANY)]
    return file.pack()


def _external_options_of_many_operators() -> bytes:
    file = FileBuilder()
    operator = file.operator(Codes.CUSTOM, [], [], custom=b"Mine")
    with_fields(operator, largeCustomOptionsOffset=16, largeCustomOptionsSize=30_000)
    file.subgraph([], [], [], _repeated(operator, _MANY))
    return file.pack() + bytes(60_000)


@pytest.mark.parametrize(
    "make",
    [
        _subgraphs_of_operators,
        _tensors_with_one_long_name,
        _tensors_with_many_scales,
        _operators_with_one_long_shape,
        _operators_with_one_long_string,
        _operators_with_one_custom_option,
        _buffers_with_the_same_data,
        _external_buffers_with_the_same_data,
        _external_options_of_many_operators,
    ],
)
def test_content_that_is_claimed_many_times(make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < 300_000
    tracemalloc.start()
    try:
        with calls_at_most(_MOST_CALLS), pytest.raises(ModelError, match="claim more content than the file's"):
            parse_model(data, "hostile")
        assert tracemalloc.get_traced_memory()[1] < _MOST_BYTES
    finally:
        tracemalloc.stop()


def test_a_shape_of_a_million_dimensions() -> None:
    """Refused before anything multiplies the dimensions, which would take minutes."""
    file = addition()
    file.model.subgraphs[0].tensors[0].shape = [0x7FFFFFFF] * 200_000
    data = file.pack()
    with calls_at_most(_MOST_CALLS), pytest.raises(ModelError, match="the shape has 200000 dimensions"):
        parse_model(data, "hostile")


def test_an_honest_large_model_is_read() -> None:
    """2000 operators: the budget refuses what a file cannot hold, not what it holds."""
    file = FileBuilder()
    count = 2000
    tensors = [tensor(f"t{index}", [1]) for index in range(count + 1)]
    code = file.operator(Codes.RELU, [], []).opcodeIndex
    operators = [
        with_fields(schema.OperatorT(), opcodeIndex=code, inputs=[index], outputs=[index + 1]) for index in range(count)
    ]
    file.model.buffers += [schema.BufferT() for _ in range(3 * count)]
    file.subgraph(tensors, [0], [count], operators)
    model = parse_model(file.pack(), "large")
    assert len(model.main.operators) == count
    assert len(parse_model(serialize_model(model), "again").main.operators) == count


def test_names_that_swallow_the_file() -> None:
    data = bytearray(addition().pack())
    place = data.index(b"input\0") - 4
    data[place : place + 4] = struct.pack("<I", 0xFFFFFF00)
    with pytest.raises(ModelError, match=r"data at byte \d+ ends at byte 4294967\d+ of 420"):
        parse_model(bytes(data), "hostile")


def test_names_are_made_readable_in_messages() -> None:
    file = addition()
    file.model.subgraphs[0].tensors[0].name = b"\x1b[31mred\n\xff" + b"x" * 100_000
    file.model.subgraphs[0].tensors[0].shape = [-1]
    with pytest.raises(ModelError) as caught:
        parse_model(file.pack(), "hostile")
    message = str(caught.value)
    assert len(message) < 400
    assert message.isprintable()
    assert r"\x1b[31mred\n\udcff" in message


@pytest.mark.parametrize("value", [0, 1, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF])
def test_every_word_set_to_an_extreme(value: int) -> None:
    """Offsets to themselves, backwards and far outside, lengths and indices, one at a time."""
    data = addition().pack()
    refused = 0
    for place in range(8, len(data) - 3, 4):
        hostile = data[:place] + struct.pack("<I", value) + data[place + 4 :]
        try:
            with calls_at_most(_MOST_CALLS):
                serialize_model(parse_model(hostile, "hostile"))
        except ModelError:
            refused += 1
    assert refused > 10
