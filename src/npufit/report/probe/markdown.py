"""A probe as Markdown: a profile of the converter to keep or to publish."""

from __future__ import annotations

from npufit.report.markdown import template_environment
from npufit.report.probe.document import AxisEntry, ProbeDocument
from npufit.report.probe.headline import probe_headline
from npufit.report.probe.rows import limit_rows
from npufit.report.probe.words import crash_words, listed, separator_words, tool_words


def probe_markdown(document: ProbeDocument) -> str:
    """Return a probe as GitHub-flavoured Markdown; the words of the tool and of file names are escaped."""
    return (
        template_environment()
        .get_template("probe/probe.md.j2")
        .render(
            document=document,
            tool=tool_words(document.tool, document.version),
            headline=probe_headline(document),
            rows=limit_rows(document.limits),
            crash_words=crash_words,
            separator_words=separator_words,
            axis_words=_axis_words,
        )
    )


def _axis_words(axis: AxisEntry) -> tuple[str, str]:
    """Return the accepted and the refused values of an axis."""
    return listed(axis.accepted), listed(axis.refused)
