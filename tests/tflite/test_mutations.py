"""Damaged real files are read as sound models or refused with a ModelError: nothing else, and quickly."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from counting_work import calls_at_most
from mutating_bytes import damage
from networks.schema_files import EXAMPLES
from npufit.errors import ModelError
from npufit.graph import constant_values, infer_shapes, measure_work, wire
from npufit.tflite import parse_model, serialize_model

_MOST_CALLS = 1_000_000
"""For one file of at most 20 kB."""


def _mutants(sources: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    for number in range(count):
        yield damage(sources[number % len(sources)], rng)


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
        try:
            with calls_at_most(_MOST_CALLS):
                accepted += _is_accepted(data)
        except Exception as error:
            error.add_note(f"mutant {number} of seed {seed}: {len(data)} bytes")
            raise
    assert 0.05 * count < accepted < 0.95 * count, "the mutations are too harsh or too mild to test anything"


def test_mutations(tiny_models: list[bytes]) -> None:
    _try([*(example() for example in EXAMPLES.values()), *tiny_models], 500, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_mutations(tiny_models: list[bytes], seed: int) -> None:
    _try([*(example() for example in EXAMPLES.values()), *tiny_models], 1000, seed)
