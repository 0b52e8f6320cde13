"""How far a run is: told in order, and shown on a terminal only."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

import npufit
from npufit.cli import progress as cli_progress
from npufit.cli.progress import progress_bar
from npufit.execution import Stage
from npufit.running import RunOptions, run
from npufit.stacks import Target
from real_files import find_capture, find_model

News = list[tuple[Stage, int, int]]


def _listen() -> tuple[News, RunOptions]:
    news: News = []

    def note(stage: Stage, done: int = 0, total: int = 0) -> None:
        news.append((stage, done, total))

    return news, RunOptions(compare=True, repeat=0, progress=note)


def test_every_stage_is_told_and_every_operation_counted() -> None:
    model = npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25")
    news, options = _listen()
    run(model, Target("imx93", "vela", "5.2"), options)
    assert list(dict.fromkeys(stage for stage, _, _ in news)) == [
        Stage.COMPILE,
        Stage.LOAD,
        Stage.INFERENCE,
        Stage.REFERENCE,
    ]
    inference = [(done, total) for stage, done, total in news if stage is Stage.INFERENCE]
    total = inference[0][1]
    # One run for its time, one to look into the calls.
    assert inference == [(done, total) for done in range(total + 1)] * 2
    assert (Stage.LOAD, 0, 1) in news


def test_a_replay_counts_through_all_submissions() -> None:
    model = npufit.load(find_model("micro/residual_chain.tflite"))
    news, options = _listen()
    run(model, find_capture("micro/residual_chain"), options)
    assert [done for stage, done, _ in news if stage is Stage.LOAD] == [0, 1]
    assert any(stage is Stage.INFERENCE and done == total > 0 for stage, done, total in news)


class _Terminal:
    """Standard error as a terminal, kept as text."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def _shown(monkeypatch: pytest.MonkeyPatch, seconds: float) -> str:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(cli_progress, "_PATIENCE_S", 0.1)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress_bar() as progress:
        progress(Stage.INFERENCE, 3, 40)
        time.sleep(seconds)
    return terminal.text


def test_a_terminal_gets_a_bar_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = _shown(monkeypatch, 0.6)
    assert "inference" in text
    assert "3 of 40 operations" in text
    assert "\x1b[3" in text


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = _shown(monkeypatch, 0.6)
    assert "3 of 40 operations" in text
    assert "\x1b[3" not in text


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _shown(monkeypatch, 0.0) == ""


def test_a_pipe_gets_nothing() -> None:
    code = (
        "import time; from npufit.cli import progress as p; p._PATIENCE_S = 0\n"
        "with p.progress_bar() as told: time.sleep(0.3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=os.environ.copy())
    assert done.stderr == b""
