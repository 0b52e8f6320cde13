"""Plain models: documented rules, and unknown for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from networks import Network
from npufit.graph import (
    NOT_QUANTIZED,
    Conv2DOptions,
    ElementType,
    Model,
    Operator,
    Options,
    Padding,
    SoftmaxOptions,
    Subgraph,
    Tensor,
)
from npufit.stacks.neutron import STACK
from npufit.stacks.placement import Status, Unit
from npufit.stacks.rule import Evidence, RemedyKind
from npufit.tflite import read_model
from stacks.neutron.on_neutron import place, rule_ids, zoo

_INT8 = ElementType.INT8
_IMAGE = (1, 8, 8, 16)


def _chain(*steps: tuple[str, tuple[int, ...], ElementType, Options | None]) -> Model:
    """Return a chain of one-input operators; each step is type, output shape, output element and options.

    The first step, of type INPUT, gives the graph's input. Types in lower case are custom operators.
    """
    network = Network(quantization=NOT_QUANTIZED)
    for kind, shape, element, options in steps:
        if kind == "INPUT":
            network.input(*shape, element=element)
        elif kind.islower():
            network.apply("CUSTOM", (len(network.tensors) - 1,), shape, element=element, custom_code=kind)
        else:
            network.apply(kind, (len(network.tensors) - 1,), shape, options, element=element)
    return network.model(name="chain.tflite")


@pytest.fixture(autouse=True)
def without_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take care that no converter is found on this machine's PATH."""
    monkeypatch.setenv("PATH", "")


def _one(kind: str, element: ElementType = _INT8) -> Model:
    return _chain(("INPUT", _IMAGE, _INT8, None), (kind, _IMAGE, element, None))


def test_float_borders_run_on_the_cpu_by_documentation() -> None:
    placement = place(zoo("mobilenet_v2@96,int8"))
    first, last = placement.operators[0], placement.operators[-1]
    assert {(o.unit, o.evidence) for o in (first, last)} == {(Unit.CPU, Evidence.DOCUMENTED)}
    assert rule_ids(placement).count("neutron.float") == 2
    assert first.finding is not None
    assert "float32" in first.finding.found


def test_integer_borders_leave_no_float_finding() -> None:
    assert "neutron.float" not in rule_ids(place(zoo("mobilenet_v2@96,int8,io=int8")))


@pytest.mark.parametrize(
    ("kind", "element", "rule", "unit"),
    [
        ("ABS", _INT8, "neutron.undecided", Unit.UNKNOWN),
        ("ABS", ElementType.INT16, "neutron.undecided", Unit.UNKNOWN),
        ("ABS", ElementType.FLOAT32, "neutron.float", Unit.CPU),
        ("ABS", ElementType.FLOAT16, "neutron.float", Unit.CPU),
        ("ARG_MAX", ElementType.INT64, "neutron.wide-integer", Unit.CPU),
        ("CAST", ElementType.BOOL, "neutron.wide-integer", Unit.CPU),
        ("my_operator", _INT8, "neutron.custom", Unit.CPU),
        ("SOFTMAX", _INT8, "neutron.softmax", Unit.UNKNOWN),
        ("MEAN", _INT8, "neutron.mean", Unit.UNKNOWN),
    ],
)
def test_each_rule_on_both_sides(kind: str, element: ElementType, rule: str, unit: Unit) -> None:
    placement = place(_one(kind, element))
    assert rule_ids(placement) == [rule]
    assert placement.operators[0].unit is unit


@pytest.mark.parametrize(
    ("version", "unit", "evidence"),
    [("3.1.3", Unit.CPU, Evidence.OBSERVED), ("3.2", Unit.UNKNOWN, Evidence.INFERRED)],
)
def test_a_general_observation_counts_for_its_release_only(version: str, unit: Unit, evidence: Evidence) -> None:
    (operator,) = place(_one("DEPTH_TO_SPACE"), version).operators
    assert (operator.unit, operator.evidence) == (unit, evidence)


def test_seen_on_the_npu_elsewhere_is_a_note_and_not_a_verdict() -> None:
    (seen,) = place(_one("TRANSPOSE_CONV"), "3.1").operators
    (unseen,) = place(_one("TRANSPOSE_CONV"), "2.2").operators
    assert seen.unit is unseen.unit is Unit.UNKNOWN
    assert "seen on the NPU" in seen.note
    assert not unseen.note


