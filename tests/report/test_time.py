"""What reports say about time: true, in every format, and loud where the NPU makes a model slower."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

import npufit
from npufit.checking import CheckResult
from npufit.cost import Estimate, EstimateOptions
from npufit.report.check.comparison import comparison_text
from npufit.report.check.document import check_document
from npufit.report.check.headline import headline
from npufit.report.check.markdown import check_markdown
from npufit.report.check.sarif import check_sarif
from npufit.report.check.text import check_text
from npufit.report.document import published_schema, to_json
from npufit.report.terminal_page import Page

_NETWORK = "zoo:mobilenet_v1@96,int8"


@pytest.fixture(scope="module")
def fast() -> CheckResult:
    """Return a network that Vela compiles whole."""
    return npufit.check(npufit.load(_NETWORK), "imx93/vela")


@pytest.fixture(scope="module")
def slow() -> CheckResult:
    """Return the same for a board whose calls of the NPU take a second."""
    options = EstimateOptions(npu={"call_ns": 1e9})
    return npufit.check(npufit.load(_NETWORK), "imx93/vela", npufit.CheckOptions(estimate=options))


def _estimate(result: CheckResult) -> Estimate:
    assert result.estimate is not None
    return result.estimate


def test_the_headline_says_how_long_and_the_cpu_alone(fast: CheckResult) -> None:
    found = re.search(
        r"; predicted ([\d.]+) ms \(([\d.]+) to ([\d.]+)\), CPU alone ([\d.]+) ms on 2 cores;", headline(fast)
    )
    assert found is not None
    total, low, high, alone = map(float, found.groups())
    estimate = _estimate(fast)
    assert estimate.total_ms is not None
    assert total == pytest.approx(estimate.total_ms, rel=0.06)  # pyright: ignore[reportUnknownMemberType]
    assert low <= total <= high < alone


def test_a_reversal_comes_first_in_every_format(slow: CheckResult, fast: CheckResult) -> None:
    first = f"imx93/vela@{slow.target.version}: SLOWER with the NPU than without: predicted 10"
    assert headline(slow).startswith(first)
    assert "SLOWER" in check_text(slow, Page()).splitlines()[0]
    assert "slower" in comparison_text([slow, fast], Page(width=140)).splitlines()[1]
    assert "🔴" in check_markdown(slow.model, [slow])
    (run,) = json.loads(check_sarif([slow], "m.tflite"))["runs"]
    notes = [finding for finding in run["results"] if finding["ruleId"] == "time.slower-with-npu"]
    assert [note["level"] for note in notes] == ["note"]
    assert run["tool"]["driver"]["rules"][notes[0]["ruleIndex"]]["id"] == "time.slower-with-npu"
    assert _estimate(slow).warnings
    assert "SLOWER" not in headline(fast)
    assert "time.slower-with-npu" not in check_sarif([fast], "m.tflite")


def test_the_parts_add_up_in_text_and_json(fast: CheckResult) -> None:
    document: dict[str, Any] = json.loads(to_json(check_document(fast.model, [fast])))
    jsonschema.validate(document, json.loads(published_schema("check")))
    said = document["results"][0]["estimate"]
    parts = said["npu_ms"] + said["cpu_ms"] + said["overhead_ms"]
    assert said["total_ms"] == pytest.approx(parts, rel=1e-4)  # pyright: ignore[reportUnknownMemberType]
    assert said["low_ms"] <= said["total_ms"] <= said["high_ms"]
    assert said["speed_up"] == pytest.approx(  # pyright: ignore[reportUnknownMemberType]
        said["cpu_only_ms"] / said["total_ms"], rel=1e-4
    )
    assert len(said["operators"]) == len(document["results"][0]["operators"])
    assert said["memory"]["arena_bytes"] > 0
    assert said["compiler_ms"] > 0
    text = check_text(fast, Page())
    for row in ("with the NPU", "calls and copies", "CPU alone", "compiler", "basis"):
        assert f"\n  {row}" in text.replace("\n    ", "\n  "), row


def test_threads_change_the_cpu_and_are_named() -> None:
    model = npufit.load(_NETWORK)
    one, two = (
        npufit.check(model, "imx93/vela", npufit.CheckOptions(estimate=EstimateOptions(threads=threads)))
        for threads in (1, 2)
    )
    assert _estimate(one).cpu_only_ms > _estimate(two).cpu_only_ms
    assert "on 1 core;" in headline(one)
    assert "threads 1 (option)" in check_text(one, Page()).replace("\n  ", " ")


def test_all_says_for_each_operator_what_bounds_it(fast: CheckResult) -> None:
    text = check_text(fast, Page(width=140), everything=True)
    table = text[text.index("\nOperators\n") :]
    header = table.splitlines()[2]
    assert [word for word in ("ms", "CPU ms", "bound by") if word not in header] == []
    bounds = {entry.bound for entry in _estimate(fast).operators if entry.bound is not None}
    assert bounds
    for bound in bounds:
        assert f" {bound} " in table


def test_where_nothing_is_known_of_the_chip_no_time_is_made_up() -> None:
    result = npufit.check(npufit.load(_NETWORK), "rk3588/teflon")
    assert result.estimate is None
    assert headline(result).endswith("; time not predicted")
    assert json.loads(to_json(check_document(result.model, [result])))["results"][0]["estimate"] is None
    assert " ms" not in check_text(result, Page())


def test_the_reversal_of_the_imx95_report_is_told_in_the_first_two_lines() -> None:
    small, large = (
        npufit.check(npufit.load(f"zoo:mobilenet_v2@{size},int8"), "imx95/neutron@1.16") for size in (224, 320)
    )
    first, second = check_text(large, Page(width=100)).splitlines()[:2]
    assert "SLOWER with the NPU than without" in first
    first += second
    assert "87.38 ms" in first
    assert "76.08 ms" in first
    assert "SLOWER" not in headline(small)


def test_public_measurements_of_the_same_network_stand_beside_the_prediction() -> None:
    result = npufit.check(npufit.load("zoo:mobilenet_v2@224,int8"), "imx95/neutron@1.16")
    text = " ".join(check_text(result, Page()).split())
    for words in ("measured", "3.17", "37.21", "Toradex community thread 29531"):
        assert words in text
    assert "Toradex" in check_markdown(result.model, [result])
    measured = json.loads(to_json(check_document(result.model, [result])))["results"][0]["estimate"]["measured"]
    assert {entry["ms"] for entry in measured} >= {3.17, 37.21}


def test_sizes_beyond_all_measure_do_not_break_a_report() -> None:
    model = npufit.load(_NETWORK)
    graph = model.main
    for shape in ((2**31 - 1,) * 16, (1, 2**31 - 1, 2**31 - 1, 2**31 - 1), (0, 0, 0, 0), None):
        tensors = tuple(tensor if tensor.is_constant else replace(tensor, shape=shape) for tensor in graph.tensors)
        huge = replace(model, subgraphs=(replace(graph, tensors=tensors),))
        for target in ("imx93/teflon", "imx8mp/teflon", "imx95/neutron", "imx8mp/vx"):
            result = npufit.check(huge, target)
            assert check_text(result, Page(), everything=True)
            document = json.loads(to_json(check_document(huge, [result])), parse_constant=_no_constant)
            jsonschema.validate(document, json.loads(published_schema("check")))


def _no_constant(text: str) -> float:
    raise AssertionError(f"{text} is no JSON")
