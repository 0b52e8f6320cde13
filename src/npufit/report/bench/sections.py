"""The sections of one measurement: proof, times, operators, outputs, conditions. Each is empty if there is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from npufit.formatting import plural, shorten, significant
from npufit.measurements import ComparedTensor, Evidence, Measurement, Proof, Role, SteadyTime, ZoneConditions
from npufit.report.bench.operators import OPERATOR_COLUMNS, main_profile, operator_cells, slowest
from npufit.report.bench.words import (
    as_clause,
    expected_on_cpu,
    expected_with_npu,
    judgement_words,
    ms_words,
    ratio_words,
    statistic_words,
)
from npufit.report.tables import Table, fitted_table
from npufit.report.terminal_page import Page

LABEL = 11
_MOST_EVIDENCE = 4
_MOST_PROBLEMS = 3
_MOST_OUTPUTS = 3
_STEPS = "steps"
"""The unit of differences that are steps of a quantization; others are those of the values."""
_LEAST_SOURCE, _COUNTS = 12, 62
"""The width of a source of evidence on a narrow page, and what label and counts take."""

EVIDENCE_COLUMNS: tuple[str, ...] = ("evidence", "CPU alone", "known network", "this model")
TIME_COLUMNS: tuple[str, ...] = ("", "ms", "predicted", "of", "spread", "fastest", "first", "setup", "memory")


def proof_lines(measurement: Measurement, page: Page, *, everything: bool) -> list[str]:
    """Return the counters of the three runs, and what each piece of evidence says and assumes."""
    proof = measurement.proof
    shown = proof.evidence if everything else proof.evidence[:_MOST_EVIDENCE]
    if not shown:
        return labelled("Proof", [f"{proof.verdict}: {shorten(proof.sentence, 300)}"], page)
    width = max(_LEAST_SOURCE, page.width - _COUNTS)
    rows = [evidence_cells(entry, width) for entry in shown if _has_counter(entry)]
    lines = _table("Proof", EVIDENCE_COLUMNS, rows, page, ("evidence",), ()) if rows else []
    hidden = len(proof.evidence) - len(shown)
    words = [*evidence_words(shown, proof), *([f"{hidden} more: -v"] if hidden else [])]
    return [*lines, *labelled("" if rows else "Proof", words, page)]


def _has_counter(entry: Evidence) -> bool:
    return any(count is not None for count in (entry.on_cpu, entry.known, entry.model))


def evidence_cells(entry: Evidence, width: int = 44) -> tuple[str, ...]:
    """Return the cells of `EVIDENCE_COLUMNS`; the source takes at most `width` characters."""
    return (
        shorten(entry.source, min(width, 44)),
        _count(entry.on_cpu, None),
        _count(entry.known, entry.known_calls),
        _count(entry.model, entry.calls),
    )


def _count(count: int | None, calls: int | None) -> str:
    if count is None:
        return "-"
    return f"{count} in {plural(calls, 'call')}" if calls is not None else str(count)


def evidence_words(shown: Sequence[Evidence], proof: Proof) -> Iterator[str]:
    """Yield what each piece of evidence says, unless the proof's sentence has it, its verdict, and what it assumes."""
    for entry in shown:
        verdict = f"{entry.says}: " if entry.says is not proof.verdict else ""
        said = shorten(entry.sentence, 300).rstrip(".") if entry.sentence != proof.sentence else ""
        assumed = f"assumes: {shorten(entry.assumes, 300)}" if entry.assumes else ""
        text = "; ".join(filter(None, (said, assumed)))
        if text:
            yield f"{shorten(entry.source, 44)}: {verdict}{text}" if len(shown) > 1 else f"{verdict}{text}"


def time_lines(measurement: Measurement, page: Page, *, everything: bool) -> list[str]:
    """Return the table of measured times beside the predicted ones, and how they compare."""
    rows = time_rows(measurement)
    lines = _table("Time", TIME_COLUMNS, rows, page, ("", "of"), ("memory", "fastest", "of", "spread")) if rows else []
    return [*lines, *labelled("" if rows else "Time", time_words(measurement, everything=everything), page)]


