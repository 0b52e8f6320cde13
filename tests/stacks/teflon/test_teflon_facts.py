"""What was found on real networks: the numbers that npufit has to tell."""

from __future__ import annotations

import pytest

import npufit
from npufit.stacks import OperatorPlacement, Placement, RemedyKind, Unit
from real_files import find_model
from stacks.teflon.on_teflon import place


def _on_npu(placement: Placement) -> list[OperatorPlacement]:
    return [operator for operator in placement.operators if operator.unit is Unit.NPU]


def _versions(placement: Placement, rule: str) -> set[str | None]:
    return {
        remedy.target
        for operator in placement.operators
        if operator.finding and operator.finding.rule.id == rule
        for remedy in operator.finding.remedies
        if remedy.kind is RemedyKind.VERSION
    }


def test_ssd_mobilenet_v1_on_25_3() -> None:
    placement = place(npufit.load(find_model("ssd_mobilenet_v1_coco_quant.tflite")), "25.3")
    assert (len(_on_npu(placement)), len(placement.operators), len(placement.partitions)) == (41, 64, 4)
    refused = {
        operator.id.index: operator.finding.found
        for operator in placement.operators
        if operator.finding and operator.finding.rule.id == "teflon.relu6-range"
    }
    assert refused == {
        27: "6.86655 (scale 0.051242881, zero point 121)",
        28: "9.4243 (scale 0.06929636, zero point 119)",
        29: "6.26905 (scale 0.04383954, zero point 112)",
        30: "12.7168 (scale 0.084217161, zero point 104)",
        32: "8.58845 (scale 0.053677805, zero point 95)",
        34: "6.85443 (scale 0.044222128, zero point 100)",
    }
    (leak,) = (hazard for hazard in placement.hazards if hazard.rule.id == "ethosu.brick-order")
    assert leak.operators == (26, 39, 41)
    assert leak.found == "10x10x768, 76800 bytes"
    assert "operator 27 (CONV_2D)" in leak.message
    assert [hazard.operators for hazard in placement.hazards if hazard.rule.id == "ethosu.relu-unclamped"] == [
        (31,),
        (33,),
    ]
    assert [remedy.target for remedy in leak.remedies if remedy.kind is RemedyKind.VERSION] == ["imx93/teflon@main"]


def test_ssd_mobilenet_v1_of_the_zoo_leaks_bricks_on_25_3_and_26_2() -> None:
    model = npufit.load("zoo:ssd_mobilenet_v1@300,uint8")
    for version in ("25.3", "26.2"):
        assert "ethosu.brick-order" in {hazard.rule.id for hazard in place(model, version).hazards}
    assert "ethosu.brick-order" not in {hazard.rule.id for hazard in place(model, "main").hazards}


@pytest.mark.parametrize("version", ["25.3", "26.0", "26.1"])
def test_per_tensor_mobilenet_v2_of_keras_has_four_wrong_pads(version: str) -> None:
    placement = place(npufit.load("zoo:mobilenet_v2@224,int8-per-tensor,io=int8"), version)
    assert [(hazard.rule.id, hazard.operators[0]) for hazard in placement.hazards] == [
        ("ethosu.pad-folded", 4), ("ethosu.pad-folded", 12), ("ethosu.pad-folded", 24), ("ethosu.pad-folded", 51),
    ]  # fmt: skip
    for hazard in placement.hazards:
        assert hazard.remedies[0].target == "imx93/teflon@26.2"


@pytest.mark.parametrize("version", ["26.2", "main"])
def test_later_releases_fold_the_pads_of_keras_rightly(version: str) -> None:
    assert place(npufit.load("zoo:mobilenet_v2@224,int8-per-tensor,io=int8"), version).hazards == ()


def test_per_channel_mobilenet_v2_falls_back_on_25_3_only() -> None:
    model = npufit.load("zoo:mobilenet_v2@224,int8")
    old, new = place(model, "25.3"), place(model, "26.2")
    assert (len(_on_npu(old)), len(_on_npu(new)), len(old.operators)) == (14, 67, 71)
    refused = [operator for operator in old.operators if operator.finding]
    assert sum(operator.finding.rule.id == "ethosu.per-channel" for operator in refused if operator.finding) == 52
    assert _versions(old, "ethosu.per-channel") == {"imx93/teflon@26.1"}
    assert "ethosu.per-channel" not in {operator.finding.rule.id for operator in new.operators if operator.finding}


def test_the_global_pooling_of_a_keyword_spotter_sets_reserved_bits() -> None:
    model = npufit.load(find_model("kws_ref_model.tflite"))
    for version in ("25.3", "26.1", "26.2", "main"):
        (hazard,) = place(model, version).hazards
        assert (hazard.rule.id, hazard.certain) == ("ethosu.stride-overflow", False), version
        assert "0x1880" in hazard.message


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("add_relu_bcast", set[str]()), ("concat_c16", set[str]()), ("depthwise_1ch", set[str]()),
        ("slice_h", set[str]()), ("resize2x", set[str]()), ("residual_chain", set[str]()),
        ("pad_asym_conv", {"ethosu.pad-folded"}), ("pad_sym_conv", {"ethosu.pad-folded"}),
        ("resize3x", {"ethosu.resize-doubled"}),
    ],
)  # fmt: skip
def test_hazards_on_25_3_are_what_executing_the_captures_showed(name: str, rules: set[str]) -> None:
    # facts/ethos_u65.md, "Mesa captures"; resize3x was not executed, its factor is refused from 26.1 on.
    placement = place(npufit.load(find_model(f"micro/{name}.tflite")), "25.3")
    assert {hazard.rule.id for hazard in placement.hazards} == rules


def test_int8_mobilenet_v1_and_v2_have_no_hazard() -> None:
    # Executed bit for bit (facts/ethos_u65.md).
    for name in ("mobilenet_v1_0.5_160_quant", "mobilenet_v2_1.0_224_quant"):
        assert place(npufit.load(find_model(f"{name}.tflite")), "25.3").hazards == ()
