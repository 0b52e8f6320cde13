"""A check on one screen: the verdict, hazards, operators off the NPU and why, time, memory, what to type next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult
from npufit.cost import Estimate
from npufit.report import predicted_time
from npufit.report.check.comparison import comparison_text
from npufit.report.check.deciding import decision_sentence
from npufit.report.check.headline import is_bad, verdict
from npufit.report.check.line_budget import lay_out
from npufit.report.check.next_steps import next_steps
from npufit.report.check.other_stacks import LABEL, better_stack_lines
from npufit.report.check.own_measurements import contradiction, own_clause, own_line, own_warnings
from npufit.report.check.screen_sections import screen_sections
from npufit.report.hazards import hazards_by_effect, hazards_in_words
from npufit.report.model_line import describe_model
from npufit.report.terminal_page import GLUE, Page
from npufit.stacks import MemoryUse, Unit

LINES = 40
"""The lines of a usual terminal."""

_LABEL = 9
_RULES = 3


def check_screen(result: CheckResult, source: str, page: Page) -> str:
    """Return the answer for one target on at most 40 lines.

    `source` is the model in the user's spelling. What does not fit is counted; `check_text` has everything.
    """
    top = [*_verdict(result, page), *(page.ink("dim", line) for line in _about(result, page))]
    bottom = ["", *_time(result, page), *_memory(result, page), *_next(result, source, page)]
    sections = lay_out(screen_sections(result, page), LINES - page.rows([*top, *bottom]), page)
    return "\n".join([*top, *sections, *bottom])


def targets_screen(results: Sequence[CheckResult], source: str, page: Page) -> str:
    """Return the answers for several targets: a table, and one line of reasons for each."""
    lines = [comparison_text(results, page), ""]
    for result in results:
        first, *rest = page.wrap(f"{result.name}: {_reason(result)}", hanging="  ")
        lines += [first.replace(result.name, page.ink("cyan", result.name), 1), *rest]
    more = f"npufit check {source} -t {shlex.quote(results[0].spelling)} shows one target; -v prints all in full."
    return "\n".join([*lines, "", *page.wrap(formatting.printable(more), hanging="  ")])


def _verdict(result: CheckResult, page: Page) -> list[str]:
    style = "red" if is_bad(result) else "bold"
    return [page.ink(style, line) for line in page.wrap(verdict(result), hanging="  ")]


def _about(result: CheckResult, page: Page) -> list[str]:
    """Return the subject of the verdict: the model, and the log that decided."""
    lines = page.wrap(describe_model(result.model), hanging="  ")
    placement = result.placement
    if placement.log is not None:
        lines += page.wrap(decision_sentence(placement), hanging="  ")
    return lines


def _reason(result: CheckResult) -> str:
    """Return in one line why a target is not perfect: operators off the NPU by rule, and the hazards."""
    parts: list[str] = list(filter(None, [contradiction(result), own_clause(result)]))
    if predicted_time.reversal(result):
        parts.append("SLOWER with the NPU than without")
    for unit, where in ((Unit.CPU, "on the CPU"), (Unit.UNKNOWN, "unknown")):
        placed = result.on(unit)
        counts = Counter(entry.finding.rule.id if entry.finding else "no reason given" for entry in placed)
        rules = [f"{rule} {count}" for rule, count in counts.most_common(_RULES)]
        if len(counts) > _RULES:
            rules.append(f"{len(counts) - _RULES} more")
        if placed:
            parts.append(f"{len(placed)} {where} ({', '.join(rules)})")
    by_effect = hazards_by_effect(result.placement.hazards)
    parts += [hazards_in_words(effect, hazards) for effect, hazards in by_effect.items()]
    return "; ".join(parts) or "every operator runs on the NPU, and no hazard is known"


def _time(result: CheckResult, page: Page) -> list[str]:
    estimate = result.estimate
    if estimate is None:
        return [*page.labelled("Time", "no data to predict it from", "", _LABEL), *_own(result, page)]
    lines = page.labelled("Time", predicted_time.time_sentence(result, estimate), "", _LABEL)
    if estimate.assumption:
        lines += page.labelled("", f"assumed: {formatting.printable(estimate.assumption)}", "", _LABEL)
    lines += _own(result, page)
    lines += _measured(result, estimate, page)
    for line in better_stack_lines(result):
        lines += page.labelled(LABEL.capitalize(), line, "", _LABEL)
    for warning in estimate.warnings:
        if not predicted_time.reversal(result):
            lines += page.labelled("", formatting.printable(warning), "", _LABEL)
    return lines


def _own(result: CheckResult, page: Page) -> list[str]:
    """Return the user's own measurement, and what it says against the answer."""
    line, warnings = own_line(result), own_warnings(result)
    lines = page.labelled("Measured", line, "", _LABEL) if line else []
    for warning in warnings:
        label = "" if lines else "Measured"
        lines += [page.ink("red", line) for line in page.labelled(label, warning, "", _LABEL)]
    return lines


def _measured(result: CheckResult, estimate: Estimate, page: Page) -> list[str]:
    best = predicted_time.best_measurement(result, estimate)
    if best is None:
        return []
    hidden = len(estimate.measured) - 1
    more = f"source{f' and {hidden} more' if hidden else ''}: -v".replace(" ", GLUE)
    caution = f" [{best.caution}]" if best.caution else ""
    text = f"{best.ms:g} ms measured elsewhere: {predicted_time.measured_how(best)}{caution}; {more}"
    return page.labelled("", text, "", _LABEL)


def _memory(result: CheckResult, page: Page) -> list[str]:
    estimate = result.estimate
    parts = [_use(use) for use in result.placement.memory]
    if estimate is not None:
        parts.append(f"constants {formatting.size(estimate.memory.model_bytes)}")
        parts.append(f"activations up to {formatting.size(estimate.memory.arena_bytes)}")
    lines = page.labelled("Memory", formatting.printable(", ".join(parts)), "", _LABEL) if parts else []
    is_short = any(use.limit_bytes is not None and use.used_bytes > use.limit_bytes for use in result.placement.memory)
    return [page.ink("red", line) for line in lines] if is_short else lines


def _use(use: MemoryUse) -> str:
    used = f"{use.memory} {formatting.size(use.used_bytes)}"
    if use.limit_bytes is None:
        return used
    return f"{used} of {formatting.size(use.limit_bytes)}{': TOO SMALL' if use.used_bytes > use.limit_bytes else ''}"


def _next(result: CheckResult, source: str, page: Page) -> list[str]:
    """Return commands with their benefit: on the same line if there is room, otherwise below."""
    lines: list[str] = []
    for command, use in next_steps(result, source):
        label = "" if lines else "Next"
        start = page.ink("dim", label) + " " * (_LABEL - len(label)) + page.ink("cyan", formatting.printable(command))
        if not use or _LABEL + len(command) + 2 + len(use) <= page.width:
            lines.append(f"{start}  {page.ink('dim', use)}".rstrip())
        else:
            indent = " " * (_LABEL + 2)
            lines += [start, *(page.ink("dim", line) for line in page.wrap(use, indent, indent))]
    return lines
