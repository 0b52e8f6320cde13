"""The report on a run: the answer first, valid JSON, safe against names from a hostile file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

import npufit
from npufit.errors import InputError
from npufit.execution import Comparison, TensorComparison, best_classes
from npufit.graph import Attachment, Model
from npufit.report.document import published_schema, to_json
from npufit.report.run.document import run_document
from npufit.report.run.text import headline, run_text
from npufit.report.terminal_page import Page
from npufit.running import RunOptions, RunResult, SimulatorFinding, run
from npufit.stacks import Target
from real_files import find_model

_HOSTILE = "\x1b[2J<b>|\u202e\udcff'"


@pytest.fixture(scope="module")
def network() -> Model:
    """Return a small classifier."""
    return npufit.load("zoo:mobilenet_v1@96,uint8,alpha=0.25")


@pytest.fixture(scope="module")
def equal(network: Model) -> RunResult:
    """Return a run that was compared and found equal."""
    options = RunOptions(compare=True, repeat=0)
    return run(network, Target("imx93", "vela", "5.2"), options)


def _differing(result: RunResult, **changes: Any) -> RunResult:
    """Return the run with a comparison that fails from operator 5 on."""
    compared = [
        TensorComparison(operator.outputs[0], index, 75, 75, 100, 255.0)
        if index >= 5
        else TensorComparison(operator.outputs[0], index, 0, 0, 100, 0.0)
        for index, operator in enumerate(result.model.main.operators)
    ]
    compared[5] = replace(compared[5], **changes)
    return replace(result, comparison=Comparison("the golden", 0.0, tuple(compared)))


def test_the_first_line_says_equal_and_how_many(equal: RunResult) -> None:
    assert equal.comparison is not None
    count = len(equal.comparison.tensors)
    expected = f"equal: {count} of {count} tensors on imx93/vela@5.2 match LiteRT BUILTIN_REF"
    assert run_text(equal, Page()).splitlines()[0] == expected


def test_the_first_line_says_where_it_parts(equal: RunResult, network: Model) -> None:
    kind = network.main.operators[5].type
    assert headline(_differing(equal)).startswith(
        f"first difference at operator 5 ({kind}): 75.0 % of its values differ, by up to 255 steps; 26 of 31 tensors"
    )
    text = run_text(_differing(equal, note="equal in bricks"), Page())
    assert "equal in bricks" in text
    assert "… 14 more differing tensors (--all)" in text
    everything = run_text(_differing(equal), Page(), everything=True)
    assert len([line for line in everything.splitlines() if "75.0 %" in line]) == 27
    assert "more tensors" not in everything


def test_without_a_comparison_the_first_line_says_what_ran(network: Model) -> None:
    result = run(network, "cpu", RunOptions(repeat=0))
    assert headline(result) == f"ran {network.name} on LiteRT BUILTIN_REF"
    assert "Outputs" in run_text(replace(result, scores=()), Page())
    assert "Top 5" in run_text(result, Page())


def test_nothing_in_common_is_said(equal: RunResult) -> None:
    assert headline(replace(equal, comparison=Comparison("the golden", 0.0, ()))).startswith("nothing to compare")


def test_json_follows_the_published_schema(equal: RunResult, network: Model) -> None:
    schema = json.loads(published_schema("run"))
    jsonschema.Draft202012Validator.check_schema(schema)
    cpu = run(network, "cpu")
    infinite = _differing(equal, largest=float("inf"), note="int8 instead of uint8")
    found = replace(equal, findings=(SimulatorFinding(0, "operation 3: outside its region"),))
    for result in (equal, cpu, infinite, found):
        document: dict[str, Any] = json.loads(to_json(run_document(result)))
        jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "extra": 1}, schema)


def test_json_says_what_the_run_found(equal: RunResult) -> None:
    document: dict[str, Any] = json.loads(to_json(run_document(_differing(equal))))
    assert document["compare"]["equal"] is False
    assert document["compare"]["tensors_compared"] == 31
    assert document["compare"]["first_difference"] == document["compare"]["per_tensor"][5]
    assert document["compare"]["per_tensor"][5]["largest_difference"] == 255
    assert document["compare"]["per_tensor"][5]["share"] == 0.75
    assert document["seconds"]["steady"] is None
    assert document["seconds"]["reference"] > 0


def test_findings_of_the_simulator_are_loud(equal: RunResult) -> None:
    findings = tuple(SimulatorFinding(0, f"operation {index}: outside its region") for index in range(9))
    text = run_text(replace(equal, findings=findings), Page())
    assert "The simulator found 9 faults in the command streams" in text
    assert "operation 5: outside its region" in text
    assert "… 3 more (--all)" in text


def test_hostile_names_cannot_steer_the_page(equal: RunResult) -> None:
    tensors = tuple(replace(tensor, name=_HOSTILE) for tensor in equal.model.main.tensors)
    model = replace(equal.model, name=_HOSTILE, subgraphs=(replace(equal.model.main, tensors=tensors),))
    result = _differing(replace(equal, model=model))
    for text in (run_text(result, Page()), run_text(replace(result, comparison=None), Page())):
        assert all(line.isprintable() for line in text.splitlines())
        text.encode()
    jsonschema.validate(json.loads(to_json(run_document(result))), json.loads(published_schema("run")))


def test_the_best_classes_come_with_their_labels(network: Model) -> None:
    output = network.main.outputs[0]
    tensor = network.main.tensors[output]
    stored = np.zeros(tensor.shape or (), np.uint8)
    count = stored.size
    stored[0, 3], stored[0, 7] = 200, 255
    labels = [f"class {index}" for index in range(count)]
    best = best_classes(network, {output: stored}, labels)
    assert [(score.index, score.label) for score in best[:2]] == [(7, "class 7"), (3, "class 3")]
    assert best[0].score == pytest.approx((255 - tensor.quantization.zero_point) * tensor.quantization.scale)
    assert [score.index for score in best[2:]] == [0, 1, 2]
    shifted = best_classes(network, {output: stored}, labels[:-1])
    assert (shifted[0].label, shifted[2].label) == ("class 6", "background")
    travelling = replace(network, attachments=(Attachment("labels.txt", "\n".join(labels).encode()),))
    assert best_classes(travelling, {output: stored})[0].label == "class 7"
    assert best_classes(network, {output: stored})[0].label == ""
    with pytest.raises(InputError, match=f"the model has {count} classes, but the file of labels has 3 lines"):
        best_classes(network, {output: stored}, labels[:3])


def test_labels_for_a_model_without_classes_are_refused() -> None:
    model = npufit.load("zoo:ssd_mobilenet_v1@128")
    assert best_classes(model, {}) == ()
    with pytest.raises(InputError, match="no output has one score per class"):
        best_classes(model, {}, ["a", "b"])


def test_a_model_that_repairs_its_input_names_no_classes() -> None:
    model = npufit.load(find_model("ad01_int8.tflite"))
    outputs = {model.main.outputs[0]: np.zeros((1, 640), np.int8)}
    assert best_classes(model, outputs) == ()
    assert len(best_classes(model, outputs, [str(index) for index in range(640)])) == 5


def test_notes_stand_below_the_times(equal: RunResult) -> None:
    noted = replace(equal, notes=("compiled for another accelerator",))
    assert "note: compiled for another accelerator" in run_text(noted, Page()).splitlines()
    assert json.loads(to_json(run_document(noted)))["notes"] == ["compiled for another accelerator"]
    jsonschema.validate(json.loads(to_json(run_document(noted))), json.loads(published_schema("run")))
