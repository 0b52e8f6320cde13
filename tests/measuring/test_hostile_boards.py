"""Boards that answer garbage to the survey, to readings and to runs: words for the user, never a traceback."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from measuring.benched_boards import write_imx93
from measuring.hostile_boards import DamagedBoard, RecordingBoard
from npufit.boards import Connection, connect
from npufit.errors import NpufitError
from npufit.loading import load
from npufit.measurements import measurement_bytes, parse_measurement
from npufit.measuring import BenchOptions, bench, probe_board
from npufit.report import Page, to_json
from npufit.report.bench import bench_document, bench_page, bench_text, probe_document, probe_text
from real_files import find_model

_SEEDS = {"laptop": 120, "imx93": 40}
_USER = re.compile(rb"(?<![A-Za-z0-9])alice(?![A-Za-z0-9])")
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


@pytest.fixture(scope="module", params=["laptop", "imx93"])
def recorded(
    request: pytest.FixtureRequest, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RecordingBoard, range]:
    """Return the answers of this machine, and of an i.MX 93, to a bench with everything; and the seeds for each."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "imx93":
            patch.setenv("NPUFIT_BOARD_ROOT", str(write_imx93(tmp_path_factory.mktemp("imx93"))))
        with connect("local") as local:
            board = RecordingBoard(local)
            _connected(patch, board)
            assert bench(model, "local", _OPTIONS).measurements
    return board, range(_SEEDS[request.param])


def test_a_hostile_board_never_ends_in_a_traceback(
    recorded: tuple[RecordingBoard, range], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, seeds = recorded
    network = load(model)
    page = Page(width=100, color=False)
    measured = refused = 0
    for seed in seeds:
        _connected(monkeypatch, DamagedBoard(board, seed))
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
            assert not _USER.search(data), seed
            assert parse_measurement(data).model == measurement.model, seed
        if seed % 10 == 0:
            assert to_json(document), seed
            assert bench_page(document), seed
    assert measured > len(seeds) // 20
    assert refused > len(seeds) // 20


def test_a_hostile_board_can_be_probed(recorded: tuple[RecordingBoard, range], monkeypatch: pytest.MonkeyPatch) -> None:
    board, seeds = recorded
    page = Page(width=100, color=False)
    for seed in seeds:
        _connected(monkeypatch, DamagedBoard(board, seed))
        try:
            facts = probe_board("ssh://alice@board.example")
        except NpufitError:
            continue
        document = probe_document(facts)
        assert to_json(document), seed
        text = probe_text(document, page)
        assert all(letter.isprintable() or letter == "\n" for letter in text), seed
