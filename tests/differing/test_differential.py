"""A folder of models in a library made of a capture: what agrees, what does not, what LiteRT refuses."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import npufit
from captured_teflon import build_library
from npufit.cli.main import npufit as command
from npufit.differing import Kind
from npufit.differing.outcome import AnsweredOutput, OtherPlace, Outcome, PredictedHazard, outcome_text, read_outcome
from npufit.report.document import published_schema
from npufit.stacks import Effect, Unit
from real_files import find_model

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libteflon is a Linux library")

_MODEL = "mobilenet_v1_0.5_160_quant"
_TARGET = "imx93/teflon@25.3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a model that the library runs, one that LiteRT refuses, and a file that is none."""
    models = tmp_path / "models"
    (models / "deeper").mkdir(parents=True)
    shutil.copy(find_model(f"{_MODEL}.tflite"), models / "deeper" / "good.tflite")
    shutil.copy(find_model("person_detect.tflite"), models / "refused.tflite")
    (models / "broken.tflite").write_bytes(b"TFL3 and nothing else")
    return models


def test_what_agrees_is_kept_and_what_cannot_be_compared_is_apart(folder: Path, tmp_path: Path) -> None:
    library = npufit.Library(build_library(_MODEL, tmp_path))
    options = npufit.DifferentialOptions(cache=tmp_path / "kept", workers=2, kernel="7.3")
    result = npufit.differential(folder, _TARGET, library, options)
    assert result.agrees
    assert [model.path for model in result.models] == ["broken.tflite", "deeper/good.tflite", "refused.tflite"]
    ((good, outcome),) = result.compared
    assert good.path == "deeper/good.tflite"
    assert (outcome.operators, outcome.npu, outcome.real_partitions) == (31, 29, 1)
    assert outcome.outputs is not None
    assert [(output.differing, output.values) for output in outcome.outputs] == [(0, 1001)]
    assert outcome.kernel_refusals == ()
    assert [model.path for model in result.failed] == ["broken.tflite"]
    assert [model.path for model in result.refused_by_litert] == ["refused.tflite"]
    again = npufit.differential(folder, _TARGET, library, options)
    assert [model.outcome for model in again.models] == [model.outcome for model in result.models]
    assert all(model.kept for model, _ in again.compared)


def test_a_crash_that_no_rule_predicts_is_a_disagreement(folder: Path, tmp_path: Path) -> None:
    library = build_library(_MODEL, tmp_path, "CRASH_IN_INVOKE")
    report = tmp_path / "report.json"
    arguments = ["vnpu", "--differential", str(folder), "--library", str(library), "-t", _TARGET, "--no-cache"]
    outcome = CliRunner().invoke(command, [*arguments, "--json", str(report)], standalone_mode=False)
    assert outcome.return_value == 1, outcome.output
    said = " ".join(outcome.output.split())
    assert said.startswith(f"{_TARGET}: the rules and libteflon.so (Mesa 25.3.0-captured) agree on 0 of 1 models")
    assert "1 died of signal SIGSEGV in Invoke in deeper/good.tflite" in said
    document = json.loads(report.read_text())
    jsonschema.validate(document, json.loads(published_schema("differential")))
    assert [entry["kind"] for entry in document["disagreements"]] == [Kind.CRASH]


def test_an_outcome_survives_as_json_and_judges_itself() -> None:
    output = AnsweredOutput("scores", 3, 10, 1.0)
    outcome = Outcome(operators=5, partitions=2, real_partitions=2, outputs=(output,))
    assert outcome.differs_unpredicted
    hazard = PredictedHazard("ethosu.pad-folded", Effect.WRONG, True, 4)
    assert replace(outcome, hazards=(hazard,)).agrees
    assert replace(outcome, may_round=True).agrees
    assert not replace(outcome, may_round=True, outputs=(replace(output, largest=2.0),)).agrees
    assert not replace(outcome, hazards=(hazard,), ended="died").agrees
    assert not replace(outcome, hazards=(hazard,), real_partitions=3).agrees
    moved = replace(outcome, otherwise=(OtherPlace(0, 1, "PAD", "", Unit.NPU, Unit.CPU),), unseen=("rocket.x",))
    assert not replace(moved, outputs=None).agrees
    assert read_outcome(outcome_text(moved)) == moved
