"""The result of a check as Markdown, for the summary page of a CI run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from npufit import formatting
from npufit.checking import CheckResult, GateResult
from npufit.cost import Estimate
from npufit.graph import Model
from npufit.report import predicted_time
from npufit.report.check.headline import headline, is_bad
from npufit.report.check.other_stacks import LABEL, better_stack_lines
from npufit.report.check.own_measurements import own_rows, own_warnings
from npufit.report.findings import group_by_rule, remedy_words
from npufit.report.hazards import effect_words, hazards_by_effect
from npufit.report.markdown import template_environment
from npufit.report.predicted_time import TimeRow
from npufit.stacks import OperatorPlacement, Remedy, Unit

_LIMIT = 30


def check_markdown(model: Model, results: Sequence[CheckResult], gates: Sequence[GateResult] = ()) -> str:
    """Return the results as GitHub-flavoured Markdown; names from the file are escaped."""
    return (
        template_environment()
        .get_template("check/check.md.j2")
        .render(
            model=model,
            results=results,
            gates=gates,
            limit=_LIMIT,
            headline=headline,
            hazards_by_effect=hazards_by_effect,
            effect_words=effect_words,
            operator_name=_operator_name,
            off_npu=_off_npu,
            members_in_words=_members_in_words,
            ways_out=_ways_out,
            times=_times,
            is_bad=is_bad,
            memory=_memory,
        )
    )


def _times(result: CheckResult) -> list[TimeRow]:
    estimate = result.estimate
    warnings = [TimeRow("warning", "", "", warning) for warning in own_warnings(result)]
    if estimate is None:
        return [*own_rows(result), *warnings]
    return [
        *predicted_time.time_rows(result, estimate),
        *own_rows(result),
        *predicted_time.measured_rows(result, estimate),
        *_remarks(result, estimate),
        *warnings,
    ]


def _remarks(result: CheckResult, estimate: Estimate) -> list[TimeRow]:
    slower = predicted_time.slower_words(result, estimate)
    unsure = predicted_time.unsure_words(estimate)
    rows = [
        TimeRow("ranges", "", "", predicted_time.band_words(result, estimate)),
        *([TimeRow("unsure", "", "", unsure)] if unsure else []),
        *([TimeRow("assumed", "", "", formatting.printable(estimate.assumption))] if estimate.assumption else []),
        TimeRow("basis", "", "", formatting.printable(estimate.basis)),
        *([TimeRow("better off", "", "", slower)] if slower else []),
        *(TimeRow(LABEL, "", "", line) for line in better_stack_lines(result)),
    ]
    return rows + [TimeRow("warning", "", "", formatting.printable(warning)) for warning in estimate.warnings]


def _memory(result: CheckResult) -> list[list[str]]:
    return [
        [
            use.memory,
            formatting.size(use.used_bytes),
            "" if use.limit_bytes is None else formatting.size(use.limit_bytes),
            "TOO SMALL" if use.limit_bytes is not None and use.used_bytes > use.limit_bytes else "",
        ]
        for use in result.placement.memory
    ]


def _operator_name(result: CheckResult, subgraph: int, index: int) -> str:
    return f"{index} {result.model.subgraphs[subgraph].operators[index].name}"


def _off_npu(result: CheckResult) -> list[tuple[str, Any]]:
    sections = (("on the CPU", Unit.CPU), ("unknown", Unit.UNKNOWN))
    return [(title, group_by_rule(result.on(unit))) for title, unit in sections if result.on(unit)]


def _members_in_words(result: CheckResult, members: Sequence[OperatorPlacement]) -> str:
    counts = Counter(result.operator(placed).name for placed in members)
    types = ", ".join(f"{count} {name}" if count > 1 else name for name, count in counts.most_common(4))
    return f"{types} ({formatting.ranges([placed.id.index for placed in members], 8)})"


def _ways_out(remedies: Sequence[Remedy]) -> str:
    return "; ".join(remedy_words(remedy) for remedy in remedies) or "none known"
