"""A comparison as Markdown, for the summary page of a CI run."""

from __future__ import annotations

from npufit.comparing import CompareResult, Verdict
from npufit.report.compare.before_after import (
    comparison_rows,
    has_subgraphs,
    hazard_groups,
    hazard_lists,
    moved_groups,
    moved_lists,
    one_sided,
    remarks,
    rule_words,
    side_words,
)
from npufit.report.compare.headline import comparison_headline, result_headline
from npufit.report.markdown import template_environment

_MARKS = {Verdict.WORSE: "🔴", Verdict.MIXED: "🟡", Verdict.BETTER: "🟢", Verdict.SAME: "⚪"}


def compare_markdown(result: CompareResult) -> str:
    """Return the comparison as GitHub-flavoured Markdown; names from files are escaped."""
    if result.measured is not None:
        from npufit.report.compare.measured_forms import measured_markdown

        return measured_markdown(result.measured, result.gates)
    template = template_environment().get_template("compare/compare.md.j2")
    return template.render(
        result=result,
        one_sided=one_sided,
        rule_words=rule_words,
        marks=_MARKS,
        headline=result_headline,
        comparison_headline=comparison_headline,
        side_words=side_words,
        rows=comparison_rows,
        moved_lists=moved_lists,
        groups=moved_groups,
        subgraphs=has_subgraphs,
        hazard_groups=hazard_groups,
        hazard_lists=hazard_lists,
        remarks=remarks,
    )
