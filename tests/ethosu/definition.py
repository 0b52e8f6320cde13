"""The arithmetic and the addresses of the Ethos-U, written down once more: plain integers, one value at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import floor, trunc
from typing import Protocol, TypeVar

import numpy as np
from ethosu_programs import assemble, execute
from hypothesis import strategies as st

Shape = tuple[int, int, int]
Pair = tuple[int, int]
Values = dict[Shape, int]
TFL, TRUNCATE, NATURAL = range(3)
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Kind:
    """The type of a map's values."""

    bits: int
    signed: bool

    @property
    def lowest(self) -> int:
        """The smallest value."""
        return -(2 ** (self.bits - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """The largest value."""
        return 2 ** (self.bits - 1) - 1 if self.signed else 2**self.bits - 1

    def clamp(self, value: int) -> int:
        """Return the nearest value of the type."""
        return min(self.highest, max(self.lowest, value))


UINT8, INT8, INT16, INT32 = Kind(8, False), Kind(8, True), Kind(16, True), Kind(32, True)


@dataclass(frozen=True)
class Map:
    """A feature map in region 1: in bricks or not, in four tiles (split at row and column) or in one."""

    base: int
    shape: Shape
    kind: Kind
    zero_point: int = 0
    bricks: bool = False
    split: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        """Bytes of a value."""
        return self.kind.bits // 8

    @property
    def strides(self) -> Shape:
        """Bytes from row to row, from column to column, and from brick to brick, with some left between."""
        _, width, depth = self.shape
        if self.bricks:
            brick = 16 * self.size * width
            return brick * -(-depth // 16) + 16, 16 * self.size, brick
        return (width * (depth + 1) + 3) * self.size, (depth + 1) * self.size, self.size

    def tile_base(self, number: int) -> int:
        """Return where a tile begins; the second row of tiles lies before the first."""
        return self.base + 0x1000 * (number ^ 2) if self.split else self.base

    def address(self, place: Shape) -> int:
        """Return where a value lies."""
        y, x, c = place
        tile = 0
        if self.split:
            below, right = y >= self.split[0], x >= self.split[1]
            tile, y, x = 2 * below + right, y - self.split[0] * below, x - self.split[1] * right
        row, column, brick = self.strides
        inside = c // 16 * brick + c % 16 * self.size if self.bricks else c * self.size
        return self.tile_base(tile) + y * row + x * column + inside

    def registers(self, prefix: str) -> list[str]:
        """Return the registers of the map as IFM, IFM2 or OFM."""
        width_bits = {8: 0, 16: 1, 32: 2}[self.kind.bits] << (1 if prefix == "OFM" else 2)
        height, width, _ = self.shape
        split = self.split or (height, width)
        return [
            f"{prefix}_REGION 1",
            *(f"{prefix}_BASE{number} {self.tile_base(number)}" for number in range(4)),
            f"{prefix}_HEIGHT0_M1 {split[0] - 1}",
            f"{prefix}_HEIGHT1_M1 {split[0] - 1}",
            f"{prefix}_WIDTH0_M1 {split[1] - 1}",
            *(f"{prefix}_STRIDE_{axis} {size}" for axis, size in zip("YXC", self.strides, strict=True)),
            f"{prefix}_ZERO_POINT {self.zero_point}",
            f"{prefix}_PRECISION {self.kind.signed | width_bits | self.bricks << 6}",
        ]

    def places(self) -> Iterator[Shape]:
        """Yield every place of the map."""
        height, width, depth = self.shape
        yield from product(range(height), range(width), range(depth))

    def put(self, memory: bytearray, values: Values) -> None:
        """Write values where they lie."""
        for place, value in values.items():
            start = self.address(place)
            memory[start : start + self.size] = value.to_bytes(self.size, "little", signed=self.kind.signed)

    def get(self, memory: bytes) -> Values:
        """Read all values."""
        starts = {place: self.address(place) for place in self.places()}
        return {
            place: int.from_bytes(memory[start : start + self.size], "little", signed=self.kind.signed)
            for place, start in starts.items()
        }


MAP_BYTES = 0x4000


class Draw(Protocol):
    """Draws a value of a strategy."""

    def __call__(self, strategy: st.SearchStrategy[Drawn]) -> Drawn:
        """Return the value."""
        ...


def maps(draw: Draw, number: int, shape: Shape, kind: Kind) -> Map:
    """Return a map of a drawn layout; `number` keeps maps apart."""
    is_tiled = shape[0] > 1 and shape[1] > 1 and draw(st.booleans())
    return Map(
        MAP_BYTES * number,
        shape,
        kind,
        draw(st.integers(max(-128, kind.lowest), min(127, kind.highest))) if kind.bits < 32 else 0,
        draw(st.booleans()),
        (draw(st.integers(1, shape[0] - 1)), draw(st.integers(1, shape[1] - 1))) if is_tiled else None,
    )


def some_values(seed: int, feature_map: Map, lowest: int | None = None, highest: int | None = None) -> Values:
    """Return values over the whole range, every third at an edge of it."""
    chance = np.random.default_rng(seed)
    lowest = feature_map.kind.lowest if lowest is None else lowest
    highest = feature_map.kind.highest if highest is None else highest
    edges = [lowest, highest, min(max(0, lowest), highest), min(max(1, lowest), highest)]
    return {
        place: int(chance.choice(edges)) if chance.random() < 1 / 3 else int(chance.integers(lowest, highest + 1))
        for place in feature_map.places()
    }


def clamps(draw: Draw, kind: Kind) -> tuple[int, int]:
    """Return a drawn lowest and highest result; those of unsigned types are not negative."""
    signed = [(-32768, 32767), (-128, 127), (-100, -20), (-3, 90)] if kind.signed else []
    return draw(st.sampled_from([*signed, (0, 32767), (0, 255), (0, 6)]))


def rounded(value: int, scale: int, shift: int, rounding: int) -> int:
    """Return value * scale / 2^shift as an integer, by the definition of the rounding mode."""
    exact = Fraction(value * scale, 2**shift)
    if rounding == TRUNCATE:
        return trunc(exact)
    if rounding == NATURAL or shift <= 31:
        return floor(exact + Fraction(1, 2))
    high = floor(Fraction(value * scale, 2**31) + Fraction(1, 2))
    rest = floor(Fraction(abs(high), 2 ** (shift - 31)) + Fraction(1, 2))
    return rest if high >= 0 else -rest


def output_stage(ofm: Map, rounding: int, clamp: tuple[int, int], scale: tuple[int, int] | None) -> list[str]:
    """Return the registers of the OFM and of what becomes of results; `scale` is for all channels."""
    registers = ofm.registers("OFM")
    precision = int(registers.pop().split()[1])
    height, width, depth = ofm.shape
    return [
        *registers,
        f"OFM_PRECISION {precision | rounding << 14 | (scale is not None) << 8}",
        *(f"OFM_{axis}_M1 {size - 1}" for axis, size in (("HEIGHT", height), ("WIDTH", width), ("DEPTH", depth))),
        *("OFM_BLK_HEIGHT_M1 1", "OFM_BLK_WIDTH_M1 1", "OFM_BLK_DEPTH_M1 7", "BLOCKDEP 0"),
        *("ACTIVATION 0", f"ACTIVATION_MIN {clamp[0]}", f"ACTIVATION_MAX {clamp[1]}"),
        *([] if scale is None else [f"OFM_SCALE {scale[0]} {scale[1]}"]),
    ]


def finished(value: int, ofm: Map, clamp: tuple[int, int]) -> int:
    """Return what is written for a scaled value: 32-bit results have neither zero point nor clamp."""
    if ofm.kind.bits == 32:
        return ofm.kind.clamp(value)
    return ofm.kind.clamp(min(clamp[1], max(clamp[0], value + ofm.zero_point)))


def window_registers(
    ifm: Map,
    size: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    pads: tuple[int, int, int, int],
) -> list[str]:
    """Return the registers of the IFM and of a window: height and width; pads are top, left, bottom, right."""
    low = strides[1] - 1 & 1 | (strides[0] - 1 & 1) << 1 | dilations[1] - 1 << 3 | dilations[0] - 1 << 4
    return [
        *ifm.registers("IFM"),
        f"IFM_DEPTH_M1 {ifm.shape[2] - 1}",
        f"KERNEL_HEIGHT_M1 {dilations[0] * (size[0] - 1)}",
        f"KERNEL_WIDTH_M1 {dilations[1] * (size[1] - 1)}",
        f"KERNEL_STRIDE {low | (strides[1] - 1 >> 1) << 6 | (strides[0] - 1 >> 1) << 9}",
        *(f"IFM_PAD_{side} {pad}" for side, pad in zip(("TOP", "LEFT", "BOTTOM", "RIGHT"), pads, strict=True)),
        "IFM_UPSCALE 0",
    ]


def run(stream: list[str], inputs: list[tuple[Map, Values]], result: Map, *others: tuple[int, bytes]) -> Values:
    """Return the values of `result` after a stream, with bytes at the addresses in `others`. It has no findings."""
    memory = bytearray(4 * MAP_BYTES)
    for feature_map, values in inputs:
        feature_map.put(memory, values)
    for start, data in others:
        memory[start : start + len(data)] = data
    array = np.frombuffer(memory, np.uint8)
    found = execute(assemble(*stream, "STOP"), {1: array})
    assert found.findings == ()
    return result.get(bytes(array))
