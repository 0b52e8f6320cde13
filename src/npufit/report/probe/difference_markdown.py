"""Two converters compared, as Markdown: one table of limits for each operator type."""

from __future__ import annotations

from itertools import groupby

from npufit.report.markdown import template_environment
from npufit.report.probe.difference_document import DifferenceDocument
from npufit.report.probe.difference_words import (
    OUTCOMES,
    difference_headline,
    example_words,
    limits_in_words,
    side_words,
)


def difference_markdown(document: DifferenceDocument) -> str:
    """Return the differences as GitHub-flavoured Markdown; the words of tools and of file names are escaped."""
    operators = [(name, list(entries)) for name, entries in groupby(document.differences, lambda it: it.operator)]
    return (
        template_environment()
        .get_template("probe/difference.md.j2")
        .render(
            document=document,
            headline=difference_headline(document),
            first=side_words(document.first),
            second=side_words(document.second),
            operators=operators,
            same=[name for name in document.operators if name not in dict(operators)],
            limits_in_words=limits_in_words,
            example_words=example_words,
            outcomes=OUTCOMES,
        )
    )
