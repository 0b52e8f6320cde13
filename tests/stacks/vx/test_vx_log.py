"""Logs of the delegate: real ones, the lines that its rules say it prints, and texts that prove nothing."""

from __future__ import annotations

import pytest

import npufit
from networks import INT8, INT16, INT32, Network
from npufit.errors import InputError
from npufit.graph import GatherOptions, Model, OperatorId, PackOptions, ReshapeOptions, StridedSliceOptions
from npufit.stacks import Evidence, LogReport, Unit, apply_log, load_stack
from npufit.stacks.vx.placing import refusals
from npufit.stacks.vx.releases import find_bsp
from real_files import REPOSITORY
from stacks.vx.on_vx import other, place

_LOGS = REPOSITORY / "tests" / "cost" / "measured" / "benchmark_logs"
_CREATED = "Vx delegate: allowed_cache_mode set to 0.\nEXTERNAL delegate created.\n"
_REPLACING = "VERBOSE: Replacing {} out of 6 node(s) with delegate (Vx Delegate) node, yielding 2 partitions\n"
_CODES = {"SHAPE": 77, "BATCH_MATMUL": 126, "TILE": 69, "SQUARED_DIFFERENCE": 99, "GELU": 150}


def _mobilenet() -> Model:
    return npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25")


def _read(text: str, model: Model) -> LogReport:
    report = load_stack("vx").read_log(text, model)
    assert report is not None
    return report


def _flatten() -> Model:
    """Return a network that six groups of releases take in three ways: the flattening of a dynamic batch, and TILE."""
    network = Network()
    source = network.apply("RELU", (network.input(1, 4, 4),), (1, 4, 4))
    shape = network.apply("SHAPE", (source,), (3,), other("ShapeOptions", out_type=2), element=INT32)
    bounds = [network.numbers(value) for value in (0, 1, 1)]
    batch = network.apply("STRIDED_SLICE", (shape, *bounds), (), StridedSliceOptions(shrink_axis_mask=1), element=INT32)
    wanted = network.apply("PACK", (batch, network.numbers(16, shape=())), (2,), PackOptions(2, 0), element=INT32)
    flat = network.apply("RESHAPE", (source, wanted), (1, 16), ReshapeOptions(None))
    network.apply("TILE", (flat, network.numbers(1, 2)), (1, 32))
    return network.model()


def _print(model: Model, version: str) -> str:
    """Return the lines that the delegate of a BSP prints for `model` by its rules."""
    bsp = find_bsp(version)
    assert bsp is not None
    lines: list[str] = []
    for operator, refused in zip(model.main.operators, refusals(model.main, bsp), strict=True):
        if refused is not None:
            finding, line = refused
            code = f"WARNING: Fallback unsupported op {_CODES.get(operator.type)} to TfLite"
            lines.append(code if finding.rule.id == "vx.unmapped" else f"ERROR: {line}" if line else "")
    return _CREATED + "\n".join(filter(None, lines)) + "\n"


@pytest.mark.parametrize("name", ["vx_synap_mobilenet_v1_025_2.15.0", "vx_a311d_mobilenetv2_2.8_issue316"])
def test_a_run_that_was_completely_delegated_gives_every_unit(name: str) -> None:
    model = _mobilenet()
    report = _read((_LOGS / f"{name}.txt").read_text(), model)
    assert set(report.units.values()) == {Unit.NPU}
    assert len(report.units) == 31
    assert report.partitions == 1
    result = apply_log(place(model), report, model)
    assert result.differences == ()
    assert all(operator.evidence is Evidence.EXECUTED for operator in result.operators)


def test_totals_are_those_of_the_line_that_names_the_delegate() -> None:
    report = _read((_LOGS / "vx_synap_mobilenet_v1_025_2.15.0.txt").read_text(), _mobilenet())
    assert (report.npu_operators, report.total_operators) == (31, 31)
    assert any("TensorFlow Lite 2.15.0, which lf-6.6.23 ships" in note.text for note in report.notes)


@pytest.mark.parametrize(
    "name", ["vx_imx8mp_label_image_2.10.0", "vx_imx8mp_label_image_2.11.1", "vx_a311d_issue71_crash"]
)
def test_that_the_delegate_was_created_or_applied_proves_nothing(name: str) -> None:
    report = _read((_LOGS / f"{name}.txt").read_text(), _mobilenet())
    assert not report.units
    assert report.npu_operators is None
    assert any("proves nothing" in note.text for note in report.notes)


def test_a_library_that_was_not_loaded_ran_nothing_on_the_npu() -> None:
    model = _mobilenet()
    report = _read((_LOGS / "tf_pr55383_delegate_not_loaded.txt").read_text(), model)
    assert set(report.units.values()) == {Unit.CPU}
    assert any("was not loaded" in note.text for note in report.notes)
    assert len(apply_log(place(model), report, model).differences) > 31


@pytest.mark.parametrize(
    ("version", "names"), [("5.15.71", "lf-5.15.52 and lf-5.15.71"), ("6.1.1", "lf-6.1.1 and lf-6.1.22")]
)
def test_the_lines_of_a_release_tell_the_units_although_they_name_no_operator(version: str, names: str) -> None:
    model = _flatten()
    report = _read(_print(model, version), model)
    placement = place(model, version)
    assert report.units == {operator.id: operator.unit for operator in placement.operators}
    assert apply_log(placement, report, model).differences == ()
    assert any(f"those that {names} print" in note.text for note in report.notes)


