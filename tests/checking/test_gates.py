"""Gates: what they read, what they refuse, when they hold."""

from __future__ import annotations

import pytest

from npufit.checking import CheckResult, check, parse_gate
from npufit.errors import InputError
from npufit.loading import load


@pytest.fixture(scope="module")
def partly_on_npu() -> CheckResult:
    """Return a network of which Mesa 25.3 takes 14 of 71 operators in 14 partitions, with four hazards."""
    return check(load("zoo:mobilenet_v2@96,int8"), "imx93/teflon@25.3")


@pytest.mark.parametrize(
    ("text", "passed", "found"),
    [
        ("npu-operators>=14", True, 14),
        ("npu-operators>=15", False, 14),
        ("npu-operators>=19%", True, 1400 / 71),
        ("npu-operators>=20%", False, 1400 / 71),
        ("cpu-operators==57", True, 57),
        ("unknown-operators==0", True, 0),
        ("npu-macs>=1%", False, 0.0),
        ("partitions<=14", True, 14),
        ("partitions<14", False, 14),
        ("hazards==0", False, 4),
        ("hazards > 3", True, 4),
        ("hazards=4", True, 4),
    ],
)
def test_a_gate_holds_where_the_value_is_on_its_side(
    partly_on_npu: CheckResult, text: str, passed: bool, found: float
) -> None:
    outcome = partly_on_npu.evaluate(parse_gate(text))
    assert outcome.passed is passed
    assert outcome.found == pytest.approx(found)  # pyright: ignore[reportUnknownMemberType]
    assert text.strip() in str(outcome)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot read"),
        ("npu-operators", "cannot read"),
        ("npu-operators>=many", "cannot read"),
        ("npu-operators>=95%%", "cannot read"),
        ("latency<=5", "unknown quantity 'latency'"),
        ("hazards<=1%", "no total"),
        ("predicted-ms<=10%", "no total"),
    ],
)
def test_a_gate_that_means_nothing_is_refused_with_what_would(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse_gate(text)


def test_what_is_unknown_does_not_pass() -> None:
    result = check(load("zoo:mobilenet_v2@96,int8"), "imx95/neutron@1.16")
    assert result.summary.unknown > 0
    outcome = result.evaluate(parse_gate("npu-macs>=0%"))
    assert outcome.found is None
    assert not outcome.passed


def test_gates_on_time_read_the_estimate() -> None:
    result = check(load("zoo:mobilenet_v1@96,uint8"), "imx93/vela")
    assert result.estimate is not None
    assert result.estimate.total_ms is not None
    assert result.estimate.speed_up is not None
    predicted = result.evaluate(parse_gate(f"predicted-ms<={result.estimate.total_ms + 0.01:.3f}"))
    assert predicted.passed
    assert predicted.found == result.estimate.total_ms
    assert not result.evaluate(parse_gate("predicted-ms<=0.001")).passed
    assert result.evaluate(parse_gate("speed-up>=1.5")).found == result.estimate.speed_up


def test_time_that_is_not_predicted_does_not_pass() -> None:
    for target in ("imx95/neutron@1.16", "rk3588/teflon", "imx8mp/vx"):
        result = check(load("zoo:mobilenet_v2@96,int8"), target)
        for gate in ("predicted-ms<=100000", "speed-up>=0"):
            if result.estimate is None or result.estimate.total_ms is None:
                outcome = result.evaluate(parse_gate(gate))
                assert outcome.found is None
                assert not outcome.passed
