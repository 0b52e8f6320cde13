"""The document of a bench: what `npufit bench --json` prints, and what the text and the page are made of.

Measurements stand in it as they are: what their files have is what the JSON has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from npufit._version import __version__
from npufit.boards import BoardFacts
from npufit.measurements import Measurement
from npufit.measuring import BenchResult
from npufit.report.document import Document


@dataclass(frozen=True, slots=True)
class NotMeasuredEntry(Document):
    """A model without a measurement, and why."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class BenchDocument(Document):
    """A board, and what was measured there."""

    schema_version: Literal[1]
    npufit_version: str
    board: BoardFacts | None
    """what the board said of itself; null with --show, because files name no board's facts"""
    results: tuple[Measurement, ...]
    not_measured: tuple[NotMeasuredEntry, ...]
    files: tuple[str, ...]
    """the files of `results`, in their order; empty if nothing was written"""
    refused: tuple[str, ...]
    """files of --show that could not be read, and why"""
    ended_early: str | None
    """what ended the bench before all models had their turn"""


def bench_document(result: BenchResult, files: Sequence[str] = ()) -> BenchDocument:
    """Return the document of a bench; `files` are those of its measurements, in their order, if they were written."""
    return BenchDocument(
        schema_version=1,
        npufit_version=__version__,
        board=_as_plain(result.board),
        results=result.measurements,
        not_measured=tuple(NotMeasuredEntry(entry.model, entry.reason) for entry in result.not_measured),
        files=tuple(files),
        refused=(),
        ended_early=result.ended_early or None,
    )


def probe_document(board: BoardFacts) -> BenchDocument:
    """Return the document of a board on which nothing was measured."""
    return BenchDocument(1, __version__, _as_plain(board), (), (), (), (), None)


def shown_document(
    measurements: Sequence[Measurement], files: Sequence[str], refused: Sequence[str] = ()
) -> BenchDocument:
    """Return the document of measurements read from `files`; `refused` are sentences on files that could not be."""
    return BenchDocument(1, __version__, None, tuple(measurements), (), tuple(files), tuple(refused), None)


def _as_plain(board: BoardFacts) -> BoardFacts:
    """Return `board` with a dictionary where it may have another mapping."""
    return board if board.os is None else replace(board, os=dict(board.os))
