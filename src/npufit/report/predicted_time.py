"""Times in words: predictions, their reliability, and measurements by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.checking import CheckResult
from npufit.cost import Band, Estimate, Measured, Reversal, measured_reversal, predicted_reversal
from npufit.formatting import milliseconds, percent, plural, printable, shorten, significant, size
from npufit.graph import OperatorId
from npufit.stacks import Status, Unit


@dataclass(frozen=True, slots=True)
class TimeRow:
    """One line of the table of times; cells without a value are empty."""

    label: str
    time: str
    span: str = ""
    remark: str = ""


def span(low: float, high: float) -> str:
    """Return a range of milliseconds without its unit, such as `8.7 to 11`."""
    return f"{significant(low)} to {significant(high)}"


def cores(threads: int) -> str:
    """Return the number of cores in words."""
    return plural(threads, "core")


def reversal(result: CheckResult) -> Reversal | None:
    """Return the slowdown by the NPU: predicted, or else measured."""
    estimate = result.estimate
    if estimate is None:
        return None
    return predicted_reversal(estimate) or measured_reversal(estimate, result.target.stack)


def reversal_words(result: CheckResult) -> str:
    """Return a clause on the slowdown by the NPU, empty if there is none."""
    estimate, found = result.estimate, reversal(result)
    if estimate is None or found is None:
        return ""
    lead = "SLOWER with the NPU than without"
    if found.measured is not None:
        how = printable(shorten(found.measured.version, 72))
        return f"{lead}: {_as_measured(found)} ({how})"
    with_npu, alone = _apart(found)
    at_least = "at least " if found.at_least else ""
    band = "" if found.at_least else _in_brackets(estimate)
    measured = measured_reversal(estimate, result.target.stack)
    return (
        f"{lead}: predicted {at_least}{with_npu} ms{band}{_proviso(result)}, CPU alone {alone} ms on "
        f"{cores(estimate.threads)}{f'; {_as_measured(measured)}' if measured is not None else ''}"
    )


def _as_measured(found: Reversal) -> str:
    return f"measured elsewhere: {found.with_npu_ms:g} ms, CPU alone {found.cpu_only_ms:g} ms"


def _apart(found: Reversal) -> tuple[str, str]:
    """Return both times with as many digits as needed to tell them apart, up to four."""
    pair = "", ""
    for digits in (2, 3, 4):
        pair = significant(found.with_npu_ms, digits), significant(found.cpu_only_ms, digits)
        if pair[0] != pair[1]:
            break
    return pair


def prediction_clause(result: CheckResult) -> str:
    """Return the prediction for the headline, empty if a slowdown already contains it."""
    estimate = result.estimate
    if estimate is None:
        return "time not predicted"
    found = reversal(result)
    if found is not None and found.measured is None:
        return ""
    alone = f"CPU alone {milliseconds(estimate.cpu_only_ms)} on {cores(estimate.threads)}"
    if estimate.total_ms is None:
        if estimate.low_ms is None or estimate.high_ms is None:
            return f"time with the NPU not predicted, {alone}"
        return f"predicted {span(estimate.low_ms, estimate.high_ms)} ms, because {_open(result)}, {alone}"
    total = f"predicted {milliseconds(estimate.total_ms)}{_in_brackets(estimate)}"
    if _is_assumed(result) or result.placement.partitions:
        return f"{total}{_proviso(result)}, {alone}"
    return f"{total} on {cores(estimate.threads)}"


def _is_assumed(result: CheckResult) -> bool:
    """Return True if there is a total although the placement is unknown."""
    estimate = result.estimate
    return estimate is not None and estimate.total_ms is not None and result.placement.status is not Status.COMPLETE


def _proviso(result: CheckResult) -> str:
    return " if placed as assumed below" if _is_assumed(result) else ""


def _open(result: CheckResult) -> str:
    """Return why there is a range instead of a number."""
    return "placement is unknown" if result.summary.unknown else "the NPU's speed is unknown"


def _span_of(estimate: Estimate) -> str:
    if estimate.low_ms is None or estimate.high_ms is None:
        return ""
    return span(estimate.low_ms, estimate.high_ms)


def _in_brackets(estimate: Estimate) -> str:
    return f" ({_span_of(estimate)})" if _span_of(estimate) else ""


def prediction_cell(result: CheckResult) -> str:
    """Return the prediction for a table over several targets, such as `9.8 ms (8.7 to 11), 4.5x`."""
    estimate = result.estimate
    if estimate is None:
        return "-"
    if estimate.total_ms is None:
        return f"{_span_of(estimate)} ms" if _span_of(estimate) else "-"
    mark = ", slower" if predicted_reversal(estimate) is not None else ""
    assumed = ", assumed" if _is_assumed(result) else ""
    return f"{milliseconds(estimate.total_ms)}{_in_brackets(estimate)}{mark}{assumed}"


def time_rows(result: CheckResult, estimate: Estimate) -> list[TimeRow]:
    """Return the predicted times: the total, its parts, the CPU alone, and the compiler's own estimate."""
    rows: list[TimeRow] = []
    if result.placement.partitions or _is_assumed(result) or estimate.total_ms is None:
        rows += _with_npu(result, estimate)
    band = span(estimate.cpu_only_low_ms, estimate.cpu_only_high_ms)
    rows.append(TimeRow("CPU alone", _three(estimate.cpu_only_ms), band, cores(estimate.threads)))
    compiled = result.placement.compiler_estimate
    if compiled is not None and estimate.compiler_ms is not None:
        origin = printable(compiled.origin)
        rows.append(
            TimeRow("compiler", _three(estimate.compiler_ms), "", f"its own estimate of the NPU's share ({origin})")
        )
    return rows


