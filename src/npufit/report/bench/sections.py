"""The sections of one measurement: proof, times, operators, outputs, conditions. Each is empty if there is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.formatting import percent, plural, shorten, significant
from npufit.measurements import Evidence, Measurement, OperatorMeasurement, SteadyTime
from npufit.report.bench.words import (
    VERDICT_STYLES,
    judgement_words,
    ms_words,
    prediction_words,
    ratio_words,
    statistic_words,
)
from npufit.report.terminal_page import Page, columns

LABEL = 11
_MOST_EVIDENCE = 4
_MOST_OPERATORS = 5
_MOST_PROBLEMS = 3
COUNTER_COLUMNS = ("counter", "CPU alone", "known network", "this model")
TIME_COLUMNS = ("", "ms", "lowest to highest", "fastest", "what", "first", "start", "memory")


def proof_lines(measurement: Measurement, page: Page, *, everything: bool) -> list[str]:
    """Return the verdict, the counters of the three runs, and what each piece of evidence says and assumes."""
    proof = measurement.proof
    verdict = f"{proof.verdict}: {shorten(proof.sentence, 300)}"
    lines = page.labelled("Proof", verdict, "", LABEL)
    lines = [
        line.replace(proof.verdict, page.ink(VERDICT_STYLES[proof.verdict], proof.verdict), 1) for line in lines[:1]
    ] + lines[1:]
    shown = proof.evidence if everything else proof.evidence[:_MOST_EVIDENCE]
    rows = [counter_cells(entry) for entry in shown if _has_counters(entry)]
    if rows:
        head, *cells = columns([COUNTER_COLUMNS, *rows], right=(1, 2, 3))
        lines += [_indented(page.ink("dim", head)), *map(_indented, cells)]
    for entry in shown:
        for text in evidence_words(entry, proof.sentence):
            lines += page.labelled("", text, "", LABEL)
    hidden = len(proof.evidence) - len(shown)
    return [*lines, *([_indented(page.ink("dim", f"{hidden} more: -v"))] if hidden else [])]


def _has_counters(entry: Evidence) -> bool:
    return any(count is not None for count in (entry.on_cpu, entry.known, entry.model))


def counter_cells(entry: Evidence) -> tuple[str, str, str, str]:
    """Return a counter's name and its steps in the three runs."""
    return (
        shorten(entry.source, 44),
        _count(entry.on_cpu, None),
        _count(entry.known, entry.known_calls),
        _count(entry.model, entry.calls),
    )


def _count(count: int | None, calls: int | None) -> str:
    if count is None:
        return "-"
    return f"{count} in {plural(calls, 'call')}" if calls is not None else str(count)


def evidence_words(entry: Evidence, sentence: str) -> Iterator[str]:
    """Yield what a piece of evidence says, unless that is the verdict's `sentence` already, and what it assumes."""
    if entry.sentence and entry.sentence != sentence:
        yield f"{shorten(entry.source, 44)}: {entry.says}: {shorten(entry.sentence, 300)}"
    if entry.assumes:
        yield f"assumes: {shorten(entry.assumes, 300)}"


def time_lines(measurement: Measurement, page: Page) -> list[str]:
    """Return the table of measured times, and the prediction beside them."""
    rows = time_rows(measurement)
    lines: list[str] = []
    if rows:
        kept = [place for place in range(len(TIME_COLUMNS)) if any(row[place] for row in rows)]
        head, *cells = columns(
            [[row[place] for place in kept] for row in (TIME_COLUMNS, *rows)],
            right=[position for position, place in enumerate(kept) if TIME_COLUMNS[place] not in ("", "what")],
        )
        lines = [page.ink("dim", "Time") + " " * (LABEL - 4) + page.ink("dim", head), *map(_indented, cells)]
    for position, text in enumerate(prediction_lines(measurement)):
        lines += page.labelled("" if position else "Predicted", text, "", LABEL)
    return lines


def time_rows(measurement: Measurement) -> list[tuple[str, ...]]:
    """Return the cells of `TIME_COLUMNS` for the NPU and for the CPU alone."""
    sides = (("with the NPU", measurement.npu), ("CPU alone", measurement.cpu))
    return [(name, *_time_cells(steady)) for name, steady in sides if steady is not None]


def _time_cells(steady: SteadyTime) -> tuple[str, ...]:
    spread = f"{ms_words(steady.low_ms)} to {ms_words(steady.high_ms)}" if steady.processes > 1 else ""
    return (
        ms_words(steady.ms),
        spread,
        _optional(steady.min_ms),
        statistic_words(steady),
        _optional(steady.first_ms),
        _optional(steady.initialization_ms),
        "" if steady.memory_mb is None else f"{significant(steady.memory_mb, 3)} MB",
    )


def _optional(ms: float | None) -> str:
    return "" if ms is None else ms_words(ms)


def prediction_lines(measurement: Measurement) -> list[str]:
    """Return the prediction beside the measurement, or why there is none; and how NPU and CPU compare."""
    npu, cpu, predicted = measurement.npu, measurement.cpu, measurement.predicted
    found: list[str] = []
    if predicted is not None:
        judged = f"; measured {judgement_words(npu.ms, predicted)}" if npu is not None else ""
        alone = f"; CPU alone {significant(predicted.cpu_ms)} ms" if predicted.cpu_ms else ""
        found.append(f"{prediction_words(predicted)} ms{alone}{judged}; {shorten(predicted.origin, 200)}")
    elif measurement.predicted_unavailable:
        found.append(f"nothing: {shorten(measurement.predicted_unavailable, 200)}")
    if npu is not None and cpu is not None:
        found.append(f"with the NPU {ratio_words(npu, cpu)}")
    return found


