"""The times of a check as bars: what each row of its table stands for, in percent of the longest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npufit.checking import CheckResult
from npufit.cost import Estimate
from npufit.report import predicted_time
from npufit.report.check.own_measurements import own_rows
from npufit.report.predicted_time import TimeRow

Kind = Literal["npu", "cpu", "overhead"]

_ROOM = 2.0
"""A range that reaches farther than this many times the longest time is cut off, so that the times stay readable."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar: where it starts and how wide it is, in percent of the scale."""

    kind: Kind
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class TimeBar:
    """A row of times with its bar; `low` and `high` are the ends of its range in percent, None without one."""

    row: TimeRow
    pieces: tuple[Piece, ...] = ()
    low: float | None = None
    high: float | None = None
    is_measured: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    """What a row shows in milliseconds: parts one after the other, and a range."""

    start: float = 0.0
    parts: tuple[tuple[Kind, float], ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def end(self) -> float:
        return self.start + sum(ms for _, ms in self.parts)


def time_bars(result: CheckResult) -> list[TimeBar]:
    """Return the predicted times of a check, the user's own measurements and the public ones, each with its bar."""
    estimate, measured = result.estimate, own_rows(result)
    if estimate is None:
        return [TimeBar(row, is_measured=True) for row in measured]
    rows = predicted_time.time_rows(result, estimate)
    measured += predicted_time.measured_rows(result, estimate)
    spans = {row.label: _predicted(row.label.strip(), estimate) for row in rows}
    of_measured = [_measured(row) for row in measured]
    longest = max(span.end for span in (*spans.values(), *of_measured))
    scale = min(max([longest, *(span.high or 0.0 for span in spans.values())]), _ROOM * longest) or 1.0
    bars = [_bar(row, spans[row.label], scale) for row in rows]
    return bars + [_bar(row, span, scale, measured=True) for row, span in zip(measured, of_measured, strict=True)]


def _predicted(label: str, estimate: Estimate) -> _Span:
    npu, cpu, overhead = (ms or 0.0 for ms in (estimate.npu_ms, estimate.cpu_ms, estimate.overhead_ms))
    spans = {
        "NPU": _Span(0.0, (("npu", npu),)),
        "CPU": _Span(npu, (("cpu", cpu),)),
        "calls and copies": _Span(npu + cpu, (("overhead", overhead),)),
        "CPU alone": _Span(0.0, (("cpu", estimate.cpu_only_ms),), estimate.cpu_only_low_ms, estimate.cpu_only_high_ms),
        "compiler": _Span(0.0, (("npu", estimate.compiler_ms or 0.0),)),
    }
    parts: tuple[tuple[Kind, float], ...] = (("npu", npu), ("cpu", cpu), ("overhead", overhead))
    known = parts if estimate.total_ms is not None else ()
    return spans.get(label, _Span(0.0, known, estimate.low_ms, estimate.high_ms))


def _measured(row: TimeRow) -> _Span:
    kind: Kind = "npu" if row.remark.startswith("NPU") else "cpu"
    return _Span(0.0, ((kind, float(row.time)),) if row.time else ())


def _bar(row: TimeRow, span: _Span, scale: float, *, measured: bool = False) -> TimeBar:
    pieces: list[Piece] = []
    start = span.start
    for kind, ms in span.parts:
        pieces.append(Piece(kind, _share(start, scale), _share(ms, scale)))
        start += ms
    low, high = (None if end is None else min(100.0, _share(end, scale)) for end in (span.low, span.high))
    return TimeBar(row, tuple(pieces), low, high, measured)


def _share(ms: float, scale: float) -> float:
    return round(100.0 * ms / scale, 2)