def test_no_line_at_all_tells_units_where_a_release_refuses_without_one() -> None:
    network = Network()
    source = network.apply("RELU", (network.input(4, element=INT32),), (4,), element=INT32)
    network.apply("PACK", (source, source), (2, 4), PackOptions(2, 0), element=INT32)
    model = network.model()
    line = "Replacing 1 out of 2 node(s) with delegate (Vx Delegate) node, yielding 2 partitions\n"
    assert _read(_CREATED + line, model).units == {(0, 0): Unit.NPU, (0, 1): Unit.CPU}
    # Without the lines that the delegate prints first, others may be missing as well.
    assert not _read(line, model).units


def test_lines_of_another_release_are_differences() -> None:
    model = _flatten()
    report = _read(_print(model, "6.1.1"), model)
    result = apply_log(place(model, "6.6.36"), report, model)
    differences = {(difference.operator, difference.observed) for difference in result.differences}
    assert differences >= {((0, 3), Unit.CPU), ((0, 4), Unit.NPU)}
    assert not [hazard for hazard in result.hazards if hazard.rule.id == "vx.stacked-scalar"]


def test_a_log_of_several_runs_is_read_as_one() -> None:
    model = _flatten()
    assert _read(_print(model, "6.1.36") * 3, model).units == _read(_print(model, "6.1.36"), model).units


def test_lines_that_no_release_prints_for_this_model_give_no_units() -> None:
    model = _flatten()
    text = _print(model, "6.1.36") + "ERROR: Int64 input is not supported\n"
    report = _read(text, model)
    assert not report.units
    assert any("no known release prints these" in note.text for note in report.notes)


def test_totals_that_contradict_the_lines_give_no_units() -> None:
    model = _flatten()
    report = _read(_print(model, "6.1.36") + _REPLACING.format(2), model)
    assert (report.npu_operators, report.total_operators, report.units) == (2, 6, {})


def test_what_a_release_refuses_without_a_line_is_settled_by_the_totals() -> None:
    model = _flatten()
    text = _print(model, "6.1.36")
    assert text == _print(model, "6.6.36")
    report = _read(text, model)
    assert {place.index for place in report.units} == {0, 1, 2, 4, 5}
    assert any("lf-6.1.36 and lf-6.6.23 print" in note.text and "1 operator " in note.text for note in report.notes)
    assert _read(text + _REPLACING.format(3), model).units[OperatorId(0, 3)] is Unit.CPU
    assert _read(text + _REPLACING.format(4), model).units[OperatorId(0, 3)] is Unit.NPU


def test_a_partial_run_has_its_kernels_as_partitions() -> None:
    model = _flatten()
    text = (
        f"{_CREATED}INFO: Explicitly applied EXTERNAL delegate, and the model graph will be partially executed by the "
        "delegate w/ 7 delegate kernels.\nINFO: Explicitly applied XNNPACK delegate, and the model graph will be "
        "completely executed by the delegate."
    )
    report = _read(text, model)
    assert (report.partitions, report.units) == (7, {})
    assert "7" in {difference.observed for difference in apply_log(place(model), report, model).differences}


def test_a_failed_first_invoke_is_said_to_be_no_fallback() -> None:
    text = (
        f"{_CREATED}E [vsi_nn_graph.c:setup_node:474]Setup node[21] PERMUTE fail\nERROR: Failed to verify graph\n"
        "ERROR: Node number 155 (Vx Delegate) failed to invoke.\n"
    )
    texts = " ".join(note.text for note in _read(text, _mobilenet()).notes)
    for words in ("does not fall back to the CPU", "could not set up an operation", "failed on the NPU"):
        assert words in texts


def test_the_code_of_an_operator_that_is_not_mapped_is_its_builtin_code() -> None:
    network = Network()
    network.cpu(
        network.apply("GATHER", (network.input(4, 4), network.zeros(2, element=INT32)), (2, 4), GatherOptions())
    )
    model = network.model()
    report = _read(f"{_CREATED}WARNING: Fallback unsupported op 32 to TfLite\n", model)
    assert report.units == {(0, 0): Unit.NPU, (0, 1): Unit.CPU}


def test_other_texts_are_no_log_of_this_stack() -> None:
    stack = load_stack("vx")
    for text in ("", "INFO: Applied EXTERNAL delegate.", "Replacing 3 out of 5 node(s) with delegate (Teflon) node"):
        assert stack.read_log(text, _mobilenet()) is None
    with pytest.raises(InputError, match="vx"):
        npufit.check(_mobilenet(), "imx93/teflon", npufit.CheckOptions(log=_CREATED))


@pytest.mark.parametrize("element", [INT8, INT16])
def test_hostile_texts_are_read_in_bounded_time(element: object) -> None:
    model = _flatten()
    for text in (
        "Vx delegate: " * 50_000,
        "(Vx Delegate)\n" * 20_000,
        "Fallback unsupported op 99999 to TfLite\n" * 9_999,
    ):
        load_stack("vx").read_log(text + str(element), model)
