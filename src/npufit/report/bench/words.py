"""Clauses on a measurement that text and page share: times, ranges, who ran, board and software."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.formatting import plural, shorten, significant
from npufit.measurements import MeasuredSoftware, Measurement, SteadyTime

_DIGITS = 3
_DIGEST = 12
_SENTENCE_STARTS = frozenset({"A", "It", "Neither", "No", "Nothing", "Only", "The", "There", "This"})
_FACTOR = 2.0
"""From this factor on a difference from the prediction is given as a factor instead of a percentage."""


def as_clause(text: str, width: int = 300) -> str:
    """Return a sentence as the end of another one: without its full stop, and without a capital that starts it."""
    clause = shorten(text, width).rstrip(".")
    first, space, rest = clause.partition(" ")
    return f"{first.lower()}{space}{rest}" if first in _SENTENCE_STARTS else clause


def ms_words(ms: float) -> str:
    """Return milliseconds without their unit, with three digits."""
    return significant(ms, _DIGITS)


def model_name(measurement: Measurement) -> str:
    """Return the model's name, short enough for a line."""
    return shorten(measurement.model.name, 60)


def where_words(measurement: Measurement) -> str:
    """Return what the measurement is of: the target, or a board without one."""
    return shorten(measurement.target, 60) or board_words(measurement)


def board_words(measurement: Measurement) -> str:
    """Return the board in its own words, or as much as is known."""
    board = measurement.board
    words = board.label or board.model or board.soc or board.chip or board.architecture
    return shorten(words, 80) or "an unknown board"


@dataclass(frozen=True, slots=True)
class Expected:
    """A predicted time in milliseconds, with its range if it has one."""

    ms: float
    low_ms: float | None
    high_ms: float | None

    @property
    def range(self) -> str:
        """`2.4 to 6.5`, empty without a range."""
        if self.low_ms is None or self.high_ms is None:
            return ""
        return f"{significant(self.low_ms)} to {significant(self.high_ms)}"

    def __str__(self) -> str:
        """Return `3.9, 2.4 to 6.5`; without a range `3.9`."""
        return ", ".join(filter(None, (significant(self.ms), self.range)))


def expected_with_npu(measurement: Measurement) -> Expected | None:
    """Return the time that was predicted for the run with the NPU."""
    predicted = measurement.predicted
    return None if predicted is None else Expected(predicted.ms, predicted.low_ms, predicted.high_ms)


def expected_on_cpu(measurement: Measurement) -> Expected | None:
    """Return the time that was predicted for the CPU alone."""
    predicted = measurement.predicted
    if predicted is None or predicted.cpu_ms is None:
        return None
    return Expected(predicted.cpu_ms, predicted.cpu_low_ms, predicted.cpu_high_ms)


def judgement_words(measured_ms: float, expected: Expected) -> str:
    """Return how the measured time lies to the predicted one, such as `7 % faster than predicted, within the range`."""
    ratio = measured_ms / expected.ms if expected.ms > 0.0 else 1.0
    words = _ratio_to_prediction(ratio)
    if expected.low_ms is None or expected.high_ms is None:
        return words
    inside = expected.low_ms <= measured_ms <= expected.high_ms
    return f"{words}, within the range" if inside else f"{words}, OUTSIDE the range: npufit can learn from this"


def _ratio_to_prediction(ratio: float) -> str:
    if ratio >= _FACTOR:
        return f"{significant(ratio)} times the predicted time"
    if 0.0 < ratio <= 1.0 / _FACTOR:
        return f"{significant(1.0 / ratio)} times as fast as predicted"
    percent = round(100.0 * abs(ratio - 1.0))
    return f"{percent} % {'slower' if ratio > 1.0 else 'faster'} than predicted" if percent else "as predicted"


def ratio_words(npu: SteadyTime, cpu: SteadyTime) -> str:
    """Return how many times as fast the NPU is as the CPU alone, or how much slower."""
    if npu.ms > cpu.ms:
        return f"SLOWER with the NPU: {significant(npu.ms / cpu.ms)} times the CPU's time"
    return f"{significant(cpu.ms / npu.ms)} times as fast as the CPU alone" if npu.ms > 0.0 else ""


def statistic_words(steady: SteadyTime) -> str:
    """Return what a time is made of: `median`, or `5 medians` of as many processes."""
    return steady.statistic if steady.processes == 1 else f"{steady.processes} {steady.statistic}s"


def board_line(measurement: Measurement) -> str:
    """Return board and system in one line."""
    board, software = measurement.board, measurement.software
    parts = [
        board_words(measurement),
        board.model if board.label else "",
        " ".join(filter(None, (board.soc, f"revision {board.revision}" if board.revision else ""))),
        " ".join(filter(None, (plural(board.cores, "core") if board.cores else "", board.architecture))),
        f"Linux {software.kernel}" if software.kernel else "",
        f"BSP {software.bsp}" if software.bsp else "",
        f"Mesa {software.mesa}" if software.mesa else "",
        software.os,
    ]
    found = dict.fromkeys(shorten(part, 80) for part in parts if part and part != board.architecture)
    return ", ".join(found)


def software_line(measurement: Measurement) -> str:
    """Return in one line what timed the model, with which libraries and settings, and when."""
    software, settings = measurement.software, measurement.settings
    parts = [
        _timed_by(software),
        *(file_words(file.name, file.version, file.sha256) for file in software.files if file.kind != "model"),
        plural(settings.threads, "thread"),
        {None: "", True: "XNNPACK", False: "without XNNPACK"}[settings.xnnpack],
        f"compiled by {measurement.model.compiled_by}" if measurement.model.compiled_by else "",
        measurement.day,
    ]
    return ", ".join(dict.fromkeys(shorten(part, 80) for part in parts if part))


def _timed_by(software: MeasuredSoftware) -> str:
    """Return runtime and tool, `LiteRT 2.3.0 by python`; the tool's version only if it is another one."""
    runtime = " ".join(filter(None, (software.runtime, software.runtime_version)))
    version = "" if software.tool_version == software.runtime_version else software.tool_version
    tool = " ".join(filter(None, (software.tool, version)))
    return " by ".join(filter(None, (runtime, tool)))


def file_words(name: str, version: str, sha256: str) -> str:
    """Return a file on the board: its name, and its version, or else the beginning of its digest."""
    return f"{name} {version or sha256[:_DIGEST]}".strip()
