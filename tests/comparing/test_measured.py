"""Two measurements compared: time beyond both spreads, the proof, outputs, what else differs, and gates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import npufit
from measurements.made_measurements import consistent, contradicted, model_of, proven, unknown_on_laptop
from npufit.comparing import CompareOptions, CompareResult, MeasuredComparison, Verdict, compare
from npufit.errors import InputError
from npufit.measurements import Measurement, OperatorMeasurement, Role, write_measurement
from npufit.report import to_json
from npufit.report.compare import compare_document, compare_markdown, compare_page, compare_text
from npufit.report.document import published_schema
from npufit.report.terminal_page import Page
from real_files import find_model
from running_npufit import run_npufit

_KEYWORDS = find_model("kws_ref_model.tflite")
_MADE = proven(model_of(npufit.load(_KEYWORDS)))


def _compared(folder: Path, before: Measurement, after: Measurement, *gates: str) -> CompareResult:
    first, second = (write_measurement(folder, side) for side in (before, after))
    return compare(first, second, CompareOptions(require=gates))


def _measured(result: CompareResult) -> MeasuredComparison:
    assert result.measured is not None
    assert result.comparisons == ()
    return result.measured


def _slower(ms: float) -> Measurement:
    return replace(proven(_MADE.model, ms), day="2026-11-25")


@pytest.mark.parametrize(
    ("ms", "verdict", "said"),
    [
        (4.1, Verdict.WORSE, "worse: 3.78 → 4.10 ms with the NPU, +8.5 %, more than both spreads"),
        (3.5, Verdict.BETTER, "better: 3.78 → 3.50 ms with the NPU, -7.4 %, more than both spreads"),
        (3.85, Verdict.SAME, "no change: 3.78 → 3.85 ms with the NPU, +1.9 %, not certain: the spreads overlap"),
        (3.78, Verdict.SAME, "no change: 3.78 ms with the NPU as before"),
    ],
)
def test_a_time_counts_if_it_differs_by_more_than_both_spreads(
    tmp_path: Path, ms: float, verdict: Verdict, said: str
) -> None:
    result = _compared(tmp_path, _MADE, _slower(ms))
    assert _measured(result).verdict is verdict
    assert compare_text(result, Page(width=100)).splitlines()[0] == said


def test_a_single_process_has_the_spread_of_its_inferences_or_none(tmp_path: Path) -> None:
    def alone(measurement: Measurement, p5: float | None) -> Measurement:
        assert measurement.npu is not None
        ms = measurement.npu.ms
        steady = replace(measurement.npu, processes=1, low_ms=ms, high_ms=ms)
        run = next(run for run in measurement.runs if run.role is Role.NPU)
        p95 = None if p5 is None else 2 * ms - p5
        return replace(measurement, npu=steady, runs=(replace(run, p5_ms=p5, p95_ms=p95),))

    unknown = _compared(tmp_path, alone(_MADE, None), alone(_slower(4.1), None))
    assert _measured(unknown).verdict is Verdict.SAME
    assert "its spread is unknown" in compare_text(unknown, Page(width=200))
    assert _measured(_compared(tmp_path, alone(_MADE, 3.7), alone(_slower(4.1), 4.0))).verdict is Verdict.WORSE
    assert _measured(_compared(tmp_path, alone(_MADE, 3.0), alone(_slower(4.1), 4.0))).verdict is Verdict.SAME


def test_an_npu_that_no_longer_runs_is_worse_and_has_no_time(tmp_path: Path) -> None:
    result = _compared(tmp_path, _MADE, contradicted(_MADE.model), "npu-lost==0", "measured-ms-ratio<=1.1")
    assert _measured(result).verdict is Verdict.WORSE
    assert [(gate.found, gate.passed) for gate in result.gates] == [(1, False), (None, False)]
    text = compare_text(result, Page(width=100))
    assert text.startswith("worse: the NPU no longer runs; only one side has a time with the NPU")
    assert "NPU after: the NPU never interrupted in 151 calls" in text
    back = _compared(tmp_path, contradicted(_MADE.model), _MADE)
    assert compare_text(back, Page(width=100)).startswith("better: the NPU runs now")


def test_outputs_that_became_wrong_are_worse(tmp_path: Path) -> None:
    wrong = consistent(_MADE.model)
    assert wrong.outputs is not None
    right = replace(wrong, outputs=replace(wrong.outputs, is_equal=True, sentence="every value is equal"))
    result = _compared(tmp_path, right, wrong, "outputs-broken==0")
    assert _measured(result).verdict is Verdict.WORSE
    assert not result.gates[0].passed
    assert compare_text(result, Page(width=100)).startswith("worse: outputs differ now; 3.17 ms with the NPU as before")
    assert _measured(_compared(tmp_path, wrong, right)).verdict is Verdict.BETTER
    assert _compared(tmp_path, _MADE, wrong, "outputs-broken==0").gates[0].found is None, "one side did not compare"


def test_times_of_different_models_and_of_hot_boards_are_no_verdict(tmp_path: Path) -> None:
    other = replace(_slower(9.0), model=replace(_MADE.model, sha256="ab" * 32, structure="cd" * 32))
    text = compare_text(_compared(tmp_path, _MADE, other), Page(width=100))
    assert text.startswith(
        "different models: 3.78 → 9.00 ms with the NPU, +138.1 %, which says nothing about the board"
    )
    hot = replace(_slower(9.0), conditions=replace(_MADE.conditions, throttled=True))
    assert "not certain: a board throttled" in compare_text(_compared(tmp_path, _MADE, hot), Page(width=100))
    retrained = replace(_slower(4.1), model=replace(_MADE.model, sha256="ab" * 32))
    result = _compared(tmp_path, _MADE, retrained)
    assert _measured(result).verdict is Verdict.WORSE
    assert "the same structure, but other weights" in compare_text(result, Page(width=100))


def test_what_else_differs_is_listed_in_every_form(tmp_path: Path) -> None:
    software = replace(_MADE.software, bsp="lf-6.6.36", files=(replace(_MADE.software.files[0], sha256="ee" * 32),))
    operators = (*_slower(4.1).operators, OperatorMeasurement("cpu", "PAD", "only after", 7, 1.0))
    after = replace(_slower(4.1), software=software, operators=operators)
    result = _compared(tmp_path, _MADE, replace(after, settings=replace(after.settings, threads=1, xnnpack=None)))
    document = json.loads(to_json(compare_document(result)))
    jsonschema.validate(document, json.loads(published_schema("compare")))
    differing = {entry["name"]: (entry["before"], entry["after"]) for entry in document["measured"]["circumstances"]}
    assert differing["BSP"] == ("lf-6.1.36", "lf-6.6.36")
    assert differing["threads"] == ("2", "1")
    assert differing["XNNPACK"] == ("yes", "unknown")
    assert differing["delegate libethosu_delegate.so"] == ("010101010101", "eeeeeeeeeeee")
    assert differing["firmware ethosu_firmware"] == ("22.08 020202020202", "-")
    page = compare_page(result).replace("\N{NO-BREAK SPACE}", " ")
    for text in (compare_text(result, Page(width=120)), compare_markdown(result).replace("\\", ""), page):
        assert "3.78 → 4.10 ms with the NPU" in text
        assert "lf-6.6.36" in text
        assert "ethos_u_command_stream" in text
        assert "only after" not in text, "an operator that only one side has did not change"


def test_the_cpu_alone_is_compared_where_neither_has_an_npu(tmp_path: Path) -> None:
    laptop = unknown_on_laptop(_MADE.model)
    assert laptop.cpu is not None
    later = replace(laptop, cpu=replace(laptop.cpu, ms=12.0), day="2026-11-30")
    result = _compared(tmp_path, laptop, later, "measured-ms-ratio<=1.1", "cpu-ms-ratio<=2", "npu-lost==0", "slower==0")
    assert "8.31 → 12.0 ms on the CPU alone" in compare_text(result, Page(width=200))
    assert [gate.passed for gate in result.gates] == [False, True, False, True], "whether the NPU ran is unknown"


def test_a_measurement_is_compared_with_a_measurement_only(tmp_path: Path) -> None:
    file = write_measurement(tmp_path, _MADE)
    for after in (_KEYWORDS, None):
        with pytest.raises(InputError, match=r"compared with another measurement.*npufit check MODEL --measured FILE"):
            compare(file, after, CompareOptions(("imx93/vela",)))
    with pytest.raises(InputError, match=r"unknown quantity 'moved-to-cpu'\. Known: measured-ms-ratio"):
        compare(file, file, CompareOptions(require=("moved-to-cpu==0",)))
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(InputError, match="changed after npufit wrote it"):
        compare(file, file)


def test_the_command_compares_two_files_and_fails_a_gate(tmp_path: Path) -> None:
    first, second = (str(write_measurement(tmp_path, side)) for side in (_MADE, _slower(4.1)))
    page = tmp_path / "page.html"
    run = run_npufit("compare", first, second, "--require", "measured-ms-ratio<=1.05", "--html", str(page))
    assert run.returncode == 1
    assert "FAILED: measured-ms-ratio<=1.05 on imx93/vela@lf-6.1.36 (found 1.085)" in run.stdout.decode()
    assert "FAILED" in page.read_text(encoding="utf-8")
    worse = compare(first, second, CompareOptions(require=("slower==0",)))
    assert "**FAILED**" in compare_markdown(worse)
    assert run_npufit("compare", second, first, "--require", "slower==0").returncode == 0
