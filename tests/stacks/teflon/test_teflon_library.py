"""A real library decides: its table, its partitions, its crashes. The library is the stand-in made of a capture."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import npufit
from captured_teflon import build_library
from networks import quantized
from npufit.checking import CheckOptions, CheckResult, check
from npufit.cli.main import npufit as command
from npufit.errors import InputError, ToolError
from npufit.graph import OperatorId
from npufit.stacks import Effect, Evidence, PlaceOptions, Unit, identify_tools, resolve_target
from npufit.vdevice import Library
from real_files import find_model

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libteflon is a Linux library")

_MODEL = "mobilenet_v1_0.5_160_quant"
_TARGET = "imx93/teflon@25.3"


def _checked(folder: Path, *macros: str, target: str = _TARGET) -> CheckResult:
    library = Library(build_library(_MODEL, folder, *macros))
    return check(find_model(f"{_MODEL}.tflite"), target, CheckOptions(place=PlaceOptions(library=library)))


def test_the_library_decides_and_agrees_with_the_rules(tmp_path: Path) -> None:
    found = _checked(tmp_path, target="imx93/teflon").placement
    by_rules = check(find_model(f"{_MODEL}.tflite"), _TARGET).placement
    assert str(found.target) == _TARGET  # the release that the library names
    assert found.library is not None
    assert found.library.name == "libteflon.so (Mesa 25.3.0-captured)"
    assert {operator.evidence for operator in found.operators} == {Evidence.EXECUTED}
    assert [operator.unit for operator in found.operators] == [operator.unit for operator in by_rules.operators]
    assert found.partitions == by_rules.partitions
    assert not found.differences
    assert not found.hazards


def test_a_crash_in_prepare_is_a_hazard_of_the_operator(tmp_path: Path) -> None:
    found = _checked(tmp_path, "CRASH_AT_OPERATOR=5").placement
    (hazard,) = found.hazards
    assert (hazard.rule.id, hazard.effect, hazard.evidence) == ("teflon.library-crash", Effect.CRASH, Evidence.EXECUTED)
    assert hazard.culprit == OperatorId(0, 5)
    assert hazard.message == "libteflon.so died of signal SIGSEGV in Prepare at operator 5, DEPTHWISE_CONV_2D"
    assert [operator.evidence for operator in found.operators] == [Evidence.EXECUTED] * 5 + [Evidence.SOURCE] * 26
    assert [difference.operator for difference in found.differences] == [OperatorId(0, 5)]


def test_a_crash_while_a_partition_is_compiled_names_it(tmp_path: Path) -> None:
    result = _checked(tmp_path, "CRASH_IN_PREPARE")
    (hazard,) = result.placement.hazards
    assert hazard.message.endswith("while it compiles partition 0, 29 operators from 0 (CONV_2D) on")
    assert hazard.operators == result.placement.partitions[0].operators


def test_a_predicted_crash_is_confirmed_where_it_is_seen(tmp_path: Path) -> None:
    model = npufit.load(find_model(f"{_MODEL}.tflite"))
    (graph,) = model.subgraphs
    reshape = replace(graph.operators[29], inputs=graph.operators[29].inputs[:1])
    operators = (*graph.operators[:29], reshape, *graph.operators[30:])
    shapeless = replace(model, subgraphs=(replace(graph, operators=operators),))
    options = CheckOptions(place=PlaceOptions(library=Library(build_library(_MODEL, tmp_path, "CRASH_AT_OPERATOR=29"))))
    found = check(shapeless, _TARGET, options).placement
    (hazard,) = found.hazards
    assert (hazard.rule.id, hazard.evidence, hazard.certain) == (
        "teflon.operand-read-early",
        Evidence.EXECUTED,
        True,
    )
    assert not found.differences


def test_a_hang_is_a_hazard_that_fails(tmp_path: Path) -> None:
    library = Library(build_library(_MODEL, tmp_path, "HANG_IN_PREPARE"))
    options = CheckOptions(place=PlaceOptions(library=library, time_limit_s=4.0))
    (hazard,) = check(find_model(f"{_MODEL}.tflite"), _TARGET, options).placement.hazards
    assert (hazard.effect, hazard.found) == (Effect.FAILS, "did not finish within 4 s")


def test_a_model_that_kills_litert_itself_is_not_held_against_the_library(tmp_path: Path) -> None:
    model = npufit.load(find_model(f"{_MODEL}.tflite"))
    (graph,) = model.subgraphs
    (logits,) = graph.operators[30].inputs
    tensors = list(graph.tensors)
    tensors[logits] = replace(tensors[logits], quantization=quantized(7.8e-9))
    broken = replace(model, subgraphs=(replace(graph, tensors=tuple(tensors)),))
    options = CheckOptions(place=PlaceOptions(library=Library(build_library(_MODEL, tmp_path))))
    found = check(broken, _TARGET, options).placement
    assert {operator.evidence for operator in found.operators} == {Evidence.EXECUTED}
    assert not [hazard for hazard in found.hazards if hazard.rule.id == "teflon.library-crash"]
    assert found.notes[0].text.startswith("LiteRT's reference kernels died of signal SIGABRT when they load this model")


def test_the_command_says_first_who_decided_and_what_crashed(tmp_path: Path) -> None:
    library = build_library(_MODEL, tmp_path, "CRASH_AT_OPERATOR=29")
    model = str(find_model(f"{_MODEL}.tflite"))
    arguments = ["check", model, "-t", _TARGET, "--library", str(library), "--require", "crashes==0"]
    outcome = CliRunner().invoke(command, arguments, standalone_mode=False)
    first = " ".join(outcome.output[:400].split())
    assert outcome.return_value == 1
    assert first.startswith(
        f"{_TARGET}, decided by libteflon.so (Mesa 25.3.0-captured) itself, which died of signal SIGSEGV in Prepare at "
        "operator 29, RESHAPE: 1 hazard that crashes the process; otherwise 29 of 31 operators on the NPU"
    )
    outcome = CliRunner().invoke(command, [*arguments, "--json"], standalone_mode=False)
    (entry,) = json.loads(outcome.stdout)["results"]
    assert entry["library"] == {
        "file": "libteflon.so",
        "version": "25.3.0-captured",
        "ended": "died of signal SIGSEGV in Prepare at operator 29, RESHAPE",
    }


def test_a_library_is_told_from_others_and_belongs_to_a_target_that_loads_one(tmp_path: Path) -> None:
    library = Library(build_library(_MODEL, tmp_path))
    target = resolve_target(_TARGET)
    first = identify_tools(target, PlaceOptions(library=library))
    assert identify_tools(target, PlaceOptions()) == ()
    library.path.write_bytes(library.path.read_bytes() + b"\0")
    assert identify_tools(target, PlaceOptions(library=library)) != first
    with pytest.raises(InputError, match="no target loads a library"):
        check("zoo:mobilenet_v1,uint8", "imx93/vela", CheckOptions(place=PlaceOptions(library=library)))
    with pytest.raises(ToolError, match=r"does not drive the NPU of rk3588.*Couldn't open kernel device"):
        check(find_model(f"{_MODEL}.tflite"), "rk3588/teflon@26.2", CheckOptions(place=PlaceOptions(library=library)))


def test_a_sweep_asks_the_library(tmp_path: Path) -> None:
    library = Library(build_library(_MODEL, tmp_path, "CRASH_AT_OPERATOR=5"))
    options = npufit.SweepOptions(place=PlaceOptions(library=library), cache=tmp_path / "kept", workers=1)
    (point,) = npufit.sweep(str(find_model(f"{_MODEL}.tflite")), _TARGET, options).result().points
    assert point.outcome is not None
    assert [hazard.rule for hazard in point.outcome.hazards] == ["teflon.library-crash"]
    assert point.outcome.operators[0].unit is Unit.NPU
