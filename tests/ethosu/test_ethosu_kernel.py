"""What the kernel's driver accepts, version by version."""

from __future__ import annotations

from pathlib import Path

import pytest
from ethosu_programs import assemble, captured, feature_map, output_registers

from npufit.errors import InputError
from npufit.ethosu import KERNELS, Program, validate

SHAPE = (1, 1, 16)
SIGNED = 1
MAP = (
    *output_registers(SHAPE),
    *feature_map("IFM", 1, 0, SHAPE, SIGNED),
    *feature_map("OFM", 1, 16, SHAPE, SIGNED | 1 << 8),
    *("OFM_SCALE 1 0", "OPA_SCALE 1 0", "OPB_SCALE 1 0"),
)
SCALAR = ("IFM2_BROADCAST 0x80", "IFM2_PRECISION 1", "IFM2_ZERO_POINT 0", "IFM2_SCALAR 3", "ELEMENTWISE 1")


def refusals(kernel: str, *lines: str, size: int = 32) -> dict[str, str]:
    """Return the checks that refuse a stream by hand, with their errno."""
    program = Program(assemble(*lines), b"", ((1, size),))
    return {refusal.check.id: refusal.check.errno for refusal in validate(program, kernel)}


@pytest.mark.parametrize(("kernel", "refused"), [("6.19", True), ("7.0", True), ("7.1", False), ("7.3", False)])
def test_scalar_operands(kernel: str, refused: bool) -> None:
    assert refusals(kernel, *MAP, *SCALAR, "STOP") == ({"scalar-second-map": "EINVAL"} if refused else {})


@pytest.mark.parametrize(("kernel", "refused"), [("7.1", False), ("7.2", True), ("7.3", False)])
def test_natural_rounding(kernel: str, refused: bool) -> None:
    lines = (*MAP, "OFM_PRECISION 0x8101", "ELEMENTWISE 6", "STOP")
    assert refusals(kernel, *lines) == ({"natural-rounding": "EINVAL"} if refused else {})


def test_buffers() -> None:
    lines = (*MAP, "ELEMENTWISE 6", "STOP")
    assert refusals("6.19", *lines, size=31) == {"beyond-buffer": "EOVERFLOW"}
    assert refusals("6.19", *lines, size=0) == {"no-buffer": "ENOENT"}
    assert refusals("6.19", *lines[1:]) == {"state-unset": "EINVAL"}


def test_end_of_the_stream_matters_from_7_2_on() -> None:
    assert refusals("7.1", *MAP, "ELEMENTWISE 6") == {}
    assert refusals("7.2", *MAP, "ELEMENTWISE 6") == {"ends-with-stop": "EINVAL"}
    assert refusals("7.2", "IRQ", "STOP", "STOP") == {"no-interrupt": "EINVAL", "ends-with-stop": "EINVAL"}


def test_what_mesa_submitted_is_accepted_by_the_first_kernel(shared_models: Path) -> None:
    program, _ = captured(shared_models.parent / "captures" / "micro" / "concat_c16", 0)
    assert validate(program, KERNELS[0]) == ()
    assert [refusal.check.id for refusal in validate(program, "7.2")] == ["natural-rounding"]


def test_unknown_kernels_are_refused() -> None:
    with pytest.raises(InputError, match=r"Known are 6\.19"):
        validate(Program(b"", b"", ()), "5.10")
