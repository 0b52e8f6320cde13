"""The comparison of two measurements as Markdown, as a page, and as the part of the document on it."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.checking import GateResult
from npufit.comparing import MeasuredAspect, MeasuredComparison, MeasuredTime, Verdict
from npufit.measurements import Measurement
from npufit.report.compare.measured_words import (
    circumstances,
    measured_headline,
    measured_remarks,
    measured_rows,
    measured_side,
    operator_cells,
)
from npufit.report.document import Document, Factor, Milliseconds, rounded
from npufit.report.markdown import template_environment
from npufit.report.page import Frame, Tone, render_page

_OPERATORS = 50


@dataclass(frozen=True, slots=True)
class MeasuredSideEntry(Document):
    """One side: a measurement of `npufit bench`. Times are milliseconds of one steady inference."""

    file: str
    model: str
    sha256: str
    target: str
    day: str
    verdict: str
    """whether the NPU ran: proven, consistent, contradicted or unknown"""
    npu_ms: Milliseconds | None
    cpu_ms: Milliseconds | None
    outputs_equal: bool | None


@dataclass(frozen=True, slots=True)
class MeasuredTimeEntry(Document):
    """How a time changed."""

    ratio: Factor | None
    """after over before"""
    exceeds_spread: bool | None
    """true if the spans of both sides' processes do not overlap; null if one is unknown"""


@dataclass(frozen=True, slots=True)
class CircumstanceEntry(Document):
    """Something of model, board, software or settings that differs; empty on a side that does not have it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class MeasuredComparisonEntry(Document):
    """What changed between two measurements."""

    verdict: Verdict
    worse: tuple[MeasuredAspect, ...]
    better: tuple[MeasuredAspect, ...]
    before: MeasuredSideEntry
    after: MeasuredSideEntry
    with_npu: MeasuredTimeEntry | None
    """null unless both sides have a time with the NPU"""
    on_cpu: MeasuredTimeEntry | None
    circumstances: tuple[CircumstanceEntry, ...]


def measured_entry(comparison: MeasuredComparison) -> MeasuredComparisonEntry:
    """Return the entry of a comparison of two measurements."""
    return MeasuredComparisonEntry(
        verdict=comparison.verdict,
        worse=tuple(change.aspect for change in comparison.changes if change.is_worse),
        better=tuple(change.aspect for change in comparison.changes if not change.is_worse),
        before=_side(comparison.before, comparison.before_file),
        after=_side(comparison.after, comparison.after_file),
        with_npu=_time(comparison.with_npu),
        on_cpu=_time(comparison.on_cpu),
        circumstances=tuple(CircumstanceEntry(row.label, row.before, row.after) for row in circumstances(comparison)),
    )


def _side(measurement: Measurement, file: str) -> MeasuredSideEntry:
    return MeasuredSideEntry(
        file=file,
        model=measurement.model.name,
        sha256=measurement.model.sha256,
        target=measurement.target,
        day=measurement.day,
        verdict=measurement.proof.verdict.value,
        npu_ms=None if measurement.npu is None else rounded(measurement.npu.ms),
        cpu_ms=None if measurement.cpu is None else rounded(measurement.cpu.ms),
        outputs_equal=None if measurement.outputs is None else measurement.outputs.is_equal,
    )


def _time(time: MeasuredTime | None) -> MeasuredTimeEntry | None:
    return None if time is None else MeasuredTimeEntry(rounded(time.ratio), time.exceeds_spread)


def measured_markdown(comparison: MeasuredComparison, gates: tuple[GateResult, ...] = ()) -> str:
    """Return the comparison as GitHub-flavoured Markdown; names from files are escaped."""
    template = template_environment().get_template("compare/measured.md.j2")
    return template.render(
        headline=measured_headline(comparison),
        before=measured_side(comparison.before, comparison.before_file),
        after=measured_side(comparison.after, comparison.after_file),
        rows=measured_rows(comparison),
        circumstances=circumstances(comparison),
        operators=operator_cells(comparison, _OPERATORS),
        remarks=measured_remarks(comparison),
        gates=gates,
    )


def measured_page(comparison: MeasuredComparison, gates: tuple[GateResult, ...] = ()) -> str:
    """Return the comparison as one HTML file; names from files are escaped."""
    before = measured_side(comparison.before, comparison.before_file)
    after = measured_side(comparison.after, comparison.after_file)
    frame = Frame(
        verb="compare",
        subject=" → ".join(dict.fromkeys((comparison.before.model.name, comparison.after.model.name))),
        headline=measured_headline(comparison),
        about=f"{before}; compared with {after}",
        tone=Tone.BAD if comparison.verdict in (Verdict.WORSE, Verdict.MIXED) else Tone.PLAIN,
    )
    return render_page(
        "compare/measured.html.j2",
        frame,
        gates=gates,
        rows=[[row.label, row.before, row.after] for row in measured_rows(comparison)],
        circumstances=[[row.label, row.before or "-", row.after or "-"] for row in circumstances(comparison)],
        operators=operator_cells(comparison, _OPERATORS),
        remarks=measured_remarks(comparison),
    )
