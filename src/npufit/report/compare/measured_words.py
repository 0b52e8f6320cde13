"""Two measurements side by side in words: the answer, both sides in numbers, and what else differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from npufit.comparing import MeasuredAspect, MeasuredComparison, MeasuredTime
from npufit.formatting import plural, printable, shorten, significant
from npufit.measurements import Measurement, SteadyTime, UsedFile
from npufit.report.bench.words import board_words, model_name, where_words
from npufit.report.compare.before_after import BeforeAfter

_ASPECTS = {
    MeasuredAspect.NPU_LOST: "the NPU no longer runs",
    MeasuredAspect.NPU_GAINED: "the NPU runs now",
    MeasuredAspect.OUTPUTS_BROKEN: "outputs differ now",
    MeasuredAspect.OUTPUTS_MENDED: "outputs are right now",
}
"""Slower and faster have no clause of their own: the time stands at the end of the line in any case."""


def measured_headline(comparison: MeasuredComparison) -> str:
    """Return the answer in one line, such as `worse: 3.78 → 4.10 ms with the NPU, +8 %, more than both spreads`."""
    clauses = [_ASPECTS[change.aspect] for change in comparison.changes if change.aspect in _ASPECTS]
    verdict = str(comparison.verdict) if comparison.is_same_structure else "different models"
    return f"{verdict}: {'; '.join([*clauses, _time_clause(comparison)])}"


def _time_clause(comparison: MeasuredComparison) -> str:
    time = comparison.time
    if time is None:
        has_npu = [side.npu is not None for side in (comparison.before, comparison.after)]
        return "only one side has a time with the NPU" if any(has_npu) else "no time to compare"
    unit = "on the CPU alone" if comparison.after.npu is None else "with the NPU"
    before, after = significant(time.before_ms, 3), significant(time.after_ms, 3)
    if time.before_ms == time.after_ms:
        return f"{after} ms {unit} as before"
    share = "" if time.ratio is None else f"{100 * (time.ratio - 1):+.1f} %, "
    return f"{before} → {after} ms {unit}, {share}{_certainty(comparison, time)}"


def _certainty(comparison: MeasuredComparison, time: MeasuredTime) -> str:
    """Return whether a difference is more than the spread of both measurements, or why that says nothing."""
    if not comparison.is_same_structure:
        return "which says nothing about the board"
    if comparison.has_throttled:
        return "not certain: a board throttled"
    return {
        True: "more than both spreads",
        False: "not certain: the spreads overlap",
        None: "not certain: a side has one process, so its spread is unknown",
    }[time.exceeds_spread]


def measured_side(measurement: Measurement, file: str) -> str:
    """Return what one side is: model, target, board, day and file."""
    board = board_words(measurement)
    where = where_words(measurement)
    place = where if where == board else f"{where}, {board}"
    return f"{model_name(measurement)} on {place}, {measurement.day} ({shorten(file)})"


def measured_rows(comparison: MeasuredComparison) -> list[BeforeAfter]:
    """Return both sides in numbers: times with their spreads, proof, outputs, placement, throttling."""
    sides = comparison.before, comparison.after
    rows = [BeforeAfter(label, *map(tell, sides)) for label, tell in _TIMES.items()]
    has_npu = all(side.npu is not None for side in sides)
    steady = [side.npu if has_npu else side.cpu for side in sides]
    for label, name in _OF_STEADY.items():
        values = [None if found is None else getattr(found, name) for found in steady]
        rows.append(BeforeAfter(label, *("" if value is None else significant(value, 3) for value in values)))
    rows += [BeforeAfter(label, *map(tell, sides)) for label, tell in _FACTS.items()]
    return [row for row in rows if row.before or row.after]


_OF_STEADY = {
    "initialization, ms": "initialization_ms",
    "first inference, ms": "first_ms",
    "memory, MB": "memory_mb",
}
"""These are of the runs with the NPU, or on the CPU alone unless both sides have the former."""


def _steady(steady: SteadyTime | None) -> str:
    if steady is None:
        return "none"
    span = f" ({significant(steady.low_ms, 3)} to {significant(steady.high_ms, 3)})" if steady.processes > 1 else ""
    return f"{significant(steady.ms, 3)}{span}"


def _outputs(measurement: Measurement) -> str:
    outputs = measurement.outputs
    return "not compared" if outputs is None else outputs.word


def _placement(measurement: Measurement) -> str:
    found = measurement.placement
    return "" if found is None else f"{found.npu} NPU, {found.cpu} CPU, {plural(found.partitions, 'call')}"


def _throttled(measurement: Measurement) -> str:
    return {None: "unknown", True: "YES", False: "no"}[measurement.conditions.throttled]


_TIMES: Mapping[str, Callable[[Measurement], str]] = {
    "with the NPU, ms": lambda side: _steady(side.npu),
    "CPU alone, ms": lambda side: _steady(side.cpu),
}
_FACTS: Mapping[str, Callable[[Measurement], str]] = {
    "NPU": lambda side: side.proof.verdict.value,
    "operators": _placement,
    "outputs": _outputs,
    "throttled": _throttled,
}


def circumstances(comparison: MeasuredComparison) -> list[BeforeAfter]:
    """Return the model, board, software and settings that differ between both sides."""
    sides = comparison.before, comparison.after
    rows = [BeforeAfter(label, *(printable(tell(side)) for side in sides)) for label, tell in _CIRCUMSTANCES.items()]
    return [row for row in [*rows, *_files(*sides)] if row.differs]


_CIRCUMSTANCES: Mapping[str, Callable[[Measurement], str]] = {
    "model": lambda side: f"{model_name(side)} {side.model.sha256[:12]}",
    "compiled by": lambda side: side.model.compiled_by,
    "compiled file": lambda side: side.model.compiled_sha256[:12],
    "target": lambda side: side.target,
    "board": board_words,
    "revision": lambda side: side.board.revision,
    "kernel": lambda side: side.software.kernel,
    "BSP": lambda side: side.software.bsp,
    "system": lambda side: side.software.os,
    "Mesa": lambda side: side.software.mesa,
    "tool": lambda side: f"{side.software.tool} {side.software.tool_version}".strip(),
    "runtime": lambda side: f"{side.software.runtime} {side.software.runtime_version}".strip(),
    "delegate": lambda side: side.settings.delegate,
    "delegate options": lambda side: side.settings.delegate_options,
    "threads": lambda side: str(side.settings.threads),
    "processes": lambda side: str(side.settings.processes),
    "XNNPACK": lambda side: {None: "unknown", True: "yes", False: "no"}[side.settings.xnnpack],
    "governor": lambda side: ", ".join(side.settings.governors),
    "affinity": lambda side: side.settings.affinity,
    "npufit": lambda side: side.made_by,
}


def _files(before: Measurement, after: Measurement) -> Iterator[BeforeAfter]:
    """Yield the libraries and firmware of both sides by name."""
    sides = [{(file.kind, file.name): file for file in side.software.files} for side in (before, after)]
    for kind, name in dict.fromkeys(place for side in sides for place in side):
        found = [side.get((kind, name)) for side in sides]
        digests = {file.sha256 for file in found if file is not None}
        if len(digests) > 1 or None in found:
            yield BeforeAfter(f"{shorten(kind, 20)} {shorten(name, 40)}", *map(_file, found))


def _file(file: UsedFile | None) -> str:
    return "-" if file is None else f"{shorten(file.version, 40)} {file.sha256[:12]}".strip()


def operator_cells(comparison: MeasuredComparison, most: int | None = None) -> list[list[str]]:
    """Return the operators whose time changed most as cells of a table: type, name, unit, before, after."""
    return [
        [
            shorten(change.operator.type, 32),
            shorten(change.operator.name, 40),
            change.operator.unit.upper(),
            significant(change.before_ms, 3),
            significant(change.after_ms, 3),
        ]
        for change in comparison.operators[:most]
    ]


def measured_remarks(comparison: MeasuredComparison) -> list[str]:
    """Return what a reader must know to compare both sides: other models, other boards, throttling."""
    before, after = comparison.before, comparison.after
    found: list[str] = []
    if not comparison.is_same_structure:
        found.append("These are different models: their times cannot be compared.")
    elif not comparison.is_same_model:
        found.append("Both models have the same structure, but other weights.")
    if before.board.chip != after.board.chip:
        found.append("These are different chips.")
    for side, name in ((before, "before"), (after, "after")):
        found += [f"{name}: {printable(sentence)}" for sentence in side.conditions.sentences]
        if side.outputs is not None and side.outputs.is_wrong:
            golden, sentence = printable(side.outputs.golden), printable(side.outputs.sentence)
            found.append(f"outputs {name} differ from {golden}: {sentence}")
        found += [f"NPU {name}: {printable(side.proof.sentence)}"] if before.proof != after.proof else []
    return found
