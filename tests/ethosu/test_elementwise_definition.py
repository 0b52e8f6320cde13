"""Every mode of ELEMENTWISE against its definition: types, layouts, tiles, broadcast, order, scalars, rounding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from definition import (
    INT8,
    INT16,
    INT32,
    UINT8,
    Draw,
    Kind,
    Map,
    Shape,
    clamps,
    finished,
    maps,
    output_stage,
    rounded,
    run,
    some_values,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MODES = ("MUL", "ADD", "SUB", "MIN", "MAX", "LRELU", "ABS", "CLZ", "SHR", "SHL")
UNARY = ("LRELU", "ABS", "CLZ")
SCALES = st.sampled_from([(1, 0), (3, 1), (1, 5)]) | st.tuples(st.integers(1 << 30, (1 << 31) - 1), st.integers(26, 52))
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 5, 16, 19]))


class Case:
    """One drawn operation: its registers, and its result for two integers."""

    def __init__(self, draw: Draw, mode: str) -> None:
        """Draw types, scales and rounding for `mode`."""
        wide = mode in ("CLZ", "SHR", "SHL")
        self.mode = mode
        self.ifm = INT32 if wide else draw(st.sampled_from([INT8, UINT8, INT16, INT32]))
        self.ofm = INT32 if wide and mode != "SHR" else draw(st.sampled_from([INT8, UINT8, INT16, INT32]))
        self.rounding = draw(st.integers(0, 2))
        self.scaled_operand = draw(st.integers(0, 2)) if mode in ("ADD", "SUB") else 0
        self.operand_scale = draw(st.integers(1 << 30, (1 << 31) - 1)), draw(st.integers(30, 33))
        self.factors = draw(st.integers(0, 1 << 10)), draw(st.integers(0, 1 << 10))
        is_scaled = mode in ("MUL", "ADD", "SUB", "LRELU", "ABS")
        self.scale = draw(SCALES) if is_scaled else None

    def result(self, left: int, right: int) -> int:
        """Return the operation's result before the zero point."""
        match self.mode:
            case "MUL":
                return self._scaled(left * right)
            case "ADD" | "SUB":
                left, right = self._aligned(left, right)
                return self._scaled(left + right if self.mode == "ADD" else left - right)
            case "MIN":
                return min(left, right)
            case "MAX":
                return max(left, right)
            case "LRELU":
                return left if left >= 0 else self._scaled(left)
            case "ABS":
                return self._scaled(abs(left))
            case "CLZ":
                return 0 if left < 0 else 32 - left.bit_length()
            case "SHR":
                return rounded(left, 1, right, self.rounding)
            case _:
                return left * 2**right

    def _scaled(self, value: int) -> int:
        assert self.scale is not None
        return rounded(value, 1 if self.ifm.bits == 32 else self.scale[0], self.scale[1], self.rounding)

    def _aligned(self, left: int, right: int) -> tuple[int, int]:
        if self.ifm.bits == 32:
            return left, right
        if self.scaled_operand == 0:
            return left * self.factors[0], right * self.factors[1]
        up = 19 if self.ifm.bits == 8 else 14
        # The reference kernels shift both left by one bit more; that counts where TFL rounds twice.
        scale, shift = self.operand_scale
        if self.scaled_operand == 1:
            return rounded(left * 2 ** (up + 1), scale, shift + up + 1, self.rounding), right * 2**up
        return left * 2**up, rounded(right * 2 ** (up + 1), scale, shift + up + 1, self.rounding)

    def registers(self, ifm: Map) -> list[str]:
        """Return the registers of the operands' scales and of the IFM."""
        registers = ifm.registers("IFM")
        precision = int(registers.pop().split()[1])
        first, shift = self.operand_scale if self.scaled_operand else (self.factors[0], 0)
        return [
            *registers,
            f"IFM_PRECISION {precision | self.scaled_operand << 8 | self.rounding << 14}",
            *(f"OPA_SCALE {first} {shift}", f"OPB_SCALE {self.factors[1]} 0"),
        ]


def ranges(mode: str, kind: Kind, *, second: bool) -> tuple[int | None, int | None]:
    """Return the values that an operand takes: shifts are amounts, and what is shifted up stays in 32 bits."""
    if second and mode in ("SHR", "SHL"):
        return 0, 31 if mode == "SHR" else 8
    if mode == "SHL":
        return -(1 << 22), 1 << 22
    if kind.bits == 32 and mode in ("ADD", "SUB"):
        return -(1 << 30), (1 << 30) - 1
    return None, None


@settings(max_examples=50, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("mode", MODES)
def test_modes(mode: str, data: st.DataObject) -> None:
    draw = data.draw
    case, shape = Case(draw, mode), draw(SHAPES)
    ifm, ofm = maps(draw, 0, shape, case.ifm), maps(draw, 2, shape, case.ofm)
    broadcast = draw(st.integers(0, 7))
    small = (shape[0] if not broadcast & 1 else 1, shape[1] if not broadcast & 2 else 1)
    other = maps(draw, 1, (*small, shape[2] if not broadcast & 4 else 1), case.ifm)
    second_first, scalar = draw(st.booleans()), draw(st.none() | st.integers(0, 31))
    seed, clamp = draw(st.integers(0, 99)), clamps(draw, case.ofm)
    left_range, right_range = (
        ranges(mode, case.ifm, second=second is not second_first and mode not in UNARY) for second in (False, True)
    )
    first, second = some_values(seed, ifm, *left_range), some_values(seed + 1, other, *right_range)
    if scalar is not None:
        scalar = min(scalar, right_range[1] or 31)
        other = replace(other, split=None)
    flags = broadcast | second_first << 6 | (scalar is not None) << 7

    def expected(place: Shape) -> int:
        y, x, c = (min(at, size - 1) for at, size in zip(place, other.shape, strict=True))
        left = first[place] - ifm.zero_point
        right = (second[y, x, c] if scalar is None else scalar) - other.zero_point
        if second_first and mode not in UNARY:
            left, right = right, left
        return finished(case.result(left, right), ofm, clamp)

    stream = [
        *output_stage(ofm, case.rounding, clamp, case.scale),
        *case.registers(ifm),
        *other.registers("IFM2"),
        *(f"IFM2_BROADCAST {flags}", f"IFM2_SCALAR {scalar or 0}", f"ELEMENTWISE {MODES.index(mode)}"),
    ]
    got = run(stream, [(ifm, first), (other, second)], ofm)
    assert got == {place: expected(place) for place in ofm.places()}
