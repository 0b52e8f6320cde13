"""Logs in every format that was seen in public; the samples are written for these tests."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in_converter import Convention, convert_model

from npufit.graph import Model
from npufit.stacks.log import LogReport, apply_log
from npufit.stacks.neutron import STACK
from npufit.stacks.neutron.faults import Fault
from npufit.stacks.neutron.unconverted import place_plain
from npufit.stacks.neutron.versions import RELEASES
from npufit.stacks.placement import Unit
from npufit.stacks.rule import Evidence
from stacks.neutron.on_neutron import place, zoo

_PLAIN = zoo("mobilenet_v2@96,int8")
_CONVERTED = convert_model(_PLAIN, Convention(left=frozenset({"QUANTIZE", "DEQUANTIZE", "PAD"}))).model

_FILE = place(_CONVERTED, "1.17")
_RULES = place_plain(_PLAIN, _FILE.target, RELEASES[-1])

_CONVERTER = """\
Converting model with the following options:
  Input  = mobilenet_v2.tflite
  Output = mobilenet_v2_converted.tflite
  Target = imx95
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
Starting Tile scheduling. This might take a while.
[==========================] 100 %
Starting TCM allocation. This might take a while.
[==========================] 100 %
Conversion statistics:
  Number of operators after import    = 71
  Number of operators after optimize  = 88
    Number of operators converted     = 82
    Number of operators NOT converted = 6
  Number of operators after extract   = 8
    Number of Neutron graphs          = 2
    Number of operators NOT converted = 6
  Operator conversion ratio           = 82 / 88 = 0.931818
  Operators converted                 = {indices},
Time for optimization = 0.0123 (seconds)
Time for extraction   = 0.456 (seconds)
Time for generation   = 12.3 (seconds)
""".format(indices=",".join(str(index) for index in range(3, 85)))

_LATER = """\
Neutron Converter Version: 3.1.3
  Number of operators after import    = 1,071
  Number of operators after optimize  = 1,088
    Number of operators converted     = 1,082
    Number of operators NOT converted = 6
    Number of Neutron graphs          = 1
  Number of Neutron operators         = 200
Overall statistics for graph "main":
Memory:
  Total data    = 16,512 (bytes) (Inputs + Outputs + Intermediate Variable Tensors)
  Total weights = 30,400 (bytes) (Weights)
  Total size    = 46,912 (bytes) (All)
Latency estimation = 10.24 ms (@ 1000.000 MHz) (NPU only)
Minimum size of SRAM scratch memory = 1082368 (bytes)
"""

_DUMP = """\
= Extract Graphs =
NeutronGraph "subgraph_074":
  NeutronOperator "subgraph_001":
    Operators:
      Type: CONV_2D
      Inputs:
        [0]: input
      Outputs:
        [0]: conv
      Location: 4
    Kernels:
      Pad
      Conv2DStandardV2
  NeutronOperator "subgraph_002":
    Operators:
      Type: ADD
    Kernels:
      Add
      Add
