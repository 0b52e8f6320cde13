"""A user's own measurements beside the prediction, as rows and as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit.checking import CheckResult
from npufit.formatting import milliseconds, plural, printable, significant
from npufit.report.predicted_time import TimeRow

if TYPE_CHECKING:
    from npufit.checking import OwnMeasurement
    from npufit.measurements import Measurement

ROW = "measured by you"
"""What a row of times is called."""


def own_rows(result: CheckResult, most: int | None = None) -> list[TimeRow]:
    """Return a row for each time that the user measured, of the first `most` measurements; None: of all."""
    if result.own is None:
        return []
    shown = result.own.found[:most]
    rows = [row for own in shown for row in _rows(result, own)]
    hidden = len(result.own.found) - len(shown)
    return [*rows, TimeRow("", "", "", f"… {hidden} more of your own (--all)")] if hidden else rows


def own_warnings(result: CheckResult) -> list[str]:
    """Return what the user's own measurements say against the answer, and which of them were not read."""
    if result.own is None:
        return []
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
    if not rows or result.own is None:
        return ""
    time = f"{rows[0].time} ms" if rows[0].time else "nothing"
    more = len(result.own.found) - 1
    return f"{time} on your board: {rows[0].remark}{f'; {more} more: -v' if more else ''}"


def own_clause(result: CheckResult) -> str:
    """Return a clause for the headline: the measured time, or that outputs differ; empty without one."""
    if result.own is None:
        return ""
    clauses: list[str] = []
    first = result.own.of_stack[0] if result.own.of_stack else None
    if first is not None and first.with_npu is not None:
        clauses.append(f"{significant(first.with_npu.ms, 3)} ms measured on your board")
    if result.own.wrong is not None:
        clauses.append("outputs DIFFER on your board")
    return "; ".join(clauses)


def own_tile(result: CheckResult) -> tuple[str, str, str] | None:
    """Return what was measured with the stack as value, remark and tone; None if nothing was."""
    if result.own is None or not result.own.of_stack:
        return None
    own = result.own.of_stack[0]
    if own.contradicts:
        return "not on the NPU", f"measured {own.measurement.day}", "bad"
    if own.with_npu is None:
        return None
    if result.own.wrong is not None:
        return milliseconds(own.with_npu.ms, 3), "outputs differ", "bad"
    return milliseconds(own.with_npu.ms, 3), f"NPU {own.measurement.proof.verdict}, {own.measurement.day}", "plain"


def contradiction(result: CheckResult) -> str:
    """Return a clause that says that the NPU did not run; empty if nothing contradicts that it does."""
    against = None if result.own is None else result.own.contradicting
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
    elif own.is_of_stack and (result.own is None or own is not result.own.contradicting):  # which is a warning
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
    parts = [board_name(measurement), release, plural(measurement.settings.threads, "thread"), measurement.day]
    parts += [f"with {own.other_target}"] if own.other_target else []
    parts += ["other weights"] if own.has_other_weights else []
    return ", ".join(part for part in parts if part)


def board_name(measurement: Measurement) -> str:
    """Return the label that the board's owner chose, or else its model."""
    return measurement.board.label or measurement.board.model or measurement.board.chip
