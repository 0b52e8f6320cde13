"""Boards that answer garbage to the survey, to readings and to runs: words for the user, never a traceback."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from measuring.hostile_boards import DamagedBoard, RecordingBoard
from npufit.boards import Connection, connect
from npufit.errors import NpufitError
from npufit.loading import load
from npufit.measurements import measurement_bytes, parse_measurement
from npufit.measuring import BenchOptions, bench, probe_board
from npufit.report import Page, to_json
from npufit.report.bench import bench_document, bench_page, bench_text, probe_document, probe_text
from real_files import find_model

_SEEDS = 150
_OPTIONS = BenchOptions(runs=3, least_s=0.0, compare=True, with_profile=True, day="2026-11-22")


@pytest.fixture(scope="module")
def model() -> Path:
    """Return a real network that finds a keyword."""
    return find_model("kws_ref_model.tflite")


def _connected(patch: pytest.MonkeyPatch, board: Connection) -> None:
    @contextmanager
    def connected(on: str) -> Generator[Connection]:
        yield board

    patch.setattr(import_module("npufit.measuring.bench"), "connect", connected)


@pytest.fixture(scope="module")
def recorded(model: Path) -> Iterator[RecordingBoard]:
    """Return the answers of this machine to a bench with everything."""
    with connect("local") as local, pytest.MonkeyPatch.context() as patch:
        board = RecordingBoard(local)
        _connected(patch, board)
        assert bench(model, "local", _OPTIONS).measurements
        yield board


def test_a_hostile_board_never_ends_in_a_traceback(
    recorded: RecordingBoard, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load(model)
    page = Page(width=100, color=False)
    measured = refused = 0
    for seed in range(_SEEDS):
        _connected(monkeypatch, DamagedBoard(recorded, seed))
        try:
            result = bench(network, "ssh://alice@board.example", _OPTIONS)
        except NpufitError:
            refused += 1
            continue
        measured += len(result.measurements)
        document = bench_document(result)
        assert bench_text(document, page, on=result.on), seed
        for measurement in result.measurements:
            data = measurement_bytes(measurement)
            assert b"alice" not in data, seed
            assert parse_measurement(data).model == measurement.model, seed
        if seed % 10 == 0:
            assert to_json(document), seed
            assert bench_page(document), seed
    assert measured > _SEEDS // 20
    assert refused > _SEEDS // 20


def test_a_hostile_board_can_be_probed(recorded: RecordingBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(width=100, color=False)
    for seed in range(_SEEDS):
        _connected(monkeypatch, DamagedBoard(recorded, seed))
        try:
            facts = probe_board("ssh://alice@board.example")
        except NpufitError:
            continue
        document = probe_document(facts)
        assert to_json(document), seed
        text = probe_text(document, page)
        assert all(letter.isprintable() or letter == "\n" for letter in text), seed
