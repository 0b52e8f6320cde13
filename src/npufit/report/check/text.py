"""The full report of a check for people: the answer first, then every reason, source, time and partition."""

from __future__ import annotations

from npufit import formatting
from npufit.checking import CheckResult
from npufit.report.check import time_section
from npufit.report.check.deciding import decided_by, decision_sentence
from npufit.report.check.hazard_section import hazard_lines
from npufit.report.check.headline import headline, is_bad
from npufit.report.check.off_npu_section import off_npu_lines
from npufit.report.check.partition_section import operator_lines, partition_lines
from npufit.report.check.way_out import title_lines
from npufit.report.model_line import describe_model
from npufit.report.terminal_page import Page, columns
from npufit.stacks import Status, Unit


def check_text(result: CheckResult, page: Page, *, everything: bool = False) -> str:
    """Return the report on one target; `everything` lists each operator, tensor and partition."""
    lines = [*_headline(result, page)]
    lines.append(page.ink("dim", describe_model(result.model)))
    lines += _differences(result, page)
    lines += hazard_lines(result, page, everything)
    lines += time_section.time_lines(result, page, everything=everything)
    if result.placement.status is Status.PARTIAL:
        lines += _notes(result, page)
    for unit, title in ((Unit.CPU, "On the CPU"), (Unit.UNKNOWN, "Unknown")):
        lines += off_npu_lines(result, unit, title, page, everything)
    lines += partition_lines(result, page, everything)
    lines += time_section.memory_lines(result, page)
    if everything:
        lines += operator_lines(result, page)
    lines += _settings(result, page)
    if result.placement.status is not Status.PARTIAL:
        lines += _notes(result, page)
    return "\n".join(lines)


def _headline(result: CheckResult, page: Page) -> list[str]:
    style = "red" if is_bad(result) else "bold"
    return [page.ink(style, line) for line in page.wrap(headline(result), hanging="  ")]


def _differences(result: CheckResult, page: Page) -> list[str]:
    placement = result.placement
    if placement.log is None and not placement.differences:
        return []
    if not placement.differences:
        return ["", *page.wrap(f"{decision_sentence(placement)}.")]
    lines = title_lines(page, f"Differences: {decided_by(placement)} decides; the rules expected something else")
    rows = [["what", "rules", "observed"]]
    for difference in placement.differences:
        where = "" if difference.operator is None else f"operator {difference.operator.index}: "
        rows.append([where + difference.what, difference.predicted, difference.observed])
    lines += ["  " + line for line in columns(rows)]
    return [*lines, *page.wrap(f"{decision_sentence(placement)}.", "  ")] if placement.log else lines


def _settings(result: CheckResult, page: Page) -> list[str]:
    settings = result.placement.settings + (result.estimate.settings if result.estimate is not None else ())
    if not settings:
        return []
    text = ", ".join(f"{setting.name} {setting.value} ({setting.origin})" for setting in settings)
    return ["", *(page.ink("dim", line) for line in page.wrap(f"Settings: {formatting.printable(text)}", hanging="  "))]


def _notes(result: CheckResult, page: Page) -> list[str]:
    if not result.placement.notes:
        return []
    lines = title_lines(page, "Worth knowing")
    for note in result.placement.notes:
        text = f"{formatting.printable(note.text)} [{note.evidence}: {formatting.printable(note.source)}]"
        lines += page.wrap(text, "  - ", "    ")
    return lines
