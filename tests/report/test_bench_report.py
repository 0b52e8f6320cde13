"""What a bench says: the first line for each verdict, one screen, and nothing that a board could inject."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import jsonschema
import pytest

from npufit.boards import BoardFact, BoardFacts, BoardFile, Candidate, Clock, DeviceNode, PythonRuntime, Readings, Zone
from npufit.measurements import Measurement, SteadyTime
from npufit.measuring import BenchResult, NotMeasured
from npufit.report import Page, published_schema, to_json
from npufit.report.bench import bench_document, bench_text, probe_document, probe_text, shown_document
from report.bench_measurements import CONSISTENT, CONTRADICTED, HOSTILE, LOCAL, PROVEN

_ON = "net.tflite on imx93/vela@lf-6.1.36: "
_TIMES = "3.78 ms (predicted 3.9, 2.4 to 6.5)"

_COUNTED = "the NPU interrupted once for each of 151 calls"
_NO_NPU = "no NPU that npufit knows was found, so nothing could be proven"

_FIRST_LINES = {
    "proven": (PROVEN, f"{_ON}{_TIMES}, CPU alone 51.8 ms; proven: {_COUNTED}"),
    "consistent": (
        CONSISTENT,
        "net.tflite on imx95/neutron@1.16: 3.17 ms (predicted 5.1, 3.9 to 7.0), CPU alone 37.2 ms; outputs DIFFER; "
        "likely on the NPU, not proven: contiguous memory was taken as with the known network; nothing counts calls",
    ),
    "contradicted": (
        CONTRADICTED,
        f"{_ON}NOT on the NPU: the NPU never interrupted in 151 calls of this model, although it did with the known "
        "network; CPU alone 51.8 ms; no NPU time is given",
    ),
    "slower": (
        replace(PROVEN, cpu=SteadyTime(3.0, "mean", 3.0, 3.0, None, 1)),
        f"{_ON}SLOWER with the NPU than without: {_TIMES}, CPU alone 3.00 ms; proven: {_COUNTED}",
    ),
    "local": (LOCAL, f"net.tflite on x86_64: 8.31 ms on the CPU; NPU unknown: {_NO_NPU}"),
    "failed": (
        replace(LOCAL, cpu=None, problems=("benchmark_model crashed",)),
        "net.tflite on x86_64: no time was measured: benchmark_model crashed",
    ),
}


@pytest.mark.parametrize("case", _FIRST_LINES)
def test_the_first_line_answers(case: str) -> None:
    measurement, expected = _FIRST_LINES[case]
    assert bench_text(shown_document([measurement], ["file.json"]), Page(width=400)).splitlines()[0] == expected


def test_a_contradicted_measurement_has_no_time_of_the_npu() -> None:
    lines = bench_text(shown_document([CONTRADICTED], []), Page()).splitlines()
    assert not any(line.split()[:1] == ["NPU"] for line in lines)
    assert any("--probe" in line for line in lines)


@pytest.mark.parametrize(
    "measurement", [PROVEN, CONTRADICTED, LOCAL, HOSTILE], ids=["proven", "not", "local", "hostile"]
)
def test_one_measurement_fits_a_screen(measurement: Measurement) -> None:
    many = replace(measurement, operators=PROVEN.operators * 30, problems=tuple(f"problem {n}" for n in range(30)))
    page = Page(width=100)
    lines = bench_text(
        shown_document([many], ["measurements/0123456789abcdef-0123456789abcdef.json"]), page
    ).splitlines()
    assert page.rows(lines) <= 40


@pytest.mark.parametrize("width", [60, 100, 140])
@pytest.mark.parametrize("everything", [False, True])
def test_what_a_board_says_cannot_control_the_terminal(width: int, everything: bool) -> None:
    document = shown_document([HOSTILE, PROVEN], ["\x1b[1m.json"], ["\x1b[0m is no measurement"])
    for shown in (document, replace(document, results=(HOSTILE,), refused=())):
        text = bench_text(shown, Page(width=width), on="ssh://\x1b@b", everything=everything)
        assert all(line.isprintable() for line in text.split("\n"))


def test_live_and_from_files_agree() -> None:
    live = bench_document(BenchResult("ssh://root@board", BoardFacts(()), (PROVEN, LOCAL)), ["a.json", "b.json"])
    shown = shown_document([PROVEN, LOCAL], ["a.json", "b.json"])
    assert bench_text(live, Page(), everything=True) == bench_text(shown, Page(), everything=True)
    assert json.loads(to_json(live))["results"] == json.loads(to_json(shown))["results"]


def test_several_are_a_table_and_what_was_not_measured_is_said() -> None:
    result = BenchResult(
        "local", BoardFacts(()), (PROVEN, CONTRADICTED), (NotMeasured("big.tflite", "no memory"),), "the line was lost"
    )
    text = bench_text(bench_document(result), Page())
    assert text.startswith("2 of 3 measurements on imx93/vela@lf-6.1.36; NPU: 1 proven, 1 contradicted\n")
    assert "big.tflite: no memory" in text
    assert "ended early: the line was lost" in text


_BOARD = BoardFacts(
    facts=(BoardFact("kernel", "6.1.36\n\x1b[2J", "uname -r"),),
    architecture="aarch64",
    chip="imx93",
    model="NXP i.MX93 11X11 EVK",
    soc="i.MX93",
    cores=2,
    memory_kb=1992294,
    kernel="6.1.36",
    os={"ID": "fsl-imx-xwayland"},
    bsp="lf-6.1.36",
    nodes=(DeviceNode("/dev/ethosu0", "crw-------", "root", "root", False, "ethosu"),),
    files=(BoardFile("delegate", "libethosu_delegate.so", "/usr/lib/libethosu_delegate.so", "12ab34cd" * 8),),
    runtimes=(PythonRuntime("/usr/bin/python3", "3.10.6", "tflite_runtime", "2.11.1", True),),
    candidates=(Candidate("imx93/vela@lf-6.1.36", "its BSP", ("you may not open /dev/ethosu0: log in as root.",)),),
    missing=("/sys/kernel/debug is closed to you",),
)
_NOW = Readings(
    5.0, {}, (Zone("zone0", "cpu-thermal", 44.0, 85.0),), (Clock("policy0", "0-1", "ondemand", 900.0, 1700.0),),
    0.2, 1500000, 200000, 262144,
)  # fmt: skip
_READY = replace(_BOARD, candidates=(Candidate("imx93/vela@lf-6.1.36", "its BSP"),))
_LAPTOP = BoardFacts((), architecture="x86_64", model="A laptop", runtimes=_BOARD.runtimes)

_PROBED = {
    "ready": (_READY, "imx93 (NXP i.MX93 11X11 EVK): ready to measure as imx93/vela@lf-6.1.36"),
    "closed": (
        _BOARD,
        "imx93 (NXP i.MX93 11X11 EVK): not ready to measure as imx93/vela@lf-6.1.36: you may not open /dev/ethosu0: "
        "log in as root",
    ),
    "without a tool": (
        replace(_LAPTOP, runtimes=()),
        "a chip that npufit does not know (A laptop): no NPU that npufit knows; nothing on it times a model",
    ),
    "laptop": (
        _LAPTOP,
        "a chip that npufit does not know (A laptop): no NPU that npufit knows; the CPU alone can be measured",
    ),
}


@pytest.mark.parametrize("case", _PROBED)
def test_the_first_line_of_a_probe_says_whether_the_board_can_be_measured(case: str) -> None:
    board, expected = _PROBED[case]
    document = probe_document(replace(board, now=_NOW))
    text = probe_text(document, Page(width=400))
    assert text.splitlines()[0] == expected
    assert "44 °C" in text
    jsonschema.validate(json.loads(to_json(document)), json.loads(published_schema("bench")))


def test_a_verbose_probe_shows_each_fact_with_its_command() -> None:
    short = probe_text(probe_document(_BOARD), Page(), on="ssh://root@board")
    text = probe_text(probe_document(_BOARD), Page(), on="ssh://root@board", everything=True)
    assert "$ uname -r" in text
    assert "$ uname -r" not in short
    assert "\x1b" not in text
    assert "--on ssh://root@board" in short


def test_colour_adds_nothing_but_colour() -> None:
    document = shown_document([PROVEN], ["file.json"])
    for page in (Page(), Page(width=60)):
        colored = bench_text(document, replace(page, color=True))
        assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == bench_text(document, page)
        assert "\x1b[" in colored
