"""A user's own measurements beside a check: in every form, matched by model and target, and loud where they differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import npufit
from measurements.made_measurements import consistent, contradicted, model_of, proven, unknown_on_laptop
from npufit.checking import CheckOptions, CheckResult, OwnMeasurements, check, check_targets
from npufit.graph import Model
from npufit.measurements import Measurement, write_measurement
from npufit.report import to_json
from npufit.report.check import check_document, check_markdown, check_page, check_screen, check_text, targets_screen
from npufit.report.check.own_measurements import own_tile
from npufit.report.check.page import tone_of
from npufit.report.document import published_schema
from npufit.report.page import Tone
from npufit.report.terminal_page import Page
from real_files import find_model
from running_npufit import run_npufit

_KEYWORDS = find_model("kws_ref_model.tflite")
_TARGET = "imx93/teflon@26.1"
_PAGE = Page(width=100)


@pytest.fixture(scope="module")
def network() -> Model:
    return npufit.load(_KEYWORDS)


def _on_teflon(measurement: Measurement) -> Measurement:
    return replace(measurement, target=_TARGET)


def _checked(network: Model, folder: Path, *measurements: Measurement, target: str = _TARGET) -> CheckResult:
    for measurement in measurements:
        write_measurement(folder, measurement)
    return check(network, target, CheckOptions(measured=(folder,)))


def _own(result: CheckResult) -> OwnMeasurements:
    assert result.own is not None
    return result.own


def _in_every_form(result: CheckResult) -> list[str]:
    document = check_document(result.model, [result])
    text = to_json(document)
    jsonschema.validate(json.loads(text), json.loads(published_schema("check")))
    return [
        " ".join(check_screen(result, "net.tflite", _PAGE).split()),
        " ".join(check_text(result, _PAGE).split()),
        check_markdown(result.model, [result]),
        check_page(result.model, [result], "net.tflite").replace("\N{NO-BREAK SPACE}", " "),
    ]


def test_a_measured_time_stands_beside_the_prediction_in_every_form(tmp_path: Path, network: Model) -> None:
    result = _checked(network, tmp_path, _on_teflon(proven(model_of(network))))
    for text in _in_every_form(result):
        assert "3.78 ms measured on your board" in text
        assert "the NPU interrupted once for each of 151 calls" in text
        assert "NOT in the predicted range" in text
    (entry,) = check_document(network, [result]).results[0].own_measurements
    assert (entry.verdict, entry.npu_ms, entry.cpu_ms, entry.in_range) == ("proven", 3.78, 51.8, False)
    assert result.estimate is not None
    assert result.estimate.total_ms is not None
    inside = _checked(network, tmp_path / "2", _on_teflon(proven(model_of(network), result.estimate.total_ms)))
    assert _own(inside).found[0].in_range(inside.estimate) is True


def test_a_contradiction_comes_first_and_gives_no_time(tmp_path: Path, network: Model) -> None:
    result = _checked(network, tmp_path, _on_teflon(contradicted(model_of(network))))
    for text in _in_every_form(result):
        assert "the NPU DID NOT RUN on your board (measured 2026-11-22); expected:" in text
        assert "never interrupted in 151 calls" in text
        assert "ms measured on your board" not in text
    assert tone_of(result) is Tone.BAD
    assert own_tile(result) == ("not on the NPU", "measured 2026-11-22", "bad")
    assert check_screen(result, "net.tflite", Page(width=100, color=True)).startswith("\x1b[1;31m")
    assert "the NPU DID NOT RUN" in targets_screen([result, result], "net.tflite", _PAGE)


def test_a_later_measurement_overrules_an_earlier_one(tmp_path: Path, network: Model) -> None:
    model = model_of(network)
    later = replace(_on_teflon(proven(model)), day="2026-11-23")
    result = _checked(network, tmp_path, _on_teflon(contradicted(model)), later)
    assert _own(result).contradicting is None
    assert "the NPU never interrupted" in check_text(result, Page(width=500)), "it is listed all the same"


def test_outputs_that_differ_are_said_and_no_hazard_is_not_claimed(tmp_path: Path, network: Model) -> None:
    made = consistent(model_of(network))
    measured = replace(made, target=_TARGET, board=replace(made.board, chip="imx93"))
    result = _checked(network, tmp_path, measured)
    for text in _in_every_form(result):
        assert "outputs DIFFER on your board" in text
        assert "41 of 1000 values differ, by up to 23 steps" in text
        assert "; no known hazard" not in text


def test_other_weights_versions_and_stacks_are_named(tmp_path: Path, network: Model) -> None:
    model = model_of(network)
    retrained = replace(_on_teflon(proven(replace(model, sha256="ab" * 32))), target="imx93/teflon@25.3")
    result = _checked(network, tmp_path, retrained, proven(model), unknown_on_laptop(model), consistent(model))
    assert [(own.is_of_stack, own.has_other_weights, own.other_target) for own in _own(result).found] == [
        (True, True, "imx93/teflon@25.3"),
        (False, False, "imx93/vela@lf-6.1.36"),
    ], "the laptop and another chip do not count"
    assert _own(result).found[1].with_npu is None, "the NPU's time is another stack's"
    text = " ".join(check_text(result, _PAGE).split())
    assert "with imx93/teflon@25.3, other weights" in text
    assert "CPU alone; evk on the desk, lf-6.1.36, 2 threads, 2026-11-22, with imx93/vela@lf-6.1.36" in text


def test_a_damaged_file_of_the_model_is_not_silent(tmp_path: Path, network: Model) -> None:
    path = write_measurement(tmp_path, _on_teflon(proven(model_of(network))))
    path.write_bytes(path.read_bytes().replace(b"3.78", b"1.78"))
    result = _checked(network, tmp_path)
    assert _own(result).found == ()
    for text in _in_every_form(result):
        assert "changed after npufit wrote it" in text


def test_a_target_without_a_prediction_shows_what_was_measured(tmp_path: Path, network: Model) -> None:
    write_measurement(tmp_path, _on_teflon(proven(model_of(network))))
    (result,) = check_targets(network, [_TARGET], CheckOptions(measured=(tmp_path,), predict=False))
    for text in _in_every_form(result):
        assert "the NPU interrupted once for each of 151 calls" in text
        assert "predicted range" not in text


def test_the_command_looks_into_the_users_folder_and_into_named_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Model
) -> None:
    of_file = replace(model_of(network), sha256="0" * 64)
    write_measurement(tmp_path / "own", _on_teflon(proven(of_file)))
    write_measurement(tmp_path / "hers", replace(_on_teflon(proven(of_file)), day="2026-12-24"))
    monkeypatch.setenv("NPUFIT_MEASUREMENTS", str(tmp_path / "own"))
    command = ["check", str(_KEYWORDS), "-t", _TARGET, "--json"]
    for more, days in (([], ["2026-11-22"]), (["--measured", str(tmp_path / "hers")], ["2026-12-24", "2026-11-22"])):
        found = json.loads(run_npufit(*command, *more).stdout)["results"][0]["own_measurements"]
        assert [(entry["day"], entry["other_weights"]) for entry in found] == [(day, True) for day in days]


@pytest.mark.parametrize("is_there", [True, False])
def test_without_measurements_nothing_is_imported_for_them(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path if is_there else tmp_path / "nowhere"
    (tmp_path / "notes.json").write_text("{}")
    script = (
        "import sys; from npufit.cli.main import npufit; "
        f"npufit.main(['check', {str(_KEYWORDS)!r}, '-t', {_TARGET!r}], standalone_mode=False); "
        "sys.exit(' '.join({'pydantic', 'npufit.measurements.measurement'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NPUFIT_MEASUREMENTS": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
