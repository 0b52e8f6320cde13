"""Converted files: what they say is the placement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stand_in_converter import KERNELS, Convention, Converted, convert_model

from npufit.graph import Buffer, Metadata, Model
from npufit.stacks.placement import Placement, Status, Traffic, Unit
from npufit.stacks.rule import Evidence
from npufit.tflite import parse_model, serialize_model
from stacks.neutron.on_neutron import place, rule_ids, zoo

_LEFT = frozenset({"QUANTIZE", "DEQUANTIZE", "PAD", "SOFTMAX"})
_SOURCE = zoo("mobilenet_v2@96,int8")


def _convert(convention: Convention | None = None) -> Converted:
    converted = convert_model(_SOURCE, convention or Convention(left=_LEFT))
    return replace(converted, model=parse_model(serialize_model(converted.model), "converted.tflite"))


def _place(convention: Convention | None = None, version: str = "1.16") -> Placement:
    return place(_convert(convention).model, version)


def _hazards(placement: Placement) -> list[str]:
    return [hazard.rule.id for hazard in placement.hazards]


def test_neutron_graphs_are_the_npu_and_the_rest_is_the_cpu() -> None:
    converted = _convert()
    placement = place(converted.model)
    names = [operator.name for operator in converted.model.main.operators]
    units = [operator.unit for operator in placement.operators]
    assert units == [Unit.NPU if name == "NeutronGraph" else Unit.CPU for name in names]
    assert {operator.evidence for operator in placement.operators} == {Evidence.EXECUTED}
    assert placement.status is Status.COMPLETE
    assert names.count("NeutronGraph") == len(placement.partitions) == 5


def test_left_over_operators_have_a_reason_where_one_is_documented() -> None:
    placement = _place()
    assert rule_ids(placement)[0] == "neutron.float"
    assert rule_ids(placement)[-1] == "neutron.float"
    assert rule_ids(placement).count("neutron.left-on-cpu") == 5


def test_payload_and_workspace_do_not_cross_the_border() -> None:
    converted = _convert()
    graph = converted.model.main
    first = place(converted.model).partitions[0]
    assert [graph.tensors[tensor].shape for tensor in first.inputs] == [(1, 96, 96, 3)]
    assert [graph.tensors[tensor].shape for tensor in first.outputs] == [(1, 48, 48, 96)]
    assert first.traffic == Traffic(96 * 96 * 3, 48 * 48 * 96)


def test_payload_is_told_and_shared_parts_count_once() -> None:
    memory = {use.memory: use for use in _place().memory}
    assert memory["DDR, kernels"].used_bytes == KERNELS.size_bytes
    assert memory["DDR, weights"].used_bytes == sum(7 * n for n in range(1, 6))
    assert memory["DDR, workspace of the NPU"].used_bytes == 5 * 4096
    assert all(use.limit_bytes is None for use in memory.values())


def test_the_older_payload_without_kernels_is_sound() -> None:
    placement = _place(Convention(left=_LEFT, payload=2))
    assert not placement.hazards
    assert [use.memory for use in placement.memory][:2] == ["DDR, microcode", "DDR, weights"]
    assert placement.partitions[0].traffic.input_bytes == 96 * 96 * 3


def test_a_missing_payload_is_a_hazard_at_its_operator() -> None:
    placement = _place(Convention(left=_LEFT, payload=1))
    assert _hazards(placement) == ["neutron.payload"] * 5
    assert placement.hazards[0].operators == (1,)


@pytest.mark.parametrize(
    ("stamp", "version", "hazards"),
    [
        ("2.0.2+0X0cebb80a", "1.17", []),
        ("2.0.2+0X0cebb80a", "1.16", []),
        ("2.2.3+0X12ab", "2.2", []),
        ("2.2.3+0X12ab", "1.16", ["neutron.version-mismatch"]),
        ("3.1.3", "3.2", ["neutron.version-mismatch"]),
        ("9.9.9", "3.2", []),
    ],
)
def test_the_stamped_release_is_compared_with_the_target(stamp: str, version: str, hazards: list[str]) -> None:
    placement = _place(Convention(left=_LEFT, version=stamp), version)
    assert _hazards(placement) == hazards
    assert any(setting.value == stamp for setting in placement.settings)


def test_an_unknown_release_is_said_to_be_unknown() -> None:
    notes = _place(Convention(left=_LEFT, version="9.9.9")).notes
    assert any("9.9.9" in note.text and "no release that npufit knows" in note.text for note in notes)


def test_another_chip_is_a_hazard() -> None:
    placement = _place(Convention(left=_LEFT, target="mcxn94x"))
    assert _hazards(placement) == ["neutron.wrong-target"]
    assert placement.hazards[0].found == "Target: mcxn94x"


def test_a_file_without_stamps_says_so() -> None:
    placement = _place(Convention(left=_LEFT, version=None, target=None))
    assert not placement.hazards
    assert sum("does not say" in note.text for note in placement.notes) == 2


def test_the_list_of_source_operators_is_told() -> None:
    notes = _place(Convention(left=_LEFT, lists_sources=True)).notes
    (text,) = (note.text for note in notes if "sourceIndex" in note.text)
    assert "names 7 operators" in text
    assert "0, 5, 13" in text


@pytest.mark.parametrize(
    "data",
    [b"\x01\x02\x03", (-1).to_bytes(4, "little", signed=True)],
    ids=["cut", "negative"],
)
def test_a_damaged_list_is_not_read(data: bytes) -> None:
    model = _convert().model
    damaged = replace(model, metadata=(*model.metadata, Metadata("sourceIndex", Buffer(data))))
    assert not any("sourceIndex" in note.text for note in place(damaged).notes)


def _stamped(text: bytes) -> Model:
    model = _convert(Convention(left=_LEFT, version=None, target=None)).model
    return replace(model, metadata=(Metadata("notes", Buffer(text)),))


def test_stamps_are_untrusted() -> None:
    placement = place(_stamped(b"Version: 2.2\x1b[31m; Target: \x1b]0;x\x07 Target: imx95" + b"9" * 10_000))
    told = "".join(hazard.message + hazard.found for hazard in placement.hazards)
    told += "".join(note.text for note in placement.notes)
    told += "".join(setting.value for setting in placement.settings)
    assert "\x1b" not in told
    assert max(len(hazard.found) for hazard in placement.hazards) < 80


def test_stamps_behind_a_mebibyte_of_other_data_are_not_looked_for() -> None:
    placement = place(_stamped(bytes(1 << 20) + b"Target: imx95"))
    assert any("which chip it was converted for" in note.text for note in placement.notes)


def test_full_placement_is_said_to_prove_nothing_about_answers() -> None:
    placement = _place(Convention())
    assert len(placement.operators) == 1
    assert placement.operators[0].unit is Unit.NPU
    assert "does not prove correct answers" in placement.notes[-1].text


def test_a_converted_file_is_not_converted_again() -> None:
    placement = place(_convert().model, converter=("/nowhere/neutron-converter",))
    assert "not run" in placement.notes[-1].text