def _with_npu(result: CheckResult, estimate: Estimate) -> list[TimeRow]:
    if estimate.total_ms is None or estimate.npu_ms is None:
        return [TimeRow("with the NPU", "unknown", _span_of(estimate), _open(result))]
    summary = result.summary
    calls = f"{plural(summary.partitions, 'call')}, {size(summary.boundary_bytes)} copied"
    counts = plural(summary.npu, "operator"), plural(summary.cpu, "operator"), calls
    npu, cpu, overhead = ("", "", "") if _is_assumed(result) else counts
    speed = f"{speed_words(estimate)}{_proviso(result)}"
    return [
        TimeRow("with the NPU", _three(estimate.total_ms), _span_of(estimate), speed),
        TimeRow("  NPU", _three(estimate.npu_ms), "", npu),
        TimeRow("  CPU", _three(estimate.cpu_ms or 0.0), "", cpu),
        TimeRow("  calls and copies", _three(estimate.overhead_ms or 0.0), "", overhead),
    ]


def time_sentence(result: CheckResult, estimate: Estimate) -> str:
    """Return the predicted times in a sentence: the total, its parts, the CPU alone, and the basis of the range."""
    alone_span = span(estimate.cpu_only_low_ms, estimate.cpu_only_high_ms)
    alone = f"CPU alone {_three(estimate.cpu_only_ms)} ms ({alone_span}) on {cores(estimate.threads)}"
    if estimate.total_ms is None:
        open_ = f"{_span_of(estimate)} ms predicted" if _span_of(estimate) else "not predicted with the NPU"
        return f"{open_}, because {_open(result)}; {alone}"
    if not (result.placement.partitions or _is_assumed(result)):
        return f"{alone}; range: {printable(estimate.cpu_band.origin)}"
    total = f"{_three(estimate.total_ms)} ms predicted{_in_brackets(estimate)}{_proviso(result)}"
    parts = (("NPU", estimate.npu_ms), ("CPU", estimate.cpu_ms), ("calls and copies", estimate.overhead_ms))
    spent = ", ".join(f"{name} {_three(ms)}" for name, ms in parts if ms is not None)
    return f"{total}: {spent}; {alone}; range: {printable(estimate.band.origin)}"


def _three(ms: float) -> str:
    return significant(ms, 3)


def speed_words(estimate: Estimate) -> str:
    """Return how the run with the NPU compares with the CPU alone."""
    factor = estimate.speed_up
    if factor is None:
        return ""
    if not factor:
        return "SLOWER than the CPU alone, which takes almost no time"
    if factor < 1:
        return f"SLOWER than the CPU alone, {significant(1 / factor, 3)} times its time"
    return f"{significant(factor)} times as fast as the CPU alone"


