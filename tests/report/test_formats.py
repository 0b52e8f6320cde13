"""JSON, SARIF and Markdown: valid, complete, and safe against names from a hostile file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from sarif_pydantic import Sarif  # pyright: ignore[reportMissingTypeStubs]

import npufit
from npufit.checking import CheckResult, parse_gate
from npufit.graph import NO_BUFFER, Buffer, Conv2DOptions, ElementType, Model, Operator, Padding, Subgraph, Tensor
from npufit.report.check.document import check_document
from npufit.report.check.markdown import check_markdown
from npufit.report.check.sarif import check_sarif
from npufit.report.check.screen import check_screen, targets_screen
from npufit.report.check.text import check_text
from npufit.report.document import published_schema, to_json
from npufit.report.model_line import describe_quantization
from npufit.report.terminal_page import Page
from npufit.stacks import Effect, Unit, load_stack

_HOSTILE = "\x1b[2J<script>alert(1)</script>|`x`\n# title\u202e\udcff'"


@pytest.fixture(scope="module")
def results() -> list[CheckResult]:
    """Return checks of one network for targets with refusals, hazards, unknowns and no answer at all."""
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    targets = ("imx93/teflon@25.3", "imx93/teflon@main", "imx93/vela", "imx95/neutron@1.16", "imx8mp/vx")
    return [npufit.check(model, target) for target in targets]


@pytest.fixture(scope="module")
def hostile() -> CheckResult:
    """Return a check of a network whose names try to steer terminals and pages."""
    model = npufit.load("zoo:mobilenet_v2@96,int8")

    def rename(subgraph: Subgraph) -> Subgraph:
        tensors = tuple(replace(tensor, name=f"{_HOSTILE}{index}") for index, tensor in enumerate(subgraph.tensors))
        return replace(subgraph, tensors=tensors)

    renamed = Model(name=_HOSTILE, subgraphs=tuple(rename(subgraph) for subgraph in model.subgraphs))
    return npufit.check(renamed, "imx93/teflon@25.3")


def test_json_follows_the_published_schema(results: list[CheckResult], hostile: CheckResult) -> None:
    schema = json.loads(published_schema("check"))
    jsonschema.Draft202012Validator.check_schema(schema)
    gates = [result.evaluate(parse_gate("hazards==0")) for result in results]
    for chosen in (results, [hostile]):
        document = json.loads(to_json(check_document(chosen[0].model, chosen, gates)))
        jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "extra": 1}, schema)


def test_json_says_what_the_result_says(results: list[CheckResult]) -> None:
    document: dict[str, Any] = json.loads(to_json(check_document(results[0].model, results)))
    for said, result in zip(document["results"], results, strict=True):
        assert said["target"] == str(result.target)
        assert said["summary"]["npu"] == len(result.on(Unit.NPU))
        assert [operator["unit"] for operator in said["operators"]] == [
            placed.unit.value for placed in result.placement.operators
        ]
        assert len(said["hazards"]) == said["summary"]["hazards"]
        assert sum(partition["boundary_bytes"] for partition in said["partitions"]) == said["summary"]["boundary_bytes"]


def test_sarif_is_read_by_another_library(results: list[CheckResult], hostile: CheckResult) -> None:
    for chosen in (results, [hostile]):
        text = check_sarif(chosen, "models/a b.tflite")
        sarif = Sarif.model_validate_json(text)
        assert sarif.version == "2.1.0"
        assert len(sarif.runs) == len(chosen)
    document = json.loads(check_sarif(results, "models/a b.tflite"))
    assert document["runs"][0]["artifacts"][0]["location"]["uri"] == "models/a%20b.tflite"


def test_sarif_has_a_result_for_every_refusal_and_hazard(results: list[CheckResult]) -> None:
    document = json.loads(check_sarif(results, "model.tflite"))
    for run, result in zip(document["runs"], results, strict=True):
        refused = [placed for placed in result.placement.operators if placed.unit is not Unit.NPU]
        of_time = [finding for finding in run["results"] if finding["ruleId"].startswith("time.")]
        assert len(run["results"]) == len(refused) + len(result.placement.hazards) + len(of_time)
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(rules) == len(set(rules))
        for finding in run["results"]:
            assert rules[finding["ruleIndex"]] == finding["ruleId"]
            assert finding in of_time or "Way out: " in finding["message"]["text"]
    levels = {finding["level"] for run in document["runs"] for finding in run["results"]}
    assert levels == {"error", "warning", "note"}


def _with_computed_weights() -> Model:
    """Return a CONV_2D whose weights are an input of the network."""
    image = Tensor("image", (1, 32, 32, 16), ElementType.INT8)
    weights = Tensor("weights", (16, 3, 3, 16), ElementType.INT8)
    bias = Tensor("bias", (16,), ElementType.INT32, buffer=Buffer(bytes(64)))
    result = Tensor("result", (1, 32, 32, 16), ElementType.INT8)
    convolution = Operator("CONV_2D", (0, 1, 2), (3,), Conv2DOptions(Padding.SAME, 1, 1))
    tensors = (image, weights, bias, result)
    return Model("m", (Subgraph(tensors=tensors, operators=(convolution,), inputs=(0, 1), outputs=(3,)),))


def test_a_crash_is_louder_than_a_wrong_answer_in_every_format() -> None:
    model = _with_computed_weights()
    result = npufit.check(model, "imx8mp/teflon@26.1")
    assert [hazard.effect for hazard in result.placement.hazards] == [Effect.CRASH]
    assert result.summary.crashes == 1
    text = " ".join(check_text(result, Page()).split())
    assert text.startswith(
        "imx8mp/teflon@26.1: 1 hazard that crashes the process (teflon.operand-read-early); otherwise "
    )
    assert "Hazards: accepted, but the process crashes (1)" in text
    assert "accepted, but the process crashes" in check_markdown(model, [result])
    (entry,) = json.loads(to_json(check_document(model, [result])))["results"][0]["hazards"]
    assert entry["effect"] == "crash"
    (run,) = json.loads(check_sarif([result], "model.tflite"))["runs"]
    crash = next(finding for finding in run["results"] if finding["ruleId"] == "teflon.operand-read-early")
    assert (crash["rank"], crash["properties"]["effect"]) == (100.0, "crash")
    assert not result.evaluate(parse_gate("crashes==0")).passed


def test_markdown_escapes_what_comes_from_the_file(hostile: CheckResult) -> None:
    text = check_markdown(hostile.model, [hostile])
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "\n# title" not in text
    assert "&lt;script&gt;" in text


def test_markdown_tables_have_the_same_number_of_cells_in_every_row(
    results: list[CheckResult], hostile: CheckResult
) -> None:
    for chosen in (results, [hostile]):
        gates = [result.evaluate(parse_gate("hazards==0")) for result in chosen]
        cells = 0
        for line in check_markdown(chosen[0].model, chosen, gates).splitlines():
            if not line.startswith("|"):
                cells = 0
                continue
            found = line.replace("\\|", "").count("|")
            assert cells in (0, found), line
            cells = found


def test_text_lets_no_name_steer_the_terminal(hostile: CheckResult) -> None:
    for everything in (False, True):
        text = check_text(hostile, Page(), everything=everything)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\\x1b[2J" in text


def test_a_screen_lets_no_name_steer_the_terminal(hostile: CheckResult) -> None:
    for text in (
        check_screen(hostile, "\x1b[2J\u202e.tflite", Page()),
        targets_screen([hostile, hostile], "\x1b[2J\u202e.tflite", Page()),
    ):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_all_lists_every_operator_and_boundary_tensor(results: list[CheckResult]) -> None:
    result = results[0]
    text = check_text(result, Page(width=140), everything=True)
    listed = text[text.index("\nOperators\n") :]
    for placed in result.placement.operators:
        assert f" {result.operator(placed).name} " in listed
    assert "more (--all)" not in text


def test_colour_adds_nothing_but_colour(results: list[CheckResult]) -> None:
    import re

    for result in results:
        plain = check_text(result, Page())
        colored = check_text(result, Page(color=True))
        assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain
        assert "\x1b[" in colored


def test_lines_keep_to_the_width_of_the_page(results: list[CheckResult]) -> None:
    for result in results:
        long = [line for line in check_text(result, Page(width=100)).splitlines() if len(line) > 100]
        # A path or identifier that cannot be broken may stand out; sentences may not.
        assert all(max(map(len, line.split())) > 40 or "MACs" in line for line in long), long


def test_the_stacks_and_their_rules_have_everything_a_page_needs() -> None:
    for name in ("teflon", "vela", "neutron"):
        for rule in load_stack(name).rules():
            for field in ("statement", "limit", "why", "example", "versions", "source"):
                assert getattr(rule, field).strip(), (rule.id, field)
            assert rule.remedies, rule.id


def test_weights_that_the_file_unpacks_first_are_named_as_stored() -> None:
    model = npufit.load("zoo:mobilenet_v1@32,float32,alpha=0.25")
    graph = model.main
    position = next(index for index, operator in enumerate(graph.operators) if operator.type == "CONV_2D")
    convolution = graph.operators[position]
    weights = graph.tensors[convolution.inputs[1]]
    stored = replace(weights, element=ElementType.FLOAT16)
    unpacked = replace(weights, buffer=NO_BUFFER)
    tensors = (*graph.tensors, stored, unpacked)
    unpack = Operator("DEQUANTIZE", (len(tensors) - 2,), (len(tensors) - 1,))
    reading = replace(convolution, inputs=(convolution.inputs[0], len(tensors) - 1, *convolution.inputs[2:]))
    operators = (*graph.operators[:position], unpack, reading)
    changed = replace(model, subgraphs=(replace(graph, tensors=tensors, operators=operators),))
    assert describe_quantization(changed) == "weights float16"
