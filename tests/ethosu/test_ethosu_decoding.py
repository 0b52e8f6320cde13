"""Words to instructions, and what is refused."""

from __future__ import annotations

import struct

import pytest
from ethosu_programs import assemble
from hypothesis import given
from hypothesis import strategies as st

from npufit.errors import InputError
from npufit.ethosu import decode, disassemble


def test_values_and_fields() -> None:
    stream = assemble("IFM_ZERO_POINT -3", "OFM_SCALE 7 40", "IFM_BASE0 0x8012345678", "OFM_PRECISION 0x8141", "STOP")
    zero_point, scale, base, precision, stop = decode(stream)
    assert zero_point.value == -3
    assert scale.fields == (("scale", 7), ("shift", 40))
    assert base.value == 0x8012345678
    assert dict(precision.fields) == {"signed": 1, "bits": 0, "format": 1, "global_scale": 1, "rounding": 2}
    assert [stop.offset, stop.name] == [24, "STOP"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((0x4000,), "before the payload of IFM_BASE0"),
        ((0x3FF,), "is not a command"),
        ((0x8000,), "is not a command"),
        ((0x0105 | 1 << 20,), "reserved bits 0x0010"),
        ((0x0006 | 10 << 16,), "defined are 0, 1"),
        ((0x010F | 8 << 16,), "for region"),
        ((0x4000 | 0x24 | 64 << 16, 1), "a shift of 64"),
        ((0x4000 | 1 << 24, 1), "beyond 40 bits"),
        ((0x012E,), "only on the Ethos-U85"),
    ],
)
def test_refusals_name_the_offset(words: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        decode(struct.pack(f"<{len(words) + 1}I", 0, *words))
    assert "0x4" in str(refused.value)


def test_half_a_word_is_refused() -> None:
    with pytest.raises(InputError, match="7 bytes"):
        decode(bytes(7))


@given(st.binary(max_size=200))
def test_garbage_is_decoded_or_refused(data: bytes) -> None:
    try:
        instructions = decode(data)
    except InputError:
        return
    assert instructions == () or instructions[-1].offset < len(data)
    assert disassemble(instructions).count("\n\n") <= len(instructions)


def test_disassembly_shows_what_an_operation_uses() -> None:
    stream = assemble(
        *("DMA0_SRC_REGION 0", "DMA0_SRC 0x10", "DMA0_DST_REGION 0x100", "DMA0_DST 0xb800", "DMA0_LEN 256"),
        *("IFM_DEPTH_M1 3", "DMA_START", "DMA0_LEN 16", "DMA_START", "DMA_WAIT 0", "STOP 0xffff"),
    )
    assert disassemble(decode(stream)) == (
        """\
0x000024  #0 DMA_START mode=COPY channel=0  256 bytes from region 0+0x10 to SHRAM+0xb800
    DMA0_SRC_REGION   region=0 internal=0 stride_mode=1D *
    DMA0_SRC          0x10 *
    DMA0_DST_REGION   region=0 internal=1 stride_mode=1D *
    DMA0_DST          0xb800 *
    DMA0_LEN          0x100 *

0x000030  #1 DMA_START mode=COPY channel=0  16 bytes from region 0+0x10 to SHRAM+0xb800
    DMA0_SRC_REGION   region=0 internal=0 stride_mode=1D
    DMA0_SRC          0x10
    DMA0_DST_REGION   region=0 internal=1 stride_mode=1D
    DMA0_DST          0xb800
    DMA0_LEN          0x10 *

0x000034  #2 DMA_WAIT outstanding=0 channel=0  until at most 0 are unfinished

0x000038  #3 STOP mask=65535
"""
    )
