"""What follows the scaling: tables of 8, 16 and 32 bits, forced ranges, slots, and the built-in functions."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, tanh

import numpy as np
import pytest
from definition import (
    INT8,
    INT16,
    INT32,
    MAP_BYTES,
    TFL,
    UINT8,
    Kind,
    Map,
    Values,
    output_stage,
    run,
    some_values,
    window_registers,
)

SHAPE = (3, 5, 16)
TABLE = 3 * MAP_BYTES
SHRAM_TABLE = 0xB800
CLIPS = {None: 0, UINT8: 2, INT8: 3, INT16: 5}


def looked_up(ifm: Map, ofm: Map, values: Values, activation: int, table: bytes = b"", slot: int = 0) -> Values:
    """Return the copy of a map through an activation, with a table in a slot."""
    stream = [
        *("DMA0_SRC_REGION 1", f"DMA0_SRC {TABLE}", "DMA0_DST_REGION 0x100", f"DMA0_LEN {len(table)}"),
        *(f"DMA0_DST {SHRAM_TABLE + 256 * slot}", "DMA_START", "DMA_WAIT 0"),
        *output_stage(ofm, TFL, (-32768, 32767) if ofm.kind.signed else (0, 255), (1, 0)),
        *window_registers(ifm, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0)),
        *(f"ACTIVATION {activation}", "POOL 1"),
    ]
    return run(stream, [(ifm, values)], ofm, (TABLE, table))


@pytest.mark.parametrize("slot", [0, 3, 7])
@pytest.mark.parametrize("kind", [INT8, UINT8])
def test_tables_of_bytes(kind: Kind, slot: int) -> None:
    ifm, ofm = Map(0, SHAPE, kind, 3), Map(MAP_BYTES, SHAPE, kind, 5)
    values = some_values(slot, ifm)
    table = np.random.default_rng(slot).permutation(256).astype(np.uint8).tobytes()

    def expected(value: int) -> int:
        entry = table[kind.clamp(value - 3 + 5) - kind.lowest]
        return entry - 256 if kind.signed and entry > 127 else entry

    got = looked_up(ifm, ofm, values, 16 + slot, table, slot)
    assert got == {place: expected(value) for place, value in values.items()}


@pytest.mark.parametrize(("clip", "slot"), [(INT8, 0), (INT8, 4), (UINT8, 0)])
def test_tables_of_words_are_looked_up_with_bytes(clip: Kind, slot: int) -> None:
    ifm, ofm = Map(0, SHAPE, INT16), Map(MAP_BYTES, SHAPE, INT32)
    values = some_values(4, ifm, -300, 300)
    entries = np.random.default_rng(1).integers(-(1 << 31), 1 << 31, 256).astype("<i4")
    got = looked_up(ifm, ofm, values, 16 + slot | CLIPS[clip] << 12, entries.tobytes(), slot)
    assert got == {place: int(entries[clip.clamp(value) - clip.lowest]) for place, value in values.items()}


def test_tables_of_lines() -> None:
    ifm, ofm = Map(0, SHAPE, INT16), Map(MAP_BYTES, SHAPE, INT16)
    values = some_values(5, ifm)
    chance = np.random.default_rng(2)
    bases, slopes = chance.integers(-30000, 30000, 512), chance.integers(-4000, 4000, 512)
    table = b"".join(
        int(base).to_bytes(2, "little", signed=True) + int(slope).to_bytes(2, "little", signed=True)
        for base, slope in zip(bases, slopes, strict=True)
    )

    def expected(value: int) -> int:
        entry, rest = divmod(value + 32768, 128)
        return INT16.clamp(int(bases[entry]) + (int(slopes[entry]) * rest + 64) // 128)

    got = looked_up(ifm, ofm, values, 16, table)
    assert got == {place: expected(value) for place, value in values.items()}


def logistic(value: float) -> float:
    """Return the logistic function."""
    return 1 / (1 + exp(-value))


@pytest.mark.parametrize(("activation", "unit"), [(3, tanh), (4, logistic)])
def test_built_in_functions_follow_their_function(activation: int, unit: Callable[[float], float]) -> None:
    ifm, ofm = Map(0, SHAPE, INT16), Map(MAP_BYTES, SHAPE, INT16)
    values = some_values(6, ifm)
    got = looked_up(ifm, ofm, values, activation)
    # The hardware's own table is not published: lines between samples stay within 8 units of 1 / 32768.
    assert all(abs(got[place] - 32768 * unit(value / 12288)) < 8 for place, value in values.items())


@pytest.mark.parametrize("bounds", [(-5, 40), (-128, -100), (7, 7)])
def test_results_are_clamped(bounds: tuple[int, int]) -> None:
    ifm, ofm = Map(0, SHAPE, INT8, -9), Map(MAP_BYTES, SHAPE, INT8, 4)
    values = some_values(7, ifm)
    stream = [
        *output_stage(ofm, TFL, bounds, (1, 0)),
        *window_registers(ifm, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0)),
        "POOL 1",
    ]
    got = run(stream, [(ifm, values)], ofm)
    assert got == {place: min(bounds[1], max(bounds[0], value + 13)) for place, value in values.items()}
