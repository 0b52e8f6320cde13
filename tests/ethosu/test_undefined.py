"""What no public source defines is named, not guessed."""

from __future__ import annotations

import numpy as np
import pytest
from definition import INT8, INT16, INT32, Kind, Map, output_stage
from ethosu_programs import assemble, execute

from npufit.ethosu import FindingKind

SHAPE = (2, 2, 4)
UNIT = "KERNEL_HEIGHT_M1 0", "KERNEL_WIDTH_M1 0", "KERNEL_STRIDE 0", "IFM_UPSCALE 0", "IFM_DEPTH_M1 3"
NO_PADDING = tuple(f"IFM_PAD_{side} 0" for side in ("TOP", "LEFT", "BOTTOM", "RIGHT"))
SUM_SHAPE = (2, 2, 1)


def problems(ifm: Kind, ofm: Kind, shape: tuple[int, int, int], *changes: str) -> list[str]:
    """Return what is not defined of an operation on a map of 2x2x4."""
    stream = [
        *output_stage(Map(0x400, shape, ofm), 0, (-128, 127), (1, 0)),
        *Map(0, SHAPE, ifm).registers("IFM"),
        *Map(0x800, SHAPE, ifm).registers("IFM2"),
        *("OPA_SCALE 1 0", "OPB_SCALE 1 0", "IFM2_BROADCAST 0", *UNIT, *NO_PADDING, *changes, "STOP"),
    ]
    findings = execute(assemble(*stream), {1: np.zeros(0x1000, np.uint8)}).findings
    assert {finding.kind for finding in findings} <= {FindingKind.UNSUPPORTED}
    return [finding.message.partition(": ")[2] for finding in findings]


@pytest.mark.parametrize(
    "window",
    [
        ("KERNEL_HEIGHT_M1 2", "IFM_PAD_TOP 1", "IFM_PAD_BOTTOM 1"),
        ("KERNEL_WIDTH_M1 1",),
        ("KERNEL_STRIDE 1",),
        ("IFM_UPSCALE 1",),
    ],
)
def test_sums_over_a_window(window: tuple[str, ...]) -> None:
    (problem,) = problems(INT8, INT32, SUM_SHAPE, *window, "POOL 2")
    assert problem.startswith("REDUCE_SUM with a window")
    assert problems(INT8, INT32, SUM_SHAPE, "POOL 2") == []


@pytest.mark.parametrize(("activation", "name"), [(3, "TANH"), (4, "SIGMOID")])
def test_built_in_functions_to_other_types(activation: int, name: str) -> None:
    change = f"ACTIVATION {activation}"
    for kind in (INT8, INT32):
        (problem,) = problems(INT16, kind, SHAPE, change, "POOL 1")
        assert problem.startswith(f"{name} to int{kind.bits}; the hardware's result has 16 bits")
    assert problems(INT8, INT16, SHAPE, change, "POOL 1") == []


def test_two_roundings() -> None:
    scaled = (f"IFM_PRECISION {1 | 1 << 8 | 2 << 14}", "ELEMENTWISE 1")
    (problem,) = problems(INT8, INT8, SHAPE, *scaled)
    assert problem == "an operand to round by NATURAL and a result by TFL; it is unknown which counts where"
    assert problems(INT8, INT8, SHAPE, f"IFM_PRECISION {1 | 1 << 8}", "ELEMENTWISE 1") == []
    assert problems(INT8, INT8, SHAPE, f"IFM_PRECISION {1 | 2 << 14}", "ELEMENTWISE 1") == []


def test_averages_of_wide_values() -> None:
    (problem,) = problems(INT32, INT32, SHAPE, "OFM_SCALE 0x40000000 30", "POOL 1")
    assert problem.startswith("AVERAGE that scales 32-bit values")
    assert problems(INT32, INT32, SHAPE, "POOL 1") == []
