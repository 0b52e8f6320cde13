"""What a fit did, for people: the answer, before and after, every pass, the proof, what remains."""

from __future__ import annotations

from npufit.cutting import SavedFit
from npufit.fitting import FitResult
from npufit.report.fit.before_and_after import before_and_after_lines
from npufit.report.fit.headline import fit_headline
from npufit.report.fit.pass_section import pass_lines
from npufit.report.fit.proof_section import library_lines, proof_lines
from npufit.report.fit.remaining_section import remaining_lines
from npufit.report.fit.written_section import file_lines, part_lines
from npufit.report.model_line import describe_model
from npufit.report.terminal_page import Page


def fit_text(fit: FitResult, saved: SavedFit, page: Page, *, everything: bool = False) -> str:
    """Return the report on a fit: the answer first, before and after, the passes, what remains off the NPU."""
    is_bad = fit.has_failed or (saved.cut is not None and saved.cut.has_failed)
    lines = [page.ink("red" if is_bad else "bold", line) for line in page.wrap(fit_headline(fit), hanging="  ")]
    lines.append(page.ink("dim", describe_model(fit.original.model)))
    if fit.steps:
        lines += before_and_after_lines(fit, saved, page)
    lines += pass_lines(fit, page, everything)
    lines += proof_lines(fit, page)
    lines += library_lines(fit, page)
    if not fit.is_survey:
        lines += remaining_lines(fit.result, page, everything)
    lines += part_lines(saved, page)
    return "\n".join([*lines, *file_lines(saved, page)])
