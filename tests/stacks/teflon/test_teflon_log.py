"""TEFLON_DEBUG=verbose logs: what Mesa's ethosu driver of the 25.3 era really decided."""

from __future__ import annotations

import re

import pytest

import npufit
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks import Unit, apply_log, load_stack
from real_files import find_capture, find_model, list_captures
from stacks.teflon.on_teflon import place

_NAME = "micro/residual_chain"


def _model(name: str = _NAME) -> Model:
    return npufit.load(find_model(f"{name}.tflite"))


def _log(name: str = _NAME) -> str:
    return (find_capture(name) / "teflon.log").read_text()


def _compare(text: str, model: Model) -> None:
    report = load_stack("teflon").read_log(text, model)
    assert report is not None
    placement = place(model, "25.3")
    assert report.units == {operator.id: operator.unit for operator in placement.operators}
    assert report.partitions == len(placement.partitions)
    assert apply_log(placement, report, model).differences == ()


@pytest.mark.parametrize("name", list_captures())
def test_every_captured_log_agrees_with_the_rules(name: str) -> None:
    _compare(_log(name), _model(name))


def test_a_changed_row_is_one_difference() -> None:
    model = _model("micro/pad_asym_conv")
    text = _log("micro/pad_asym_conv")
    changed = re.sub(r"(  2    CONV v3  )supported  ", r"\1unsupported", text)
    assert changed != text
    report = load_stack("teflon").read_log(changed, model)
    assert report is not None
    (difference,) = apply_log(place(model, "25.3"), report, model).differences
    assert (difference.operator, difference.predicted, difference.observed) == ((0, 2), Unit.NPU, Unit.CPU)


@pytest.mark.parametrize(
    ("pattern", "instead", "said"),
    [
        ("1     PAD", "1    CONV", "operator 1 is CONV"),
        (r"  2    CONV.*\n", "", "has 2 operators"),
        ("  2    CONV", "  7    CONV", "of another model"),
    ],
)
def test_a_log_of_another_model_is_an_input_error(pattern: str, instead: str, said: str) -> None:
    text = re.sub(pattern, instead, _log("micro/pad_asym_conv"))
    with pytest.raises(InputError, match=said):
        load_stack("teflon").read_log(text, _model("micro/pad_asym_conv"))


def test_the_first_of_several_runs_is_read() -> None:
    text = _log()
    report = load_stack("teflon").read_log(text + text, _model())
    assert report is not None
    assert (report.partitions, len(report.units)) == (2, 5)


def test_the_replacing_line_gives_operators_but_no_partitions() -> None:
    # TensorFlow Lite counts the parts that stay on the CPU among its "partitions".
    line = "VERBOSE: Replacing 4 out of 5 node(s) with delegate (Teflon Delegate) node, yielding 3 partitions."
    model = _model()
    report = load_stack("teflon").read_log(line, model)
    assert report is not None
    assert (report.npu_operators, report.total_operators, report.partitions) == (4, 5, None)
    assert apply_log(place(model, "25.3"), report, model).differences == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [("Couldn't open kernel device", "no NPU device"), ("ethosu: driver missing", "built without the driver")],
)
def test_a_start_that_failed_is_a_note(line: str, said: str) -> None:
    report = load_stack("teflon").read_log(line + "\n" + line, _model("micro/pad_asym_conv"))
    assert report is not None
    (note,) = report.notes
    assert said in note.text


def test_text_without_lines_of_teflon_is_no_log() -> None:
    assert load_stack("teflon").read_log("INFO: Created TensorFlow Lite XNNPACK delegate\n" * 3, _model()) is None
