"""Logs of Vela and of NXP's delegate."""

from __future__ import annotations

from networks.chains import chain
from npufit.chips import load_chip
from npufit.graph import Model
from npufit.stacks.log import apply_log
from npufit.stacks.placement import Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.vela import STACK
from npufit.stacks.vela.runner import run_vela
from npufit.stacks.vela.settings import resolve_settings
from npufit.tflite import serialize_model
from stacks.vela.on_vela import place

DELEGATE = "INFO: EthosuDelegate: 2 nodes delegated out of {total} nodes with 2 partitions.\n"


def log_of(model: Model) -> str:
    """Return what the real Vela prints for `model`."""
    return run_vela(serialize_model(model), resolve_settings(load_chip("imx93"), ()), 60.0).printed


def test_velas_own_log_is_read() -> None:
    model = chain("RELU", "SQUARE", "ABS")
    report = STACK.read_log(log_of(model), model)
    assert report is not None
    assert (report.kind, report.units) == ("vela", {(0, 1): Unit.CPU})
    assert (report.npu_operators, report.total_operators, report.counts_source_operators) == (2, 3, False)
    texts = [note.text for note in report.notes]
    assert "Vela's totals, CPU 1 and NPU 2, count its internal operators, not those of this file" in texts
    assert any("memory mode Dedicated_Sram_384KB" in text for text in texts)


def test_velas_log_agrees_with_the_placement() -> None:
    model = chain("RELU", "SQUARE", "ABS")
    report = STACK.read_log(log_of(model), model)
    assert report is not None
    placement = apply_log(place(model), report, model)
    assert placement.differences == ()
    assert placement.operators[1].evidence is Evidence.EXECUTED


def test_warnings_alone_decide_nothing() -> None:
    model = chain("RELU", "SQUARE")
    text = "Warning (supported operators) operator: SQUARE, ofm: 't2'\nReason: Unsupported opType\n\n"
    report = STACK.read_log(text, model)
    assert report is not None
    assert not report.units
    assert "may fold an operator away" in report.notes[0].text


def test_warnings_that_fit_two_operators_decide_nothing() -> None:
    model = chain("SQUARE", "SQUARE", prefix="")
    double = Model("double", tuple(model.subgraphs * 2))
    text = "Warning (supported operators) operator: SQUARE, ofm: '1'\nReason: Unsupported opType\n\n"
    report = STACK.read_log(text + "CPU operators = 1 (50.0%)\nNPU operators = 1 (50.0%)\n", double)
    assert report is not None
    assert not report.units


def test_the_delegate_on_the_source_file() -> None:
    report = STACK.read_log(DELEGATE.format(total=3), chain("RELU", "SQUARE", "ABS"))
    assert report is not None
    assert (report.npu_operators, report.total_operators, report.partitions) == (2, 3, 2)
    assert report.counts_source_operators
    assert report.notes == ()


def test_the_delegate_on_another_file() -> None:
    report = STACK.read_log(DELEGATE.format(total=9), chain("RELU", "SQUARE", "ABS"))
    assert report is not None
    assert not report.counts_source_operators
    assert "The delegate saw 9 operators, but this file has 3" in report.notes[0].text


def test_other_texts_are_not_taken() -> None:
    assert STACK.read_log("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n", chain("RELU")) is None
