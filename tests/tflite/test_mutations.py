"""Damaged real files are read as sound models or refused with a ModelError: nothing else, and quickly."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable, Iterator

import pytest
from schema_files import EXAMPLES

from npufit.errors import ModelError
from npufit.graph import constant_values, infer_shapes, measure_work, wire
from npufit.tflite import parse_model, serialize_model

_EXTREMES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_MOST_SECONDS = 2.0
"""For one file of at most 20 kB, on a machine that does other things as well; it takes milliseconds."""


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(0, len(data) - 4) & ~3
    data[place : place + 4] = struct.pack("<I", rng.choice(_EXTREMES))


def _nudge(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(0, len(data) - 4) & ~3
    (value,) = struct.unpack_from("<I", data, place)
    data[place : place + 4] = struct.pack("<I", (value + rng.choice((-64, -8, -4, -1, 1, 4, 8, 64))) % (1 << 32))


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _insert(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    data[place:place] = rng.randbytes(rng.choice((1, 4, 16)))


def _delete(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    del data[place : place + rng.choice((1, 4, 16))]


def _swap(data: bytearray, rng: random.Random) -> None:
    length = rng.choice((2, 4, 8, 32))
    first, second = (rng.randrange(max(1, len(data) - length)) for _ in range(2))
    data[first : first + length], data[second : second + length] = (
        data[second : second + length],
        data[first : first + length],
    )


_MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _overwrite,
    _overwrite,
    _nudge,
    _nudge,
    _truncate,
    _insert,
    _delete,
    _swap,
)


def _mutants(sources: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    for number in range(count):
        data = bytearray(sources[number % len(sources)])
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            if len(data) > 32:
                rng.choice(_MUTATIONS)(data, rng)
        data[4:8] = b"TFL3"  # Files without it are refused at once.
        yield bytes(data)


def _is_accepted(data: bytes) -> bool:
    """Read `data`; where that works, everything else must work as well."""
    try:
        model = parse_model(data, "mutant")
    except ModelError:
        return False
    for subgraph in model.subgraphs:
        wire(subgraph)
        assert infer_shapes(subgraph) == subgraph
        for operator in subgraph.operators:
            assert measure_work(subgraph, operator).macs >= 0
        for tensor in subgraph.tensors:
            constant_values(tensor)
            assert tensor.size_bytes >= 0
    written = serialize_model(model)
    assert serialize_model(parse_model(written, "again")) == written
    return True


def _try(sources: list[bytes], count: int, seed: int) -> None:
    accepted = 0
    for number, data in enumerate(_mutants(sources, count, seed)):
        start = time.perf_counter()
        try:
            accepted += _is_accepted(data)
        except Exception as error:
            error.add_note(f"mutant {number} of seed {seed}: {len(data)} bytes")
            raise
        assert time.perf_counter() - start < _MOST_SECONDS, f"mutant {number} of seed {seed} is slow"
    assert 0.05 * count < accepted < 0.95 * count, "the mutations are too harsh or too mild to test anything"


def test_mutations(tiny_models: list[bytes]) -> None:
    _try([*(example() for example in EXAMPLES.values()), *tiny_models], 500, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_mutations(tiny_models: list[bytes], seed: int) -> None:
    _try([*(example() for example in EXAMPLES.values()), *tiny_models], 1000, seed)