def placement_words(measurement: Measurement) -> str:
    """Return where the operators ran, empty if nobody says."""
    placed = measurement.placement
    if placed is None:
        return ""
    total = placed.npu + placed.cpu
    where = f" in {plural(placed.partitions, 'partition')}" if placed.npu else ""
    return f"{placed.npu} of {plural(total, 'operator')} on the NPU{where}, by {shorten(placed.source, 80)}"


def operator_lines(measurement: Measurement, page: Page, *, everything: bool) -> list[str]:
    """Return the slowest operators, each with its share of all that were measured on its unit."""
    ordered = slowest(measurement.operators)
    shown = ordered if everything else ordered[:_MOST_OPERATORS]
    if not shown:
        return []
    rows = [operator_cells(entry, measurement.operators) for entry in shown]
    head, *cells = columns([OPERATOR_COLUMNS, *rows], right=(0, 1, 3))
    label = page.ink("dim", "Slowest") + " " * (LABEL - len("Slowest"))
    lines = [label + page.ink("dim", head), *map(_indented, cells)]
    hidden = len(ordered) - len(shown)
    return [*lines, *([_indented(page.ink("dim", f"{plural(hidden, 'more row')}: -v"))] if hidden else [])]


OPERATOR_COLUMNS = ("ms", "share", "unit", "index", "type", "name")


def slowest(operators: Sequence[OperatorMeasurement]) -> list[OperatorMeasurement]:
    """Return operators, the slowest first; those that only have cycles by cycles, after those with times."""
    return sorted(operators, key=lambda entry: (-(entry.ms or 0.0), -(entry.cycles or 0)))


def operator_cells(entry: OperatorMeasurement, operators: Sequence[OperatorMeasurement]) -> tuple[str, ...]:
    """Return the cells of `OPERATOR_COLUMNS`."""
    total = sum(other.ms or 0.0 for other in operators if other.unit == entry.unit)
    cycles = f"{entry.cycles} cycles" if entry.cycles is not None else "?"
    return (
        cycles if entry.ms is None else ms_words(entry.ms),
        percent(entry.ms / total) if entry.ms and total else "",
        entry.unit.upper(),
        "" if entry.index is None else str(entry.index),
        shorten(entry.type, 24),
        shorten(entry.name, 40),
    )


def output_lines(measurement: Measurement) -> list[str]:
    """Return how the board's outputs compare with the golden ones."""
    outputs = measurement.outputs
    if outputs is None:
        return []
    values = sum(tensor.values for tensor in outputs.tensors)
    if outputs.is_equal:
        what = f"equal: {plural(values, 'value')} of {plural(len(outputs.tensors), 'output')}"
        return [f"{what} as {shorten(outputs.golden, 80)}, {shorten(outputs.input, 80)}"]
    found = [f"DIFFERENT from {shorten(outputs.golden, 80)}, {shorten(outputs.input, 80)}"]
    if outputs.sentence:
        found[0] += f": {shorten(outputs.sentence, 200)}"
    for tensor in outputs.tensors:
        if tensor.different:
            share = percent(tensor.different / tensor.values) if tensor.values else "all"
            found.append(
                f"{shorten(tensor.name, 60)}: {share} of its values differ, by up to {tensor.largest:g} {tensor.unit}"
            )
    return found


def condition_words(measurement: Measurement) -> list[str]:
    """Return the circumstances: throttling, temperatures, clocks, load, and what a reader must know."""
    conditions = measurement.conditions
    parts = [{None: "", True: "THROTTLED", False: "not throttled"}[conditions.throttled]]
    parts += [
        " ".join(filter(None, (shorten(clock.governor, 20), _range_of_clock(clock.lowest_mhz, clock.highest_mhz))))
        for clock in conditions.clocks
    ]
    parts += [
        f"{shorten(zone.type, 24)} {zone.before_c:.0f} to {zone.highest_c:.0f} °C"
        f"{'' if zone.trip_c is None else f', trips at {zone.trip_c:g}'}"
        for zone in conditions.zones
    ]
    if conditions.load_before is not None:
        parts.append(f"load {conditions.load_before:g} before")
    if measurement.settings.affinity:
        parts.append(f"cores {shorten(measurement.settings.affinity, 20)}")
    summary = "; ".join(dict.fromkeys(part for part in parts if part))
    return [*([summary] if summary else []), *(shorten(sentence, 300) for sentence in conditions.sentences)]


def _range_of_clock(lowest_mhz: float | None, highest_mhz: float | None) -> str:
    """Return the lowest clock that was seen, of the highest that the policy has."""
    if lowest_mhz is None:
        return ""
    of = f" of {highest_mhz:.0f}" if highest_mhz is not None and round(highest_mhz) != round(lowest_mhz) else ""
    return f"{lowest_mhz:.0f}{of} MHz"


def problem_lines(measurement: Measurement, page: Page, *, everything: bool) -> list[str]:
    """Return what went wrong in single runs."""
    texts = list(
        dict.fromkeys(
            (
                *measurement.problems,
                *(f"run {run.order} ({run.role}): {run.problem}" for run in measurement.runs if run.problem),
            )
        )
    )
    shown = texts if everything else texts[:_MOST_PROBLEMS]
    lines: list[str] = []
    for position, text in enumerate(shown):
        lines += page.labelled("" if position else "Problems", shorten(text, 300), "", LABEL)
    hidden = len(texts) - len(shown)
    return [*lines, *([_indented(page.ink("dim", f"{hidden} more: -v"))] if hidden else [])]


def _indented(line: str) -> str:
    return " " * LABEL + line
