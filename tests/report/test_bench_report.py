"""What a bench says: the first line for each verdict, and nothing that a board could inject."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from npufit.boards import BoardFacts
from npufit.measurements import (
    Evidence,
    MeasuredBoard,
    MeasuredModel,
    MeasuredSoftware,
    Measurement,
    PredictedTime,
    Proof,
    ProofVerdict,
    RunSettings,
    SteadyTime,
)
from npufit.measuring import BenchResult
from npufit.report import Page, published_schema, to_json
from npufit.report.bench import bench_document, bench_text, shown_document

_COUNTED = "the NPU interrupted once for each of 151 calls"
_PROVEN = Measurement(
    made_by="0.1.0",
    day="2026-11-22",
    model=MeasuredModel("net.tflite", "a" * 64, "b" * 64, 31),
    target="imx93/vela@lf-6.1.36",
    board=MeasuredBoard("imx93", "NXP i.MX93 EVK", ("fsl,imx93",), "i.MX93", "1.1", "aarch64", 2),
    software=MeasuredSoftware("6.1.36", "", "lf-6.1.36", "", "benchmark_model", "", "TensorFlow Lite", "2.11.1"),
    settings=RunSettings(2, 5, True),
    proof=Proof(
        ProofVerdict.PROVEN,
        _COUNTED,
        (Evidence("/proc/interrupts: ethosu", ProofVerdict.PROVEN, _COUNTED, 0, 51, 151, 51, 151, "one job a call"),),
    ),
    cpu=SteadyTime(51.8, "median", 51.2, 53.1, 50.9, 5),
    npu=SteadyTime(3.78, "median", 3.75, 3.81, 3.71, 5, 12.8, 19.1, 9.8),
    predicted=PredictedTime(3.9, 2.4, 6.5, 48.0, "14 public measurements"),
)
_CONTRADICTED = replace(_PROVEN, npu=None, proof=Proof(ProofVerdict.CONTRADICTED, "ethosu counted 0 in 151 calls"))
_LOCAL = replace(
    _PROVEN,
    target="",
    npu=None,
    predicted=None,
    predicted_unavailable="this CPU is in no chip file",
    board=MeasuredBoard("", "", (), "", "", "x86_64", 2),
    proof=Proof(ProofVerdict.UNKNOWN, "there is no NPU"),
)
_FIRST_LINES = {
    "proven": (
        _PROVEN,
        "net.tflite on imx93/vela@lf-6.1.36: 3.78 ms (predicted 3.9, 2.4 to 6.5), CPU alone 51.8 ms; proven: "
        + _COUNTED,
    ),
    "contradicted": (
        _CONTRADICTED,
        "net.tflite on imx93/vela@lf-6.1.36: NOT on the NPU: ethosu counted 0 in 151 calls; CPU alone 51.8 ms; no NPU "
        "time is given",
    ),
    "slower": (
        replace(_PROVEN, cpu=SteadyTime(3.0, "mean", 3.0, 3.0, None, 1)),
        "net.tflite on imx93/vela@lf-6.1.36: SLOWER with the NPU than without: 3.78 ms (predicted 3.9, 2.4 to 6.5), "
        "CPU alone 3.00 ms; proven: " + _COUNTED,
    ),
    "local": (_LOCAL, "net.tflite on the CPU of x86_64: 51.8 ms on the CPU; NPU unknown: there is no NPU"),
    "failed": (
        replace(_LOCAL, cpu=None, problems=("benchmark_model crashed",)),
        "net.tflite on the CPU of x86_64: no time was measured: benchmark_model crashed",
    ),
}


@pytest.mark.parametrize("case", _FIRST_LINES)
def test_the_first_line_answers(case: str) -> None:
    measurement, expected = _FIRST_LINES[case]
    text = bench_text(shown_document([measurement], ["file.json"]), Page(width=400))
    assert text.splitlines()[0] == expected


def test_without_a_proof_there_is_no_time_of_the_npu() -> None:
    text = bench_text(shown_document([_CONTRADICTED], []), Page())
    assert "\n           NPU " not in text
    assert "--probe" in text


def test_live_and_from_files_agree() -> None:
    live = bench_document(BenchResult("ssh://root@board", BoardFacts(()), (_PROVEN, _LOCAL)), ["a.json", "b.json"])
    shown = shown_document([_PROVEN, _LOCAL], ["a.json", "b.json"])
    assert bench_text(live, Page(), everything=True) == bench_text(shown, Page(), everything=True)
    jsonschema.validate(json.loads(to_json(live)), json.loads(published_schema("bench")))
    assert json.loads(to_json(shown))["results"][1]["proof"]["verdict"] == "unknown"
