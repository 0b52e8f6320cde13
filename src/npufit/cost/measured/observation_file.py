"""Measurements of a board from files: CSV tables, and output of `benchmark_model`. The files are untrusted."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from npufit.cost.measured.benchmark_log import BenchmarkLog, is_benchmark_log, read_benchmark_log
from npufit.cost.measured.observation import MOST_MS, Observation
from npufit.errors import InputError
from npufit.files import read_bounded
from npufit.formatting import printable, shorten
from npufit.stacks import Unit

_MOST_BYTES = 16 << 20
_MOST_ROWS = 10_000
_MOST_PROBLEMS = 10
_MOST_THREADS = 64
_LATENCY = "latency_ms"
_COLUMNS = ("model", _LATENCY, "unit", "threads")


def read_observations(path: Path) -> BenchmarkLog:
    """Return the measurements in the file at `path`, and why some runs in its log are unusable.

    Raises InputError listing everything that is wrong with it, or if it has no measurement.
    """
    text = _read(path)
    name = printable(path.name)
    is_table = _LATENCY in text.lstrip().partition("\n")[0].lower()
    found = BenchmarkLog(read_csv(text, name), ()) if is_table or not is_benchmark_log(text) else None
    found = found or read_benchmark_log(text, name)
    if not found.runs:
        raise InputError(f"{name}: there is no measurement in this file. {_EXPECTED}")
    return found


_EXPECTED = (
    "Expected a CSV file with the columns model, latency_ms, unit (cpu or npu) and threads, or output of "
    "benchmark_model or label_image."
)


def _read(path: Path) -> str:
    return read_bounded(path, _MOST_BYTES, "Give only the measurements.").decode("utf-8-sig", "replace")


def read_csv(text: str, name: str) -> tuple[Observation, ...]:
    """Return the measurements of a CSV table. Raises InputError with the unusable lines."""
    rows = csv.reader(text.splitlines(), strict=False)
    nothing: list[str] = []
    observations: list[Observation] = []
    problems: list[str] = []
    try:
        header = [cell.strip().lower() for cell in next(rows, nothing)]
        missing = [column for column in _COLUMNS[:3] if column not in header]
        if missing:
            raise InputError(f"{name}: the first line lacks the columns {', '.join(missing)}. {_EXPECTED}")
        for count, cells in enumerate(rows):
            if count == _MOST_ROWS:
                raise InputError(f"{name}: more than {_MOST_ROWS} rows. Split the file.")
            if not any(cell.strip() for cell in cells):
                continue
            row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            found = _observation(row, f"{name} line {rows.line_num}")
            if isinstance(found, str):
                problems.append(f"line {rows.line_num}: {found}")
            else:
                observations.append(found)
    except csv.Error as error:
        raise InputError(f"{name}: not CSV: {error}. {_EXPECTED}") from None
    if problems:
        more = f"; {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
        raise InputError(f"{name}: {'; '.join(problems[:_MOST_PROBLEMS])}{more}.")
    return tuple(observations)


def _observation(row: dict[str, str], source: str) -> Observation | str:
    """Return the measurement in `row`, or what is wrong with it."""
    unit = row.get("unit", "").lower()
    if unit not in (Unit.CPU.value, Unit.NPU.value):
        return f"unit is '{shorten(unit, 30)}', expected cpu or npu"
    ms = _number(row.get("latency_ms", ""))
    if ms is None:
        return f"latency_ms is '{shorten(row.get('latency_ms', ''), 30)}', expected milliseconds above 0"
    threads = row.get("threads", "")
    if not threads and unit == Unit.CPU.value:
        return "threads is empty, expected the number of threads of a CPU run"
    if threads and not (threads.isascii() and threads.isdigit() and 1 <= int(threads[:6]) <= _MOST_THREADS):
        return f"threads is '{shorten(threads, 30)}', expected 1 to {_MOST_THREADS}"
    if not row.get("model"):
        return "model is empty"
    return Observation(row["model"], Unit(unit), int(threads or 1), ms, source)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 < value <= MOST_MS else None
