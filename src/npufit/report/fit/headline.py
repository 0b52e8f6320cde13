"""The first line of a fit: what runs where now and before, and whether the answer is the same."""

from __future__ import annotations

from npufit.checking import CheckResult
from npufit.fitting import FitResult
from npufit.fitting.search import PassOutcome
from npufit.formatting import milliseconds, percent, plural
from npufit.report import predicted_time
from npufit.report.fit.difference_words import amount_words
from npufit.report.fit.library_words import library_words


def fit_headline(fit: FitResult) -> str:
    """Return the answer in one line: what runs where now and before, and whether the answer is the same."""
    before, after = fit.original, fit.result
    failed = f"; {', '.join(verdict.pass_.name for verdict in fit.failures)} FAILED" if fit.failures else ""
    if fit.is_survey:
        offered = sum(verdict.outcome is PassOutcome.OFFERED for verdict in fit.verdicts)
        return f"{after.name}: {offered} of {len(fit.verdicts)} passes apply; {_now(after)}{failed}"
    library = library_words(fit)
    refusal = f"{after.placement.refusal}; otherwise " if after.placement.refusal else ""
    if not fit.steps:
        start = "already fits" if fit.is_complete else "no pass makes it fit better"
        return f"{after.name}: {refusal}{start}: {_now(after)}{library}{failed}"
    parts = [f"{_where(after)} (was {_where_short(before)})"]
    if before.summary.hazards or after.summary.hazards:
        parts.append(f"{_hazards(after)} ({_had(before)})")
    times = time_words(before), time_words(after)
    if all(times):
        parts.append(f"predicted {times[1]} ({_was(times)})")
    return f"{after.name}: {refusal}{', '.join(parts)}, {answer_words(fit)}{library}{failed}"


def answer_words(fit: FitResult) -> str:
    """Return whether the answer is the same, and how that is known."""
    proof = fit.proof
    if proof is None:
        return "the answer was not proven"
    count = plural(proof.inputs, "input")
    if proof.left_out:
        count = f"{count}, without {plural(len(proof.left_out), 'operator')} that cannot be executed"
    if not proof.total:
        return f"the answer is the same (proven on {count})"
    if all(entry.is_equal for entry in proof.total):
        return f"the answer is the same on {count}, although a pass is approximate"
    worst = min(proof.total, key=lambda entry: entry.cosine)
    usual = plural(proof.inputs - proof.extremes, "sample" if fit.from_samples else "random input")
    agrees = f", top 1 agrees on {percent(worst.top_1)}" if worst.top_1 is not None else ""
    return f"the answer differs by up to {amount_words(worst)} (cosine {worst.cosine:.4f}{agrees}, {usual})"


def _was(times: tuple[str, str]) -> str:
    return "as before" if times[0] == times[1] else f"was {times[0]}"


def _now(result: CheckResult) -> str:
    times = time_words(result)
    return f"{_where(result)}, {_hazards(result)}{f', predicted {times}' if times else ''}"


def _where(result: CheckResult) -> str:
    summary = result.summary
    unknown = f", {summary.unknown} unknown" if summary.unknown else ""
    within = f" in {plural(summary.partitions, 'partition')}" if summary.partitions else ""
    return f"{summary.npu} of {plural(summary.operators, 'operator')} on the NPU{within}{unknown}"


def _where_short(result: CheckResult) -> str:
    summary = result.summary
    unknown = f", {summary.unknown} unknown" if summary.unknown else ""
    return f"{summary.npu} of {summary.operators}{f' in {summary.partitions}' if summary.partitions else ''}{unknown}"


def _hazards(result: CheckResult) -> str:
    count, crashes = result.summary.hazards, _crashes(result)
    if not count:
        return "no hazard"
    return f"{plural(count, 'hazard')} ({crashes})" if crashes else plural(count, "hazard")


def _had(result: CheckResult) -> str:
    count, crashes = result.summary.hazards, _crashes(result)
    had = f"was {count}" if count == 1 else f"were {count or 'none'}"
    return f"{had}, {crashes}" if crashes else had


def _crashes(result: CheckResult) -> str:
    """Return which of the hazards are crashes, such as `1 of them a crash`; empty if there are none."""
    count, crashes = result.summary.hazards, result.summary.crashes
    if not crashes:
        return ""
    if crashes == count:
        return "a crash" if count == 1 else "all crashes"
    return f"{crashes} of them {'a crash' if crashes == 1 else 'crashes'}"


def time_words(result: CheckResult) -> str:
    """Return the predicted time or its range; empty without one."""
    estimate = result.estimate
    if estimate is None:
        return ""
    if estimate.total_ms is not None:
        return milliseconds(estimate.total_ms)
    if estimate.low_ms is None or estimate.high_ms is None:
        return ""
    return f"{predicted_time.span(estimate.low_ms, estimate.high_ms)} ms"