@pytest.mark.parametrize(("stride", "rule"), [(2, "neutron.pad-before-stride"), (1, "neutron.undecided")])
def test_pad_is_named_where_a_stride_follows(stride: int, rule: str) -> None:
    options = Conv2DOptions(Padding.VALID, stride, stride)
    model = _chain(
        ("INPUT", _IMAGE, _INT8, None), ("PAD", (1, 9, 9, 16), _INT8, None), ("CONV_2D", (1, 4, 4, 8), _INT8, options)
    )
    assert rule_ids(place(model))[0] == rule


def test_the_export_without_pads_is_named_as_experiment() -> None:
    findings = [o.finding for o in place(zoo("mobilenet_v2@96,int8")).operators if o.finding]
    pads = [finding for finding in findings if finding.rule.id == "neutron.pad-before-stride"]
    assert len(pads) == 4
    assert any("pad=folded" in remedy.text for remedy in pads[0].remedies)
    assert "neutron.pad-before-stride" not in rule_ids(place(zoo("mobilenet_v2@96,int8,pad=folded")))


def _detector(*middle: str) -> Model:
    boxes = (1, 4, 84, 16)
    options = Conv2DOptions(stride_w=1, stride_h=1)
    return _chain(
        ("INPUT", _IMAGE, _INT8, None),
        *((kind, _IMAGE, _INT8, None) for kind in middle),
        ("TRANSPOSE", boxes, _INT8, None),
        ("SOFTMAX", boxes, _INT8, SoftmaxOptions(1.0)),
        ("CONV_2D", (1, 4, 84, 1), _INT8, options),
    )


def test_a_box_decoder_is_named_and_its_softmax_is_no_classifier() -> None:
    assert rule_ids(place(_detector()))[-3:-1] == ["neutron.detection-head"] * 2


@pytest.mark.parametrize(("version", "evidence"), [("3.1", Evidence.OBSERVED), ("2.2", Evidence.INFERRED)])
def test_detectors_with_depthwise_convolutions_are_a_hazard(version: str, evidence: Evidence) -> None:
    (hazard,) = place(_detector("DEPTHWISE_CONV_2D"), version).hazards
    assert (hazard.rule.id, hazard.operators, hazard.evidence) == ("neutron.depthwise-detector", (0,), evidence)


def test_other_networks_have_no_detector_hazard() -> None:
    assert not place(_detector("CONV_2D")).hazards
    assert not place(zoo("mobilenet_v2@96,int8")).hazards


def test_a_run_time_normalisation_behind_a_reshape_is_named() -> None:
    tensors = tuple(Tensor(name, _IMAGE, _INT8) for name in "abcd")
    operators = (
        Operator("RESHAPE", (0,), (1,)),
        Operator("MEAN", (1,), (2,)),
        Operator("SQUARED_DIFFERENCE", (1, 2), (3,)),
    )
    model = Model("norm.tflite", (Subgraph(tensors, (0,), (3,), operators),))
    assert rule_ids(place(model))[0] == "neutron.group-norm"


def test_without_converter_the_first_note_says_how_to_know() -> None:
    placement = place(zoo("mobilenet_v2@96,int8"))
    assert placement.status is Status.PARTIAL
    assert placement.notes[0].text.startswith("69 of 71 operators are unknown")
    assert "--converter" in placement.notes[0].text


def test_a_file_for_another_npu_is_recognised() -> None:
    model = _chain(("INPUT", _IMAGE, _INT8, None), ("ethos-u", _IMAGE, _INT8, None))
    assert any("Ethos-U" in note.text for note in place(model).notes)


def test_real_models_have_every_operator_once_and_no_invented_verdict(real_model: Path) -> None:
    model = read_model(real_model)
    for version in STACK.describe("imx95").versions:
        placement = place(model, version)
        assert [operator.id for operator in placement.operators] == [place for place, _ in model.operators()]
        assert not placement.partitions
        for operator in placement.operators:
            assert operator.unit is not Unit.NPU
            assert operator.finding is not None
            assert operator.finding.source
            if operator.unit is Unit.UNKNOWN:
                assert operator.finding.limit.startswith("not published")
                assert any(remedy.kind is RemedyKind.EXPERIMENT for remedy in operator.finding.remedies)
