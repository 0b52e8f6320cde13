"""DMA in one, two and three dimensions, byte by byte, with the SHRAM on either side."""

from __future__ import annotations

import numpy as np
import pytest
from ethosu_programs import assemble, execute
from hypothesis import assume, given, settings
from hypothesis import strategies as st

BYTES = 400
SOURCE, TARGET = 60, 90
SHRAM_TABLE = 0xB800


def addresses(start: int, dimensions: int, sizes: tuple[int, int, int], skips: tuple[int, int]) -> list[int]:
    """Return the addresses of one side, in the order of the bytes: a skip follows each row and each plane."""
    length, rows, planes = sizes
    at, found = start, list[int]()
    for _ in range(planes):
        for _ in range(rows):
            found += range(at, at + length)
            at += length + (skips[0] if dimensions > 1 else 0)
        at += skips[1] if dimensions > 2 else 0
    return found


@settings(deadline=None)
@given(
    dimensions=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    sizes=st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)),
    skips=st.tuples(st.integers(-5, 8), st.integers(0, 40)),
)
def test_sides_have_their_own_dimensions(
    dimensions: tuple[int, int], sizes: tuple[int, int, int], skips: tuple[int, int]
) -> None:
    most = max(dimensions)
    moved = (sizes[0], sizes[1] if most > 1 else 1, sizes[2] if most > 2 else 1)
    stream = assemble(
        *(f"DMA0_SRC_REGION {1 | dimensions[0] - 1 << 9}", f"DMA0_DST_REGION {2 | dimensions[1] - 1 << 9}"),
        *(f"DMA0_SRC {SOURCE}", f"DMA0_DST {TARGET}", f"DMA0_LEN {sizes[0]}", f"DMA0_SIZE0 {sizes[1]}"),
        *(f"DMA0_SIZE1 {sizes[2]}", f"DMA0_SKIP0 {skips[0]}", f"DMA0_SKIP1 {skips[1]}", "DMA_START", "STOP"),
    )
    memory = {1: np.random.default_rng(0).integers(0, 256, BYTES, np.uint8), 2: np.zeros(BYTES, np.uint8)}
    expected = memory[2].tolist()
    sources, targets = addresses(SOURCE, dimensions[0], moved, skips), addresses(TARGET, dimensions[1], moved, skips)
    assume(len(set(targets)) == len(targets))  # which byte stays where a target overlaps itself is not published
    for source, target in zip(sources, targets, strict=True):
        expected[target] = int(memory[1][source])
    before = memory[1].copy()
    assert execute(stream, memory).findings == ()
    assert memory[2].tolist() == expected
    assert np.array_equal(memory[1], before)


def test_one_dimension_ignores_the_registers_of_others() -> None:
    stream = assemble(
        *("DMA0_SRC_REGION 1", "DMA0_SRC 3", "DMA0_DST_REGION 1", "DMA0_DST 20", "DMA0_LEN 4"),
        *("DMA0_SIZE0 7", "DMA0_SIZE1 7", "DMA0_SKIP0 9", "DMA0_SKIP1 9", "DMA_START", "STOP"),
    )
    memory = {1: np.arange(40, dtype=np.uint8)}
    assert execute(stream, memory).findings == ()
    assert memory[1].tolist() == [*range(20), 3, 4, 5, 6, *range(24, 40)]


@pytest.mark.parametrize("shift", [-3, 3])
def test_source_and_target_may_overlap(shift: int) -> None:
    lines = ("DMA0_SRC_REGION 1", "DMA0_DST_REGION 1", "DMA0_SRC 10", f"DMA0_DST {10 + shift}", "DMA0_LEN 12")
    memory = {1: np.arange(40, dtype=np.uint8)}
    assert execute(assemble(*lines, "DMA_START", "STOP"), memory).findings == ()
    assert memory[1][10 + shift : 22 + shift].tolist() == list(range(10, 22))


def test_through_the_shram() -> None:
    stream = assemble(
        *("DMA0_SRC_REGION 0x201", "DMA0_SRC 0", "DMA0_DST_REGION 0x100", f"DMA0_DST {SHRAM_TABLE}", "DMA0_LEN 16"),
        *("DMA0_SIZE0 2", "DMA0_SKIP0 8", "DMA_START", "DMA_WAIT 0"),
        *("DMA0_SRC_REGION 0x100", f"DMA0_SRC {SHRAM_TABLE}", "DMA0_DST_REGION 0x202", "DMA0_DST 4", "DMA_START"),
        "STOP",
    )
    memory = {1: np.arange(64, dtype=np.uint8), 2: np.full(64, 255, np.uint8)}
    assert execute(stream, memory).findings == ()
    assert memory[2].tolist() == [255] * 4 + [*range(16)] + [255] * 8 + [*range(24, 40)] + [255] * 20
