"""The answer of a check in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from npufit.checking import CheckResult
from npufit.formatting import percent, plural, printable
from npufit.report import predicted_time
from npufit.report.check.deciding import library_clause
from npufit.report.check.own_measurements import contradiction, own_clause
from npufit.report.hazards import count_hazards, hazards_by_effect, hazards_in_words
from npufit.stacks import Effect, Hazard, Stage, Unit

_STAGES = {
    Stage.FRONTEND_UNMAPPED: "{delegate} does not map {them}",
    Stage.FRONTEND_CHECK: "{delegate} refuses {them}",
    Stage.DRIVER_CHECK: "the driver refuses {them}",
    Stage.COMPILER: "the compiler leaves {them} on the CPU",
    Stage.EXECUTION: "executed differently",
    Stage.UNDECIDED: "the vendor has not published it",
    Stage.UNASKED: "the probe did not ask about {them}",
}
_DELEGATES = {"teflon": "Teflon", "vx": "the VX delegate"}
"""Names of the delegates whose refusals are rules."""


def headline(result: CheckResult) -> str:
    """Return the answer in one line: what runs where, in how many partitions, how fast, and what is dangerous.

    What the driver refuses, a crash of the process, or a slowdown by the NPU comes first, because nobody expects it.
    """
    return _headline(result, hazards_in_words)


def verdict(result: CheckResult) -> str:
    """Return the headline without the names of hazards, for a page that lists them below."""
    return _headline(result, count_hazards)


def _headline(result: CheckResult, hazards_in_words: Callable[[Effect, Sequence[Hazard]], str]) -> str:
    summary = result.summary
    total = plural(summary.operators, "operator")
    parts: list[str] = []
    if summary.unknown and not summary.npu:
        parts.append(f"where {summary.unknown} of {total} run is unknown{_what(result, Unit.UNKNOWN)}")
    else:
        where = f" in {plural(summary.partitions, 'partition')}" if summary.partitions else ""
        parts.append(f"{summary.npu} of {total} on the NPU{where}{macs_share(result)}")
        if summary.unknown:
            parts.append(f"{summary.unknown} unknown{_what(result, Unit.UNKNOWN)}")
    if summary.cpu:
        parts.append(f"{summary.cpu} on the CPU{_what(result, Unit.CPU)}")
    by_effect = hazards_by_effect(result.placement.hazards)
    slower = predicted_time.reversal_words(result)
    crashes = by_effect.pop(Effect.CRASH, None)
    refusal = result.placement.refusal
    against = contradiction(result)
    first = f"{against}; expected: " if against else ""
    first += f"{refusal}; otherwise " if refusal else ""
    first += f"{hazards_in_words(Effect.CRASH, crashes)}; otherwise " if crashes else ""
    line = (
        f"{result.name}{library_clause(result.placement)}: {first}{f'{slower}; ' if slower else ''}{', '.join(parts)}"
    )
    if summary.unknown and result.placement.log_totals:
        line += f"; the log says {result.placement.log_totals}"
    predicted = predicted_time.prediction_clause(result)
    measured = own_clause(result)
    is_wrong = result.own is not None and result.own.wrong is not None
    line += f"; {predicted}" if predicted else ""
    line += f"; {measured}" if measured else ""
    for effect, hazards in by_effect.items():
        line += f"; {hazards_in_words(effect, hazards)}"
    if not summary.hazards and summary.npu and not summary.unknown and not is_wrong:
        line += "; no known hazard"
    return line


def is_bad(result: CheckResult) -> bool:
    """Return whether something must be seen first: a hazard, a slowdown, or a measurement that says otherwise."""
    own = result.own
    is_denied = own is not None and (own.contradicting is not None or own.wrong is not None)
    return bool(result.summary.hazards or predicted_time.reversal(result) or is_denied)


def macs_share(result: CheckResult) -> str:
    """Return ` (97.2 % of the MACs)`, empty if the share is unknown or there are none."""
    share = result.summary.npu_macs_share
    return "" if share is None else f" ({percent(share)} of the MACs)"


def _what(result: CheckResult, unit: Unit) -> str:
    placed = result.on(unit)
    counts = Counter(printable(result.operator(operator).name)[:60] for operator in placed)
    names = [name if count == 1 else f"{count} {name}" for name, count in counts.most_common()]
    if len(names) > 5:
        names = [*names[:4], f"{len(names) - 4} more types"]
    stages = {operator.finding.rule.stage for operator in placed if operator.finding is not None}
    reason = ""
    if len(stages) == 1 and all(operator.finding is not None for operator in placed):
        delegate = _DELEGATES.get(result.target.stack, "the delegate")
        them = "it" if len(placed) == 1 else "them"
        reason = f": {_STAGES[next(iter(stages))].format(delegate=delegate, them=them)}"
    return f" ({', '.join(names)}{reason})"