def time_rows(measurement: Measurement) -> list[tuple[str, ...]]:
    """Return the cells of `TIME_COLUMNS` for the NPU and for the CPU alone."""
    sides = (
        ("NPU", Role.NPU, measurement.npu, expected_with_npu(measurement)),
        ("CPU alone", Role.CPU, measurement.cpu, expected_on_cpu(measurement)),
    )
    return [
        (name, *_time_cells(steady, str(expected or ""), _spread(measurement, role)))
        for name, role, steady, expected in sides
        if steady is not None
    ]


def _spread(measurement: Measurement, role: Role) -> str:
    """Return the lowest to the highest time of several processes; of one, the 5th to the 95th percentile."""
    steady = measurement.npu if role is Role.NPU else measurement.cpu
    if steady is not None and steady.processes > 1:
        return f"{ms_words(steady.low_ms)} to {ms_words(steady.high_ms)}"
    runs = [run for run in measurement.runs if run.role is role]
    if len(runs) != 1 or runs[0].p5_ms is None or runs[0].p95_ms is None:
        return ""
    return f"{ms_words(runs[0].p5_ms)} to {ms_words(runs[0].p95_ms)}"


def _time_cells(steady: SteadyTime, predicted: str, spread: str) -> tuple[str, ...]:
    return (
        ms_words(steady.ms),
        predicted,
        statistic_words(steady),
        spread,
        _optional(steady.min_ms),
        _optional(steady.first_ms),
        _optional(steady.initialization_ms),
        "" if steady.memory_mb is None else f"{significant(steady.memory_mb, 3)} MB",
    )


def _optional(ms: float | None) -> str:
    return "" if ms is None else ms_words(ms)


def time_words(measurement: Measurement, *, everything: bool) -> list[str]:
    """Return how measured and predicted time compare, or why nothing was predicted.

    Unless `everything` is asked for, the basis of a prediction is shown up to its first semicolon.
    """
    npu, cpu, predicted = measurement.npu, measurement.cpu, measurement.predicted
    steady, expected = (npu, expected_with_npu(measurement)) if npu is not None else (cpu, expected_on_cpu(measurement))
    judged = judgement_words(steady.ms, expected) if steady is not None and expected is not None else ""
    compared = ratio_words(npu, cpu) if npu is not None and cpu is not None else ""
    found = [text for text in ("; ".join(filter(None, (judged, compared))),) if text]
    if predicted is not None and predicted.origin:
        origin = predicted.origin if everything else predicted.origin.partition(";")[0]
        found.append(f"predicted from: {shorten(origin, 400)}")
    if predicted is None and measurement.predicted_unavailable:
        found.append(f"not predicted: {as_clause(measurement.predicted_unavailable)}")
    return found


def placement_words(measurement: Measurement) -> str:
    """Return where the operators ran, empty if nobody says."""
    placed = measurement.placement
    if placed is None:
        return ""
    total = placed.npu + placed.cpu
    where = f" in {plural(placed.partitions, 'partition')}" if placed.npu else ""
    return f"{placed.npu} of {plural(total, 'operator')} on the NPU{where} ({shorten(placed.source, 80)})"


def operator_lines(measurement: Measurement, page: Page, most: int) -> list[str]:
    """Return at most `most` operators, the slowest first, each with its share of all that were measured."""
    ordered = slowest(main_profile(measurement.operators))
    if not ordered:
        return []
    hidden = max(0, len(ordered) - max(0, most))
    rest = [f"{plural(hidden, 'more row')}: -v"] if hidden else []
    if most < 1:
        return labelled("Slowest", [f"{plural(hidden, 'row')}: -v"], page)
    rows = [operator_cells(entry, ordered) for entry in ordered[:most]]
    lines = _table("Slowest", OPERATOR_COLUMNS, rows, page, ("unit", "type", "name"), ("name", "index"))
    return [*lines, *labelled("", rest, page)]


def output_words(measurement: Measurement, *, everything: bool) -> list[str]:
    """Return how the board's outputs compare with the golden ones, and the outputs that are wrong, the worst first.

    `everything` lists all that differ.
    """
    outputs = measurement.outputs
    if outputs is None:
        return []
    values = sum(tensor.values for tensor in outputs.tensors)
    golden = f"{shorten(outputs.golden, 80)} ({shorten(outputs.input, 80)})"
    if outputs.is_equal:
        count = plural(len(outputs.tensors), "output")
        return [f"equal: {plural(values, 'value')} of {count}, each that of {golden}"]
    sentence = f": {as_clause(outputs.sentence)}" if outputs.sentence else ""
    lead = f"{'rounded otherwise than' if outputs.is_rounding else 'DIFFERENT from'} {golden}{sentence}"
    differing = sorted((tensor for tensor in outputs.tensors if tensor.different), key=lambda tensor: -tensor.largest)
    if len(outputs.tensors) == 1 and sentence:
        return [lead]
    shown = differing if everything else differing[: _MOST_OUTPUTS if outputs.is_wrong else 0]
    hidden = len(differing) - len(shown)
    more = [f"{plural(hidden, 'more output')}: -v"] if hidden and shown else []
    return [lead, *map(_tensor_words, shown), *more]


