"""A user's own measurements beside the prediction: as rows, as sentences, and as entries of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from npufit.checking import CheckResult, OwnMeasurement
from npufit.formatting import plural, printable, significant
from npufit.report.document import Document, Milliseconds, rounded
from npufit.report.predicted_time import TimeRow

if TYPE_CHECKING:
    from npufit.measurements import Measurement

ROW = "measured by you"
"""What a row of times is called."""


@dataclass(frozen=True, slots=True)
class OwnMeasurementEntry(Document):
    """A measurement of the user's own. Times are milliseconds of one inference."""

    file: str
    day: str
    target: str
    """that of the measurement, which may be another version or stack of the chip; empty for the CPU alone"""
    board: str
    """the label that its owner chose, or else the board's model"""
    other_weights: bool
    """the model that was measured has the same structure, but other weights"""
    verdict: str
    """whether the NPU ran: proven, consistent, contradicted or unknown"""
    why: str
    npu_ms: Milliseconds | None
    """null if the NPU did not run, or if it was used by another stack"""
    npu_low_ms: Milliseconds | None
    npu_high_ms: Milliseconds | None
    cpu_ms: Milliseconds | None
    in_range: bool | None
    """whether npu_ms lies in the predicted range; null without one of them"""
    outputs_equal: bool | None
    """whether the board computed what LiteRT's reference kernels do; null if they were not compared"""
    throttled: bool | None


def own_measurement_entries(result: CheckResult) -> tuple[OwnMeasurementEntry, ...]:
    """Return the entries of a target's own measurements."""
    return tuple(_entry(result, own) for own in result.own.found)


def own_rows(result: CheckResult, most: int | None = None) -> list[TimeRow]:
    """Return a row for each time that the user measured, of the first `most` measurements; None: of all."""
    shown = result.own.found[:most]
    rows = [row for own in shown for row in _rows(result, own)]
    hidden = len(result.own.found) - len(shown)
    return [*rows, TimeRow("", "", "", f"… {hidden} more of your own (--all)")] if hidden else rows


def own_warnings(result: CheckResult) -> list[str]:
    """Return what the user's own measurements say against the answer, and which of them were not read."""
    found: list[str] = []
    against, wrong = result.own.contradicting, result.own.wrong
    if against is not None:
        found.append(f"the NPU did not run on your board: {against.measurement.proof.sentence} ({_where(against)})")
    if wrong is not None and wrong.measurement.outputs is not None:
        outputs = wrong.measurement.outputs
        found.append(f"outputs on your board differ from {outputs.golden}: {outputs.sentence} ({_where(wrong)})")
    return [*map(printable, found), *(f"not read: {printable(problem)}" for problem in result.own.refused)]


def own_line(result: CheckResult) -> str:
    """Return the first measurement in a sentence, and how many more there are; empty if there is none."""
    rows = own_rows(result)
    if not rows:
        return ""
    time = f"{rows[0].time} ms" if rows[0].time else "nothing"
    more = len(result.own.found) - 1
    return f"{time} on your board: {rows[0].remark}{f'; {more} more: -v' if more else ''}"


def own_clause(result: CheckResult) -> str:
    """Return a clause for the headline: the measured time, or that outputs differ; empty without one."""
    clauses: list[str] = []
    first = result.own.of_stack[0] if result.own.of_stack else None
    if first is not None and first.with_npu is not None:
        clauses.append(f"{significant(first.with_npu.ms, 3)} ms measured on your board")
    if result.own.wrong is not None:
        clauses.append("outputs DIFFER on your board")
    return "; ".join(clauses)


def contradiction(result: CheckResult) -> str:
    """Return a clause that says that the NPU did not run; empty if nothing contradicts that it does."""
    against = result.own.contradicting
    return "" if against is None else f"the NPU DID NOT RUN on your board (measured {against.measurement.day})"


def _rows(result: CheckResult, own: OwnMeasurement) -> list[TimeRow]:
    measurement, steady = own.measurement, own.with_npu
    rows: list[TimeRow] = []
    proof = f"{measurement.proof.verdict}: {measurement.proof.sentence}"
    if steady is not None:
        in_range = {True: "in the predicted range", False: "NOT in the predicted range", None: ""}
        remarks = [f"NPU {proof}", in_range[own.in_range(result.estimate)]]
        remarks += ["throttled" if measurement.conditions.throttled else "", _where(own)]
        remark = "; ".join(filter(None, remarks))
        rows.append(TimeRow(ROW, significant(steady.ms, 3), "", printable(remark)))
    elif own.is_of_stack and own is not result.own.contradicting:  # which is a warning
        rows.append(TimeRow(ROW, "", "", printable(f"NPU {proof}; {_where(own)}")))
    if measurement.cpu is not None:
        remark = f"CPU alone; {_where(own)}"
        rows.append(TimeRow(ROW, significant(measurement.cpu.ms, 3), "", printable(remark)))
    return rows


def _where(own: OwnMeasurement) -> str:
    """Return how a measurement was made: board, software, threads, day, and what differs from what was checked."""
    measurement = own.measurement
    software = measurement.software
    release = software.bsp or (software.mesa and f"Mesa {software.mesa}") or software.kernel
    parts = [_board(measurement), release, plural(measurement.settings.threads, "thread"), measurement.day]
    parts += [f"with {own.other_target}"] if own.other_target else []
    parts += ["other weights"] if own.has_other_weights else []
    return ", ".join(part for part in parts if part)


def _board(measurement: Measurement) -> str:
    return measurement.board.label or measurement.board.model or measurement.board.chip


def _entry(result: CheckResult, own: OwnMeasurement) -> OwnMeasurementEntry:
    measurement, steady = own.measurement, own.with_npu
    return OwnMeasurementEntry(
        file=own.file,
        day=measurement.day,
        target=measurement.target,
        board=_board(measurement),
        other_weights=own.has_other_weights,
        verdict=measurement.proof.verdict.value,
        why=measurement.proof.sentence,
        npu_ms=None if steady is None else rounded(steady.ms),
        npu_low_ms=None if steady is None else rounded(steady.low_ms),
        npu_high_ms=None if steady is None else rounded(steady.high_ms),
        cpu_ms=None if measurement.cpu is None else rounded(measurement.cpu.ms),
        in_range=own.in_range(result.estimate),
        outputs_equal=None if measurement.outputs is None else measurement.outputs.is_equal,
        throttled=measurement.conditions.throttled,
    )