numKernelCalls      0x9
"""


def _read(text: str, model: Model = _PLAIN) -> LogReport:
    report = STACK.read_log(text, model)
    assert report is not None
    return report


def _text(report: LogReport) -> str:
    return "\n".join(note.text for note in report.notes)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_converter_statistics(newline: str) -> None:
    report = _read(_CONVERTER.replace("\n", newline))
    assert report.kind == "neutron converter log"
    assert (report.npu_operators, report.total_operators, report.partitions) == (82, 88, 2)
    assert not report.counts_source_operators
    assert not report.units
    text = _text(report)
    assert "82 of 88 operators were converted" in text
    assert "Not converted: 0-2, 85-87" in text
    assert "this file has 71" in text
    assert "2 NeutronGraph, beside 6 on the CPU" in text
    assert "generation 12.3 s" in text


def test_the_last_of_several_conversions_is_read() -> None:
    older = _CONVERTER.replace("= 82", "= 22").replace("mobilenet_v2", "older")
    report = _read(older + _CONVERTER)
    assert report.npu_operators == 82
    assert "holds 2 conversions" in _text(report)
    bare = _CONVERTER[_CONVERTER.index("Conversion statistics") :]
    assert _read(bare.replace("= 82", "= 22") + bare).npu_operators == 82


def test_repeated_scheduling_is_told() -> None:
    assert "More rounds" in _text(_read(_CONVERTER.replace("Conversion st", "Starting TCM allocation.\nConversion st")))
    assert "More rounds" not in _text(_read(_CONVERTER))


def test_later_lines_with_thousands_commas() -> None:
    report = _read(_LATER)
    assert (report.npu_operators, report.total_operators, report.partitions) == (1082, 1088, 1)
    text = _text(report)
    assert "Converter version 3.1.3, release 3.1 here" in text
    assert "200 Neutron operators" in text
    assert "data 16,512 bytes, weights 30,400 bytes, size 46,912 bytes" in text
    assert "10.24 ms at 1000 MHz for the NPU alone" in text
    assert "1,082,368 bytes of SRAM" in text
    assert "check that the log is of this file" in text


def test_console_dump() -> None:
    text = _text(_read(_DUMP))
    assert "1 NeutronGraph and 2 NeutronOperator" in text
    assert "2 Add, 1 Pad, 1 Conv2DStandardV2" in text
    assert "9 kernel calls" in text


def test_a_log_for_another_chip_is_said_to_be_one() -> None:
    assert "for mcxn94x, so it says nothing" in _text(_read(_CONVERTER.replace("imx95", "mcxn94x")))


@pytest.mark.parametrize(("converted", "unit"), [(88, Unit.NPU), (0, Unit.CPU)])
def test_all_or_nothing_tells_every_operator(converted: int, unit: Unit) -> None:
    report = _read(_CONVERTER.replace("= 82", f"= {converted}"))
    assert list(report.units.values()) == [unit] * 71


def test_all_of_another_model_tells_nothing() -> None:
    assert not _read(_CONVERTER.replace("= 82", "= 88").replace("= 71", "= 70")).units


@pytest.mark.parametrize(
    "line",
    [
        "INFO: NeutronDelegate delegate: 5 nodes delegated out of 11 nodes with 5 partitions.",
        "NeutronDelegate: 5 nodes delegated out of 11 nodes with 5 partitions",
    ],
)
def test_delegate_line_of_a_converted_file(line: str) -> None:
    assert len(_CONVERTED.main.operators) == 11
    report = _read(line, _CONVERTED)
    assert report.kind == "neutron delegate log"
    assert (report.npu_operators, report.total_operators, report.partitions) == (5, 11, 5)
    assert report.counts_source_operators
    placement = apply_log(place(_CONVERTED, "1.17"), report, _CONVERTED)
    assert not placement.differences


def test_a_converted_file_that_the_delegate_refuses_differs_from_what_it_says() -> None:
    report = _read("NeutronDelegate: 0 nodes delegated out of 11 nodes with 0 partitions", _CONVERTED)
    placement = apply_log(place(_CONVERTED, "1.17"), report, _CONVERTED)
    assert {operator.unit for operator in placement.operators} == {Unit.CPU}
    assert len([d for d in placement.differences if d.operator is not None]) == 5
    assert "the NPU was not used" in _text(report)


@pytest.mark.parametrize(("taken", "unit"), [(0, Unit.CPU), (71, Unit.NPU)])
def test_delegate_line_of_a_plain_file(taken: int, unit: Unit) -> None:
    report = _read(f"NeutronDelegate: {taken} nodes delegated out of 71 nodes with 1 partitions")
    assert report.counts_source_operators
    assert set(report.units.values()) == {unit}


def test_delegate_line_of_the_converted_file_for_its_source() -> None:
    report = _read("NeutronDelegate: 1 nodes delegated out of 36 nodes with 1 partitions")
    assert not report.counts_source_operators
    assert not report.units
    assert "not this file, which has 71" in _text(report)


def test_delegate_version_and_xnnpack() -> None:
    text = _text(
        _read(
            "INFO: Neutron delegate version: v1.0.0-a5d640e6, zerocp enabled.\n"
            "INFO: Created TensorFlow Lite XNNPACK delegate for CPU."
        )
    )
    assert "v1.0.0-a5d640e6" in text
    assert "--use_xnnpack=false" in text


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        (
            "ERROR: neutron-compiler/src/GraphIR/Graph.cpp:3288 New shape should not change the number of elements!",
            "GroupNorm",
        ),
        ("Global format selection has failed", "memory layout"),
        ("Unknown kernel plugin for operation", "no kernel"),
        ("Microcode version mismatch!", "different releases"),
        ("Node number 69 (NeutronDelegate) failed to invoke.", "there is no result"),
        ("fail to create neutron inference job - internal fault code=442", "Error number 442"),
        ("Internal Neutron NPU driver error 109", "Error number 109"),
        ("Neutron hardware init failed!!! All nodes will be assigned to CPU", "ONNX Runtime"),
    ],
)
def test_error_lines_are_explained(line: str, meaning: str) -> None:
    report = _read(line)
    assert report.kind == "neutron error log"
    assert meaning in _text(report)
    assert report.npu_operators is None


def test_a_fault_number_is_taken_apart_and_doubted() -> None:
    # 442 = 0b1_10111_010: firmware, category 23, code 1.
    fault = Fault(442)
    assert (fault.component, fault.category, fault.code) == ("firmware", 23, 1)
    assert Fault(109).component is None
    (note,) = (note for note in _read("internal fault code=442").notes if "442" in note.text)
    assert "firmware, category 23, code 1" in note.text
    assert "source lines" in note.text
    assert note.evidence is Evidence.INFERRED


def test_converter_and_delegate_in_one_text() -> None:
    both = _CONVERTER + "NeutronDelegate: 5 nodes delegated out of 11 nodes with 5 partitions\n"
    assert _read(both).total_operators == 88
    assert _read(both, _CONVERTED).total_operators == 11
    assert "82 of 88" in _text(_read(both, _CONVERTED))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
        "VxDelegate: 5 nodes delegated out of 11 nodes with 2 partitions",
        "internal error",
        "Total size = 12 (bytes)",
        "Latency estimation = 1 ms (@ 1 MHz)",
        "teflon: 3 operators",
    ],
)
def test_other_logs_are_not_ours(text: str) -> None:
    assert STACK.read_log(text, _PLAIN) is None


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 1_000_000,
        " " * 1_000_000,
        "Operators converted = " + "1" * 1_000_000,
        "Operators converted = " + "1," * 500_000,
        "Number of operators after optimize = " + "9" * 1_000_000,
        "neutron " * 130_000,
        'NeutronGraph "' * 70_000,
        "[====] 100 %\r" * 300_000,
    ],
    ids=["lines", "blanks", "digits", "list", "number", "word", "quotes", "progress"],
)
def test_hostile_texts_do_not_take_quadratic_time(text: str) -> None:
    started = time.process_time()
    STACK.read_log(text, _PLAIN)
    assert time.process_time() - started < 20


_FRAGMENTS = [*_CONVERTER.splitlines(), *_LATER.splitlines(), *_DUMP.splitlines(), "= ", "0x", "88", ",", "\r", "٣"]


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(_FRAGMENTS), st.text(max_size=8))).map("\n".join)))
def test_no_text_raises_or_reaches_the_terminal(text: str) -> None:
    for model, placement in ((_PLAIN, _RULES), (_CONVERTED, _FILE)):
        report = STACK.read_log(text, model)
        if report is not None:
            assert all(note.text.isprintable() for note in report.notes)
            assert len(apply_log(placement, report, model).operators) == len(model.main.operators)