def _tensor_words(tensor: ComparedTensor) -> str:
    unit = " steps" if tensor.unit == _STEPS else ""
    differ = f"{plural(tensor.different, 'value')} of {tensor.values} differ"
    return f"{shorten(tensor.name, 60)}: {differ}, by up to {tensor.largest:.3g}{unit}"


def condition_words(measurement: Measurement) -> list[str]:
    """Return the circumstances: throttling, temperatures, clocks, load, and what a reader must know."""
    conditions = measurement.conditions
    parts = [{None: "", True: "THROTTLED", False: "not throttled"}[conditions.throttled]]
    parts += [
        " ".join(filter(None, (shorten(clock.governor, 20), _clock(clock.lowest_mhz, clock.highest_mhz))))
        for clock in conditions.clocks
    ]
    parts += [
        f"{shorten(zone.type, 24)} {_celsius(zone)} °C{'' if zone.trip_c is None else f', trips at {zone.trip_c:g}'}"
        for zone in conditions.zones
    ]
    is_load_told = any("load was" in sentence for sentence in conditions.sentences)
    if conditions.load_before is not None and not is_load_told:
        parts.append(f"load {conditions.load_before:g} before")
    if measurement.settings.affinity:
        parts.append(f"cores {shorten(measurement.settings.affinity, 20)}")
    summary = "; ".join(dict.fromkeys(part for part in parts if part))
    return [*([summary] if summary else []), *(shorten(sentence, 300) for sentence in conditions.sentences)]


def _celsius(zone: ZoneConditions) -> str:
    """Return the temperature before the runs, and the highest one if that is another."""
    before, highest = f"{zone.before_c:.0f}", f"{zone.highest_c:.0f}"
    return before if before == highest else f"{before} to {highest}"


def _clock(lowest_mhz: float | None, highest_mhz: float | None) -> str:
    """Return the lowest clock that was seen, of the highest that the policy has."""
    if lowest_mhz is None:
        return ""
    of = f" of {highest_mhz:.0f}" if highest_mhz is not None and round(highest_mhz) != round(lowest_mhz) else ""
    return f"{lowest_mhz:.0f}{of} MHz"


def problem_words(measurement: Measurement, *, everything: bool) -> list[str]:
    """Return what went wrong, also in single runs."""
    told = {"", *measurement.problems}
    of_runs = (f"run {run.order} ({run.role}): {run.problem}" for run in measurement.runs if run.problem not in told)
    texts = list(dict.fromkeys((*measurement.problems, *of_runs)))
    shown = texts if everything else texts[:_MOST_PROBLEMS]
    hidden = len(texts) - len(shown)
    return [*(shorten(text, 300) for text in shown), *([f"{hidden} more: -v"] if hidden else [])]


def without_empty_columns(
    names: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return names and cells of the columns that have any text."""
    kept = [position for position in range(len(names)) if any(row[position] for row in rows)]
    return tuple(names[position] for position in kept), [tuple(row[position] for position in kept) for row in rows]


def labelled(label: str, texts: Iterable[str], page: Page) -> list[str]:
    """Return texts below each other in one column, after a label."""
    return [
        line
        for position, text in enumerate(text for text in texts if text)
        for line in page.labelled("" if position else label, text, "", LABEL)
    ]


def _table(
    label: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    page: Page,
    flush_left: Sequence[str],
    give_way: Sequence[str],
) -> list[str]:
    """Return a table after a label."""
    names, rows = without_empty_columns(names, rows)
    table: Table = {name: [row[position] for row in rows] for position, name in enumerate(names)}
    first, *rest = fitted_table(table, Page(page.width - LABEL, page.color), flush_left, give_way)
    return [f"{page.ink('dim', label)}{' ' * (LABEL - len(label))}{first}", *(" " * LABEL + line for line in rest)]
