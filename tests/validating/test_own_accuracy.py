"""A user's own measurements beside the public ones: predicted before they were made, counted apart, and once."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import npufit
from measurements.made_measurements import consistent, contradicted, model_of, proven, unknown_on_laptop
from npufit.cli.main import npufit as group
from npufit.errors import InputError
from npufit.measurements import Proof, ProofVerdict, write_measurement
from npufit.report.accuracy import accuracy_markdown, accuracy_page, accuracy_text
from npufit.report.document import published_schema
from npufit.report.terminal_page import Page
from npufit.validating import OwnAccuracy, accuracy
from real_files import find_model

_MADE = proven(model_of(npufit.load(find_model("kws_ref_model.tflite"))))


def _own(*places: Path, groups: tuple[str, ...] = ()) -> OwnAccuracy:
    found = accuracy(groups, places).own
    assert found is not None
    return found


def test_own_times_are_counted_apart_beside_what_was_predicted_before(tmp_path: Path) -> None:
    write_measurement(tmp_path, _MADE)
    write_measurement(tmp_path, replace(proven(_MADE.model, ms=7.8), day="2026-11-23"))
    found = _own(tmp_path)
    errors = {(row.group, row.measured_ms): (row.predicted_ms, row.in_band, row.counts) for row in found.rows}
    assert errors == {
        ("imx93/vela", 3.78): (3.9, True, True),
        ("imx93/vela", 7.8): (3.9, False, True),
        ("imx93/cpu", 51.8): (50.0, None, True),
    }
    on_npu, on_cpu = found.groups
    assert (on_npu.group, on_npu.rows, on_npu.networks, on_npu.coverage) == ("imx93/vela", 2, 1, 0.5)
    assert on_npu.median_error == pytest.approx((3.9 / 3.78 - 1 + 0.5) / 2)
    assert (on_cpu.rows, on_cpu.coverage) == (2, None), "no range was predicted for the CPU alone"
    public = accuracy()
    assert accuracy((), [tmp_path]).groups == public.groups
    assert public.own is None


def test_no_content_counts_twice_and_no_doubtful_time_counts(tmp_path: Path) -> None:
    path = write_measurement(tmp_path / "mine", _MADE)
    (tmp_path / "hers").mkdir()
    shutil.copy(path, tmp_path / "hers")
    assert len(_own(tmp_path / "mine", tmp_path / "hers", tmp_path).rows) == 2
    hot = replace(consistent(_MADE.model), predicted=_MADE.predicted)
    doubtful = replace(_MADE, proof=Proof(ProofVerdict.UNKNOWN, "nothing counts"), cpu=None)
    for measurement in (hot, doubtful, contradicted(_MADE.model), unknown_on_laptop(_MADE.model)):
        write_measurement(tmp_path / "doubt", measurement)
    found = _own(tmp_path / "doubt")
    assert {row.left_out for row in found.rows if not row.counts} == {
        "the board throttled while it ran",
        "whether the NPU ran is unknown",
        "this CPU is in no chip file, so npufit predicts nothing for it",
    }
    assert [row.group for row in found.rows if row.counts] == ["imx93/cpu"], "that of the contradicted measurement"
    assert "the NPU did not run: the NPU never interrupted" in found.refused[0]


def test_groups_choose_own_rows_too(tmp_path: Path) -> None:
    write_measurement(tmp_path, replace(_MADE, target="imx93/teflon@26.1"))
    assert {row.group for row in _own(tmp_path, groups=("imx93/cpu",)).rows} == {"imx93/cpu"}
    result = accuracy(["imx93/teflon"], [tmp_path])
    assert result.rows == (), "no public row is of this group"
    assert "3.78" in accuracy_text(result, Page(width=100))
    with pytest.raises(InputError, match="there is no measurement of 'imx93/teflon'"):
        accuracy(["imx93/teflon"])
    with pytest.raises(InputError, match="no such file or folder of measurements"):
        accuracy([], [tmp_path / "nowhere"])


def test_every_form_shows_them(tmp_path: Path) -> None:
    write_measurement(tmp_path, replace(_MADE, model=replace(_MADE.model, name="mine.tflite")))
    write_measurement(tmp_path, contradicted(_MADE.model))
    run = CliRunner().invoke(group, ["accuracy", "imx93", "--measured", str(tmp_path), "--json"])
    document = json.loads(run.stdout)
    jsonschema.validate(document, json.loads(published_schema("accuracy")))
    assert [entry["measured_ms"] for entry in document["own"]["rows"] if entry["model"] == "mine.tflite"] == [
        3.78,
        51.8,
    ]
    result = accuracy(["imx93"], [tmp_path])
    page = accuracy_page(result).replace("\N{NO-BREAK SPACE}", " ")
    for text in (accuracy_text(result, Page(width=140)), accuracy_markdown(result), page):
        assert "Your own measurements" in text
        assert "3 times, 3 of them counted: median error 3.5 %" in text
        assert "mine.tflite" in text
        assert "the NPU did not run" in text
    assert "Your own" not in accuracy_markdown(accuracy(["imx93"]))
