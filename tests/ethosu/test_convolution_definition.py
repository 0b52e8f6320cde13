"""CONV and DEPTHWISE against their definition, with weights from the codec's own encoder."""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from definition import (
    INT8,
    INT16,
    INT32,
    MAP_BYTES,
    UINT8,
    Draw,
    clamps,
    finished,
    maps,
    output_stage,
    rounded,
    run,
    some_values,
    window_registers,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ethosu import mlw_codec  # pyright: ignore[reportMissingTypeStubs]

NONE, NEAREST, ZEROS = range(3)
WEIGHTS, SCALES = 3 * MAP_BYTES, 3 * MAP_BYTES + 0x3000


def encoded(weights: npt.NDArray[np.int16], block: int, core: int, cores: int, *more: Any) -> bytes:
    """Return a core's share of the weights, compressed."""
    encode = cast(Any, mlw_codec).reorder_encode
    return bytes(encode(8, 8, weights[core::cores], (block + cores - 1 - core) // cores, *more)[0])


def sizes(draw: Draw, outputs: int, stride: int, reach: int, upscale: int) -> tuple[int, int, int]:
    """Return the IFM's size along an axis with the padding before and behind."""
    before, behind = draw(st.integers(0, reach - 1)), draw(st.integers(0, reach - 1))
    enlarged = (outputs - 1) * stride + reach - before - behind
    assume(enlarged > 0)
    # What lies behind an odd number of doubled rows, the second of the last pair or padding, is not published.
    assume(upscale == NONE or behind == 0 or enlarged % 2 == 0)
    return (enlarged if upscale == NONE else (enlarged + 1) // 2), before, behind


@pytest.mark.parametrize("upscale", [NONE, NEAREST, ZEROS])
@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("depthwise", [False, True])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_convolutions(data: st.DataObject, depthwise: bool, cores: int, upscale: int) -> None:
    draw = data.draw
    size, strides, dilations = ((draw(st.integers(1, largest)), draw(st.integers(1, largest))) for largest in (3, 3, 2))
    height, width, depth = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.sampled_from([1, 7, 17, 20]))
    inputs = depth if depthwise else draw(st.sampled_from([1, 3, 18, 35]))
    rows, columns = (
        sizes(draw, outputs, strides[axis], (size[axis] - 1) * dilations[axis] + 1, upscale)
        for axis, outputs in enumerate((height, width))
    )
    ifm = maps(draw, 0, (rows[0], columns[0], inputs), draw(st.sampled_from([INT8, UINT8, INT16])))
    ofm = maps(draw, 1, (height, width, depth), draw(st.sampled_from([INT8, UINT8, INT16, INT32])))
    rounding, clamp, part_kernel = draw(st.integers(0, 2)), clamps(draw, ofm.kind), draw(st.booleans())
    block = draw(st.sampled_from([8, 16])) * cores
    chance = np.random.default_rng(draw(st.integers(0, 99)))
    weights = chance.integers(-255, 256, (depth, *size, 1 if depthwise else inputs)).astype(np.int16)
    weights[chance.random(weights.shape) < 0.2] = -255
    channels = [
        (bias, int(chance.integers(1 << 30, 1 << 31)), int(chance.integers(36, 50)))
        for bias in chance.integers(-(1 << 20), 1 << 20, depth).tolist()
    ]
    for_all = draw(st.none() | st.tuples(st.integers(1 << 30, (1 << 31) - 1), st.integers(28, 50)))
    values = some_values(int(chance.integers(99)), ifm)

    def seen(y: int, x: int, c: int) -> int:
        if upscale == ZEROS and (y % 2 or x % 2):
            return 0
        y, x = (y, x) if upscale == NONE else (y // 2, x // 2)
        inside = 0 <= y < ifm.shape[0] and 0 <= x < ifm.shape[1]
        return values[y, x, c] - ifm.zero_point if inside else 0

    def expected(y: int, x: int, c: int) -> int:
        total, scale, shift = channels[c]
        for dy, dx, i in product(range(size[0]), range(size[1]), range(weights.shape[3])):
            at = y * strides[0] + dy * dilations[0] - rows[1], x * strides[1] + dx * dilations[1] - columns[1]
            total += int(weights[c, dy, dx, i]) * seen(*at, c if depthwise else i)
        scale, shift = (scale, shift) if for_all is None else for_all
        return finished(rounded(total, scale, shift, rounding), ofm, clamp)

    more = depthwise, part_kernel and not depthwise, ifm.kind.bits, 8 // dilations[0], 8 // dilations[1]
    streams = [encoded(weights, block, core, cores, *more) for core in range(min(cores, depth))]
    streams += [b""] * (cores - len(streams))
    scales = [
        b"".join(
            bias.to_bytes(5, "little", signed=True) + scale.to_bytes(4, "little") + bytes([shift])
            for bias, scale, shift in channels[core::cores]
        )
        for core in range(cores)
    ]
    registers = window_registers(ifm, size, strides, dilations, (rows[1], columns[1], rows[2], columns[2]))
    kernel = next(line for line in registers if line.startswith("KERNEL_STRIDE"))
    stream = [
        *output_stage(ofm, rounding, clamp, for_all),
        *registers,
        f"KERNEL_STRIDE {int(kernel.split()[1]) | part_kernel << 2}",
        *(f"IFM_UPSCALE {upscale}", f"OFM_BLK_DEPTH_M1 {block - 1}", f"PARALLEL_MODE {cores - 1}"),
        *("WEIGHT_REGION 1", "SCALE_REGION 1"),
    ]
    others: list[tuple[int, bytes]] = []
    for core, name in zip(range(cores), ("", "1"), strict=False):
        for kind, start, data_ in (("WEIGHT", WEIGHTS, streams[core]), ("SCALE", SCALES, scales[core])):
            start += 0x1800 * core if kind == "WEIGHT" else 0x800 * core
            stream += [f"{kind}{name}_BASE {start}", f"{kind}{name}_LENGTH {len(data_)}"]
            others.append((start, data_))
    got = run([*stream, "DEPTHWISE" if depthwise else "CONV"], [(ifm, values)], ofm, *others)
    assert got == {place: expected(*place) for place in ofm.places()}