def measured_rows(result: CheckResult, estimate: Estimate, most: int | None = None) -> list[TimeRow]:
    """Return the public measurements of the same network: `most` of this stack, as many of the CPU; None: all."""
    own, alone, others = _by_trust(result, estimate)
    shown = [*own, *alone, *others]
    if most is not None:
        shown = [*own[:most], *alone[:most]] or others[:most]
    rows = [TimeRow("measured", f"{entry.ms:g}", "", measured_words(entry)) for entry in shown]
    hidden = len(estimate.measured) - len(shown)
    return [*rows, TimeRow("", "", "", f"… {hidden} more (--all)")] if hidden else rows


def best_measurement(result: CheckResult, estimate: Estimate) -> Measured | None:
    """Return the most informative public measurement: of this stack, else of the CPU, else any; or None."""
    return next((entry for group in _by_trust(result, estimate) for entry in group), None)


def _by_trust(result: CheckResult, estimate: Estimate) -> tuple[list[Measured], list[Measured], list[Measured]]:
    """Return the measurements of this stack, of the CPU and of other stacks, the most trusted first."""

    def doubt(entry: Measured) -> tuple[bool, bool]:
        return bool(entry.caution), entry.threads != str(estimate.threads)

    by_trust = sorted(estimate.measured, key=doubt)
    own = [entry for entry in by_trust if entry.unit is Unit.NPU and result.target.stack in entry.stack]
    alone = [entry for entry in by_trust if entry.unit is Unit.CPU]
    return own, alone, [entry for entry in by_trust if entry not in own and entry not in alone]


def measured_words(entry: Measured) -> str:
    """Return how a public measurement was made and where it was read."""
    caution = f" [{entry.caution}]" if entry.caution else ""
    return f"{measured_how(entry)}: {printable(f'{entry.source}{caution}')}"


def measured_how(entry: Measured) -> str:
    """Return how a public measurement was made: unit, threads, stack and version."""
    threads = f", {entry.threads} threads" if entry.threads.isdigit() and entry.threads != "1" else ""
    if entry.threads and not threads:
        threads = ", 1 thread" if entry.threads == "1" else f", threads {entry.threads}"
    unit = "NPU" if entry.unit is Unit.NPU else "CPU"
    return printable(f"{unit}{threads}, {entry.stack}, {entry.version}")


def band_words(result: CheckResult, estimate: Estimate) -> str:
    """Return what the ranges mean: how often measurements of networks that the fit had not seen lay inside them."""
    is_open = result.placement.status is not Status.COMPLETE
    if not (result.placement.partitions or is_open) or estimate.band == estimate.cpu_band:
        return _band(estimate.cpu_band)
    all_of_them = "with the NPU: from the best to the worst possible placement; " if is_open else ""
    return f"{all_of_them}NPU: {_band(estimate.band)}; CPU: {_band(estimate.cpu_band)}"


def _band(band: Band) -> str:
    if band.coverage is None or not band.rows:
        return printable(band.origin)
    error = f", median error {percent(band.median_error)}" if band.median_error is not None else ""
    return f"{printable(band.origin)}; {percent(band.coverage)} of {band.rows} rows lay within their range{error}"


def unsure_words(estimate: Estimate) -> str:
    """Return what makes the ranges wide, empty if nothing stands out."""
    parts = [("CPU", estimate.cpu_band)]
    if estimate.band != estimate.cpu_band:
        parts.insert(0, ("NPU", estimate.band))
    return "; ".join(f"{unit}: {printable(', '.join(band.unsure))}" for unit, band in parts if band.unsure)


def slower_words(result: CheckResult, estimate: Estimate) -> str:
    """Return which operators the CPU would finish sooner than the NPU, empty if there are none."""
    slower = estimate.slower_on_npu
    if not slower:
        return ""
    times = {entry.placement.id: entry for entry in estimate.operators}
    saved = sum((times[place].ms or 0.0) - times[place].cpu_ms for place in slower)
    return (
        f"{plural(len(slower), 'operator')} would take {milliseconds(saved)} less on the CPU, not counting the copies "
        f"that this would add: {places(result, slower)}"
    )


def places(result: CheckResult, operators: Sequence[OperatorId], most: int = 8) -> str:
    """Return operators by index and type, the first `most` of them."""
    several = len(result.model.subgraphs) > 1
    names = [
        f"{f'{place.subgraph}:' if several else ''}{place.index} {result.model.operator(place).name}"
        for place in operators[:most]
    ]
    if len(operators) > most:
        names.append(f"… {len(operators) - most} more")
    return printable(", ".join(names))
