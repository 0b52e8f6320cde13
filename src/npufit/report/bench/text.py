"""A bench for people: the answer first, then how it is known."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import printable, shorten
from npufit.measurements import Measurement
from npufit.report.bench.document import BenchDocument
from npufit.report.bench.headline import bench_headline, headline, is_bad
from npufit.report.bench.next_steps import next_steps, steps_of_several
from npufit.report.bench.sections import (
    LABEL,
    condition_words,
    labelled,
    operator_lines,
    output_words,
    placement_words,
    problem_words,
    proof_lines,
    time_lines,
)
from npufit.report.bench.words import board_line, expected_with_npu, model_name, ms_words, software_line, where_words
from npufit.report.tables import fitted_table
from npufit.report.terminal_page import Page

LINES = 40
"""The lines of a usual terminal."""

_MOST_OPERATORS, _LEAST_OPERATORS = 5, 1
_FRAME_OF_OPERATORS = 3
"""The empty line, the names of the columns, and the count of the rows that are left out."""

_FILE = "names no person or machine; docs/board.md says where to send it"


def bench_text(document: BenchDocument, page: Page, *, on: str = "", everything: bool = False) -> str:
    """Return the report on a bench, or on the measurements of --show.

    One measurement fills a screen; several are a table first, with one line for each. `on` is the board as the user
    wrote it, for the commands that follow. `everything` shows each measurement in full.
    """
    results = document.results
    if len(results) == 1 and not document.not_measured and not document.refused:
        lines = _one(results[0], page, on, _file(document, 0), everything=everything)
    else:
        lines = _several(document, page)
        if everything:
            for position, result in enumerate(results):
                lines += ["", *_one(result, page, on, _file(document, position), everything=True)]
        elif results:
            lines += ["", *_steps_lines(steps_of_several(results, document.files), page)]
    if document.ended_early:
        ended = f"ended early: {shorten(document.ended_early, 300)}"
        lines += ["", *(page.ink("red", line) for line in page.wrap(ended, hanging="  "))]
    return "\n".join(lines)


def _file(document: BenchDocument, position: int) -> str:
    return document.files[position] if position < len(document.files) else ""


def _one(result: Measurement, page: Page, on: str, file: str, *, everything: bool) -> list[str]:
    """Return one measurement: in full, or so that it fits a screen."""
    style = "red" if is_bad(result) else "bold"
    top = [page.ink(style, line) for line in page.wrap(headline(result), hanging="  ")]
    for text in (board_line(result), software_line(result)):
        top += [page.ink("dim", line) for line in page.wrap(text, hanging="  ")]
    placed = labelled("Placed", [placement_words(result)], page)
    above = [
        top,
        proof_lines(result, page, everything=everything),
        [*time_lines(result, page, everything=everything), *placed],
    ]
    below = [
        [
            *labelled("Outputs", output_words(result, everything=everything), page),
            *labelled("Conditions", condition_words(result), page),
            *labelled("Problems", problem_words(result, everything=everything), page),
        ],
        _log(result, page) if everything else [],
        _next(result, page, on, file),
    ]
    room = LINES - page.rows(_joined([*above, *below])) - _FRAME_OF_OPERATORS
    most = len(result.operators) if everything else min(_MOST_OPERATORS, max(_LEAST_OPERATORS, room))
    return _joined([*above, operator_lines(result, page, most), *below])


def _joined(sections: list[list[str]]) -> list[str]:
    """Return the lines of the sections that have any, with an empty line between them."""
    lines = [line for section in sections if section for line in ("", *section)]
    return lines[1:]


def _log(result: Measurement, page: Page) -> list[str]:
    """Return the command, and the lines of the tools that the verdicts come from."""
    lines = labelled("Command", [shorten(result.settings.command, 400)], page)
    return [*lines, *labelled("Log", [shorten(line, 300) for line in result.log], page)]


def _next(result: Measurement, page: Page, on: str, file: str) -> list[str]:
    """Return commands with their benefit, and the file."""
    lines = _steps_lines(next_steps(result, on), page)
    return [*lines, *labelled("File", [f"{printable(file)} ({_FILE})"] if file else [], page)]


def _steps_lines(steps: Sequence[tuple[str, str]], page: Page) -> list[str]:
    """Return commands with their benefit: on the same line if there is room, otherwise below."""
    lines: list[str] = []
    for command, use in steps:
        label = "" if lines else "Next"
        start = page.ink("dim", label) + " " * (LABEL - len(label)) + page.ink("cyan", printable(command))
        if LABEL + len(command) + 2 + len(use) <= page.width:
            lines.append(f"{start}  {page.ink('dim', use)}".rstrip())
        else:
            indent = " " * (LABEL + 2)
            lines += [start, *(page.ink("dim", line) for line in page.wrap(use, indent, indent) if use)]
    return lines


SEVERAL_COLUMNS: tuple[str, ...] = ("model", "target", "NPU ms", "predicted", "CPU ms", "proof", "outputs")


def several_cells(result: Measurement) -> tuple[str, ...]:
    """Return the cells of `SEVERAL_COLUMNS` for one measurement."""
    return (
        model_name(result),
        where_words(result),
        "-" if result.npu is None else ms_words(result.npu.ms),
        str(expected_with_npu(result) or "-"),
        "-" if result.cpu is None else ms_words(result.cpu.ms),
        str(result.proof.verdict),
        "-" if result.outputs is None else result.outputs.word,
    )


def _several(document: BenchDocument, page: Page) -> list[str]:
    """Return the answer for all, a table of them, and why some have no measurement."""
    results = document.results
    style = "red" if any(map(is_bad, results)) or not results else "bold"
    lines = [page.ink(style, line) for line in page.wrap(bench_headline(document), hanging="  ")]
    if results:
        cells = zip(*map(several_cells, results), strict=True)
        table: dict[str, Sequence[str]] = dict(zip(SEVERAL_COLUMNS, cells, strict=True))
        if len(set(table["target"])) == 1:
            del table["target"]
        table = {name: column for name, column in table.items() if set(column) != {"-"}}
        lines += [
            "",
            *fitted_table(table, page, ("model", "target", "proof", "outputs"), ("outputs", "predicted", "target")),
        ]
    unmeasured = [f"{shorten(entry.model, 60)}: {shorten(entry.reason, 300)}" for entry in document.not_measured]
    if not results and len(unmeasured) + len(document.refused) == 1:
        return lines  # the answer has the only reason
    for title, texts in (("Not measured", unmeasured), ("Not read", document.refused)):
        lines += ["", page.ink("bold", f"{title}: {len(texts)}")] if texts else []
        lines += [line for text in texts for line in page.wrap(shorten(text, 400), "  ", "    ")]
    return lines
