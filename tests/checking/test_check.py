"""The main question through the Python API: names of targets, totals, logs."""

from __future__ import annotations

import dataclasses

import pytest

import npufit
from npufit.checking import parse_gate
from npufit.errors import InputError, ModelError
from npufit.stacks import Evidence, Target, Unit, all_targets, resolve_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("imx93/teflon@25.3", Target("imx93", "teflon", "25.3")),
        ("imx93/teflon@25.3.2", Target("imx93", "teflon", "25.3")),
        ("imx93/teflon@26.1.6", Target("imx93", "teflon", "26.1")),
        ("imx93/teflon@26.2.1", Target("imx93", "teflon", "26.2.0")),
        ("imx93/teflon@26.2.6", Target("imx93", "teflon", "26.2")),
        ("imx93/teflon", Target("imx93", "teflon", "26.2")),
        ("imx8mp/teflon@main", Target("imx8mp", "teflon", "main")),
        ("rk3588/teflon@26.1", Target("rk3588", "teflon", "26.1")),
        ("imx93/vela", Target("imx93", "vela", "5.2")),
        ("imx95/neutron@1.16", Target("imx95", "neutron", "1.16")),
    ],
)
def test_a_target_resolves_to_the_version_whose_rules_stand_for_it(text: str, target: Target) -> None:
    assert resolve_target(text) == target


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("imx93/tefln@26.1", "imx93/teflon"),
        ("imx39/vela", "imx93/vela"),
        ("imx95/neutrom", "imx95/neutron"),
        ("imx93", "imx93/teflon"),
        ("imx93/teflon@24.1", "Known: 25.3, 26.0, 26.1"),
        ("imx95/teflon", "imx93/teflon"),
        ("", "Known: imx93/teflon"),
    ],
)
def test_a_wrong_target_suggests_the_nearest(text: str, suggestion: str) -> None:
    with pytest.raises(InputError, match=suggestion):
        resolve_target(text)


def test_every_listed_target_resolves_and_says_what_it_rests_on() -> None:
    for info in all_targets():
        for version in info.versions:
            assert resolve_target(f"{info.chip}/{info.stack}@{version}").version == version
        assert info.basis
        assert info.missing
        if info.versions:
            assert info.default_version in info.versions


def test_a_result_adds_up_and_cannot_be_changed() -> None:
    result = npufit.check(npufit.load("zoo:mobilenet_v2@96,int8"), "imx93/teflon@26.2")
    summary = result.summary
    assert summary.npu + summary.cpu + summary.unknown == summary.operators == 71
    assert summary.npu == sum(len(partition.operators) for partition in result.placement.partitions)
    assert summary.macs == sum(count or 0 for count in result.macs.values())
    assert summary.macs_unknown == 0
    assert summary.boundary_bytes == sum(partition.traffic.total_bytes for partition in result.placement.partitions)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.placement = result.placement  # type: ignore[misc]


def test_every_operator_off_the_npu_says_why_and_names_a_way_out() -> None:
    for target in ("imx93/teflon@25.3", "imx93/teflon@main", "imx8mp/teflon", "rk3588/teflon", "imx95/neutron"):
        result = npufit.check(npufit.load("zoo:ssd_mobilenet_v2@96,int8"), target)
        for placed in result.placement.operators:
            if placed.unit is Unit.NPU:
                continue
            assert placed.finding is not None, (target, placed)
            assert placed.finding.rule.statement
            assert placed.finding.limit
            assert placed.finding.found
            assert placed.finding.source
            assert placed.finding.remedies, (target, placed.finding.rule.id)


def test_a_log_decides_and_differences_are_listed() -> None:
    model = npufit.load("zoo:mobilenet_v1@32,uint8")
    rows = "\n".join(
        f"{index:3} {'CONV' if operator.type == 'CONV_2D' else 'unknown'} v1 "
        f"{'unsupported' if index == 0 else 'supported'} in: 0(u8) out: 1(u8)"
        for index, operator in enumerate(model.main.operators)
    )
    log = f"Teflon delegate: loaded ethosu driver\nidx    type ver support     inputs\n====\n{rows}\n"
    result = npufit.check(model, "imx93/teflon@26.2", npufit.CheckOptions(log=log))
    first, last = result.placement.operators[0], result.placement.operators[-1]
    assert (first.unit, first.evidence) == (Unit.CPU, Evidence.EXECUTED)
    assert (last.unit, last.evidence) == (Unit.NPU, Evidence.EXECUTED)
    assert {difference.operator.index for difference in result.placement.differences if difference.operator} >= {
        0,
        len(model.main.operators) - 1,
    }


def test_a_log_of_another_tool_is_named() -> None:
    model = npufit.load("zoo:mobilenet_v1@32,uint8")
    log = "Conversion statistics:\n  Number of operators after import    = 31\n"
    with pytest.raises(InputError, match="neutron"):
        npufit.check(model, "imx93/teflon@26.2", npufit.CheckOptions(log=log))


def test_a_log_without_anything_known_says_what_was_expected() -> None:
    with pytest.raises(InputError, match="TEFLON_DEBUG=verbose"):
        npufit.check(npufit.load("zoo:mobilenet_v1@32,uint8"), "imx93/teflon", npufit.CheckOptions(log="hello\n"))


def test_models_are_loaded_by_path_or_by_name(tmp_path: object) -> None:
    with pytest.raises(InputError, match="no such file"):
        npufit.load("missing.tflite")
    with pytest.raises(InputError, match="mobilenet_v2"):
        npufit.load("zoo:mobilnet_v2")
    assert issubclass(ModelError, InputError)


def test_a_share_of_macs_is_not_claimed_where_some_are_unknown() -> None:
    """A custom operator may do most of the work; one that is known to have none does not stand in the way."""
    model = npufit.load("zoo:mobilenet_v2@96,int8-per-tensor")
    main = model.main
    last = dataclasses.replace(main.operators[-1], type="CUSTOM", options=None)
    for code, share in (("MyMatrixProduct", None), ("TFLite_Detection_PostProcess", pytest.approx(0.99, abs=0.02))):
        operators = (*main.operators[:-1], dataclasses.replace(last, custom_code=code))
        changed = dataclasses.replace(model, subgraphs=(dataclasses.replace(main, operators=operators),))
        result = npufit.check(changed, "imx93/teflon@26.2")
        assert result.summary.npu_macs_share == share
        assert result.summary.macs_unknown == (share is None)
        assert result.evaluate(parse_gate("npu-macs>=1")).passed is (share is not None)
