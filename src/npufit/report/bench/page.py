"""A bench as an HTML page: the answer, its proof, times beside the prediction, every run, and the conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npufit.formatting import shorten, significant
from npufit.measurements import Evidence, Measurement, ProofVerdict
from npufit.report.bench.chart import operators_chart, runs_chart, times_chart
from npufit.report.bench.document import BenchDocument
from npufit.report.bench.headline import bench_headline, headline, is_bad
from npufit.report.bench.operators import OPERATOR_COLUMNS, PROFILES, operator_cells, slowest
from npufit.report.bench.sections import (
    EVIDENCE_COLUMNS,
    TIME_COLUMNS,
    condition_words,
    evidence_cells,
    output_words,
    placement_words,
    problem_words,
    time_rows,
    time_words,
    without_empty_columns,
)
from npufit.report.bench.text import SEVERAL_COLUMNS, several_cells
from npufit.report.bench.words import (
    board_line,
    board_words,
    expected_with_npu,
    model_name,
    ms_words,
    ratio_words,
    software_line,
    statistic_words,
    where_words,
)
from npufit.report.page import Bundle, Frame, Specification, Tone, charts_payload, render_page

_DIGEST = 16
_TONES = {ProofVerdict.PROVEN: "good", ProofVerdict.CONTRADICTED: "bad"}
_RUN_COLUMNS = ("run", "what", "ms", "fastest", "slowest", "inferences", "first", "setup", "counted", "problem")

_Tile = tuple[str, str, str, str]
_Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""The names of columns, and the rows."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the template shows of one measurement."""

    measurement: Measurement
    tiles: tuple[_Tile, ...]
    evidence: tuple[tuple[str, ...], ...]
    times: _Table
    time_words: tuple[str, ...]
    placed: str
    operators: _Table
    runs: _Table
    outputs: tuple[str, ...]
    conditions: tuple[str, ...]
    problems: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    log: tuple[str, ...]


def bench_page(document: BenchDocument) -> str:
    """Return a bench as one HTML file. Of several measurements a table comes first, and a switch shows one."""
    results = document.results
    charts = {
        f"{name}-{number}": chart
        for number, result in enumerate(results)
        for name, chart in _charts(result)
        if chart is not None
    }
    is_switched = len(results) > 1
    frame = Frame(
        verb="bench",
        subject=", ".join(dict.fromkeys(map(model_name, results))) or "nothing measured",
        headline=bench_headline(document),
        about="" if is_switched or not results else board_line(results[0]),
        tone=Tone.BAD if any(map(is_bad, results)) or not results else Tone.PLAIN,
        views=tuple(_titles(results)),
        views_label="Measurement",
        bundles=(Bundle.CHARTS,) if charts else (),
        payloads={"charts": charts_payload(charts)} if charts else {},
    )
    return render_page(
        "bench/bench.html.j2",
        frame,
        document=document,
        shown=[_shown(result) for result in results],
        is_switched=is_switched,
        headline=headline,
        charts=charts,
        evidence_columns=("evidence", "says", *EVIDENCE_COLUMNS[1:], "why"),
        several_columns=SEVERAL_COLUMNS,
        several_rows=[several_cells(result) for result in results],
    )


def _charts(result: Measurement) -> Iterator[tuple[str, Specification | None]]:
    yield "times", times_chart(result)
    yield "runs", runs_chart(result)
    yield "operators", operators_chart(result)


def _titles(results: tuple[Measurement, ...]) -> list[str]:
    """Return a title for each measurement: the model, and as much more as tells them apart."""
    titles = list(map(model_name, results))
    for more in (where_words, board_words, _day):
        if len(set(titles)) < len(titles) and len(set(map(more, results))) > 1:
            titles = [f"{title}, {more(result)}" for title, result in zip(titles, results, strict=True)]
    return [
        title if titles.count(title) == 1 else f"{title} ({titles[:position].count(title) + 1})"
        for position, title in enumerate(titles)
    ]


def _day(result: Measurement) -> str:
    return result.day


