"""The converter as a child process, by a stand-in that says that it is one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from npufit.errors import ToolError
from npufit.stacks.neutron.converter import find_converter
from npufit.stacks.placement import Placement, Status, Traffic, Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.stack import PlaceOptions
from stacks.neutron.on_neutron import place, rule_ids, zoo

_STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in_converter.py")))
_LEFT = ("--left", "QUANTIZE,DEQUANTIZE,PAD,SOFTMAX")
_SOURCE = zoo("mobilenet_v2@96,int8")


def _run(*arguments: str, time_limit_s: float = 60.0) -> Placement:
    return place(_SOURCE, "1.17", converter=(*_STAND_IN, *arguments), time_limit_s=time_limit_s)


def _units(placement: Placement) -> list[Unit]:
    return [operator.unit for operator in placement.operators]


def _expected() -> list[Unit]:
    left = _LEFT[1].split(",")
    return [Unit.CPU if operator.type in left else Unit.NPU for operator in _SOURCE.main.operators]


@pytest.mark.parametrize("extra", [(), ("--list-sources",), ("--list-sources", "--prefix", "new/")])
def test_the_converters_file_decides_over_source_operators(extra: tuple[str, ...]) -> None:
    placement = _run(*_LEFT, *extra)
    assert _units(placement) == _expected()
    assert {operator.evidence for operator in placement.operators} == {Evidence.EXECUTED}
    assert placement.status is Status.COMPLETE
    assert placement.log == "neutron converter run"
    assert "5 NeutronGraph" in placement.notes[0].text


def test_partitions_are_in_source_operators_with_their_borders() -> None:
    placement = _run(*_LEFT)
    first, *others = placement.partitions
    assert first.operators == (1, 2, 3, 4)
    assert first.traffic == Traffic(96 * 96 * 3, 48 * 48 * 96)
    assert [partition.index for partition in others] == [1, 2, 3, 4]
    members = [index for partition in placement.partitions for index in partition.operators]
    assert members == [index for index, unit in enumerate(_expected()) if unit is Unit.NPU]
    assert all(
        placement.operators[index].partition == partition.index
        for partition in placement.partitions
        for index in partition.operators
    )


def test_renamed_tensors_without_a_list_leave_operators_unknown() -> None:
    placement = _run(*_LEFT, "--prefix", "new/")
    assert placement.status is Status.PARTIAL
    units = _units(placement)
    assert Unit.NPU not in units
    assert units.count(Unit.CPU) == 2
    assert set(rule_ids(placement)) == {"neutron.float", "neutron.not-traced"}


def test_rules_are_compared_with_the_file() -> None:
    placement = _run("--left", "PAD", "--list-sources")
    assert [
        (difference.operator and difference.operator.index, difference.predicted, difference.observed)
        for difference in placement.differences
    ] == [
        (0, "cpu", "npu"),
        (70, "cpu", "npu"),
    ]


def test_reasons_fit_what_is_known_after_the_run() -> None:
    ids = rule_ids(_run(*_LEFT))
    assert ids[0] == ids[-1] == "neutron.float"
    assert ids.count("neutron.left-on-cpu") == 5
    assert ids.count("") == 64


def test_the_log_of_the_run_is_told() -> None:
    notes = [note.text for note in _run(*_LEFT).notes]
    assert any("64 of 71 operators were converted" in text for text in notes)
    assert any("TCM allocation 5 times" in text for text in notes)


def test_a_network_left_whole_on_the_cpu() -> None:
    every = ",".join({operator.type for operator in _SOURCE.main.operators})
    placement = _run("--left", every)
    assert set(_units(placement)) == {Unit.CPU}
    assert not placement.partitions


def test_the_time_limit_ends_the_converter_and_its_children() -> None:
    with pytest.raises(ToolError, match=r"stopped after 1\.5 s.*stand-in.*time limit"):
        _run("--stand-in", "hang", time_limit_s=1.5)


def test_a_failure_shows_the_last_lines_and_what_is_known_of_them() -> None:
    with pytest.raises(ToolError, match=r"exit code 3.*Global format selection has failed.*memory layout"):
        _run("--stand-in", "fail")


@pytest.mark.parametrize(("fault", "message"), [("silent", "wrote no file"), ("garbage", "not a valid model")])
def test_a_file_that_is_not_there_or_not_a_model(fault: str, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        _run("--stand-in", fault)


def test_a_flood_of_output_is_read_in_part() -> None:
    placement = _run(*_LEFT, "--stand-in", "flood")
    assert any("64 of 71" in note.text for note in placement.notes)


def test_a_missing_converter_is_a_tool_error_that_says_what_to_do() -> None:
    with pytest.raises(ToolError, match=r"cannot be started.*--converter"):
        place(_SOURCE, converter=("/nowhere/neutron-converter",))


def test_arguments_are_not_read_by_a_shell(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with pytest.raises(ToolError):
        place(_SOURCE, converter=("false", f"; touch {marker}"))
    assert not marker.exists()


@pytest.mark.parametrize("name", ["neutron-converter", "neutron-compiler"])
def test_a_converter_on_the_path_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / name
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert find_converter(PlaceOptions()) == (os.fspath(command),)
    assert find_converter(PlaceOptions(converter=("mine",))) == ("mine",)


def test_no_converter_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_converter(PlaceOptions()) is None
