"""A probe as an HTML page: the limits, and for each operator heat maps of what was asked."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.formatting import plural, shorten
from npufit.probing import ProbeResult
from npufit.report.page import Bundle, Frame, Specification, Tone, charts_payload, render_page
from npufit.report.probe.document import OperatorEntry, ProbeDocument, probe_document
from npufit.report.probe.headline import answer, further_sentences
from npufit.report.probe.heat_chart import heat_chart
from npufit.report.probe.heat_map import heat_maps
from npufit.report.probe.rows import limit_rows
from npufit.report.probe.sights import sights_of
from npufit.report.probe.words import count_words, crash_words, separator_words

_MOST_CHARTS = 60
"""A browser draws so many within a second or two; later operators have their tables."""


@dataclass(frozen=True, slots=True)
class OperatorSection:
    """One operator type on the page: its heat maps by the ids of their charts, and what was asked along each axis."""

    entry: OperatorEntry
    maps: tuple[tuple[str, str], ...]

    @property
    def lead(self) -> str:
        """Whether it is taken, and how much was asked."""
        taken = "Taken" if self.entry.taken else "Never taken"
        unfinished = "" if self.entry.complete else "; the search was not finished"
        return f"{taken}; {count_words(self.entry.questions, 'question')}{unfinished}."


def probe_page(result: ProbeResult) -> str:
    """Return a probe as one HTML file; what the heat maps show of limits stands in tables too."""
    document = probe_document(result)
    charts: dict[str, Specification] = {}
    sections = _sections(result, document, charts)
    frame = Frame(
        verb="probe",
        subject=shorten(document.name),
        headline=answer(document),
        about=" ".join(further_sentences(document)),
        tone=Tone.BAD if document.crashes else Tone.PLAIN,
        bundles=(Bundle.CHARTS,) if charts else (),
        payloads={"charts": charts_payload(charts)} if charts else {},
    )
    return render_page(
        "probe/probe.html.j2",
        frame,
        document=document,
        rows=limit_rows(document.limits),
        sections=sections,
        crash_words=crash_words,
        separator_words=separator_words,
        taken=plural(sum(entry.taken for entry in document.operators), "operator type"),
    )


def _sections(result: ProbeResult, document: ProbeDocument, charts: dict[str, Specification]) -> list[OperatorSection]:
    """Return the sections of all operators, and put their charts into `charts`."""
    findings = {entry.operator: entry for entry in result.operators}
    sections: list[OperatorSection] = []
    for place, entry in enumerate(document.operators):
        own = findings.get(entry.operator)
        limits = [limit for limit in result.rules.limits if limit.operator == entry.operator]
        room = _MOST_CHARTS - len(charts)
        found = heat_maps(limits, sights_of(own))[:room] if own is not None and limits and room else []
        maps = {f"map-{place}-{number}": heat for number, heat in enumerate(found)}
        charts.update((name, heat_chart(heat)) for name, heat in maps.items())
        sections.append(OperatorSection(entry, tuple((name, heat.title) for name, heat in maps.items())))
    return sections