def _shown(result: Measurement) -> _Shown:
    return _Shown(
        result,
        tiles=tuple(_tiles(result)),
        evidence=tuple(_evidence(entry) for entry in result.proof.evidence),
        times=without_empty_columns(TIME_COLUMNS, time_rows(result)),
        time_words=tuple(time_words(result, everything=True)),
        placed=placement_words(result),
        operators=without_empty_columns(
            (*OPERATOR_COLUMNS, "profile"),
            [
                (*operator_cells(entry, result.operators), PROFILES[entry.with_npu])
                for entry in slowest(result.operators)
            ],
        ),
        runs=without_empty_columns(_RUN_COLUMNS, list(_runs(result))),
        outputs=tuple(output_words(result, everything=True)),
        conditions=tuple(condition_words(result)),
        problems=tuple(problem_words(result, everything=True)),
        facts=tuple(_facts(result)),
        log=tuple(shorten(line, 300) for line in result.log),
    )


def _tiles(result: Measurement) -> Iterator[_Tile]:
    npu, cpu, outputs = result.npu, result.cpu, result.outputs
    expected = expected_with_npu(result)
    verdict = result.proof.verdict
    yield "Did the NPU run?", str(verdict), shorten(result.proof.sentence, 160), _TONES.get(verdict, "plain")
    if npu is not None:
        faster = ratio_words(npu, cpu) if cpu is not None else statistic_words(npu)
        is_slower = cpu is not None and npu.ms > cpu.ms
        yield "With the NPU", f"{ms_words(npu.ms)} ms", faster, "bad" if is_slower else "plain"
    if expected is not None:
        yield (
            "Predicted",
            f"{significant(expected.ms)} ms",
            f"range {expected.range} ms" if expected.range else "",
            "plain",
        )
    if cpu is not None:
        yield "CPU alone", f"{ms_words(cpu.ms)} ms", statistic_words(cpu), "plain"
    if outputs is not None:
        tone = "bad" if outputs.is_wrong else "good" if outputs.is_equal else "plain"
        yield "Outputs", outputs.word.lower(), f"compared with {shorten(outputs.golden, 60)}", tone


def _evidence(entry: Evidence) -> tuple[str, ...]:
    source, *counts = evidence_cells(entry)
    return (source, str(entry.says), *counts, shorten(entry.sentence, 300), shorten(entry.assumes, 300))


def _runs(result: Measurement) -> Iterator[tuple[str, ...]]:
    for run in result.runs:
        ms = run.median_ms if run.median_ms is not None else run.mean_ms
        hidden = run.role not in ("cpu", "known") and result.npu is None
        times = (
            ("",) * 3
            if hidden
            else tuple("" if value is None else ms_words(value) for value in (ms, run.min_ms, run.max_ms))
        )
        yield (
            str(run.order),
            str(run.role),
            *times,
            "" if run.count is None else str(run.count),
            *("" if value is None or hidden else ms_words(value) for value in (run.first_ms, run.initialization_ms)),
            ", ".join(f"{shorten(name, 40)} {count}" for name, count in run.counters),
            shorten(run.problem, 200),
        )


def _facts(result: Measurement) -> Iterator[tuple[str, str]]:
    """Yield what ran on what: names, versions and digests, each with its label."""
    model, board, settings = result.model, result.board, result.settings
    yield "model", f"{model_name(result)}, {model.operators} operators, SHA-256 {model.sha256[:_DIGEST]}…"
    if model.compiled_by:
        yield "compiled", f"by {model.compiled_by}, SHA-256 {model.compiled_sha256[:_DIGEST]}…"
    yield "board", board_line(result)
    if board.compatible:
        yield "compatible", ", ".join(board.compatible)
    yield "software", software_line(result)
    for file in result.software.files:
        yield file.kind, " ".join(filter(None, (file.name, file.version, f"SHA-256 {file.sha256[:_DIGEST]}…")))
    if settings.delegate_options:
        yield "delegate options", settings.delegate_options
    if settings.command:
        yield "command", settings.command
    yield "measured by", f"{result.made_by} on {result.day}"
