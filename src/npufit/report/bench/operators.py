"""Operators with their times: of the run with the NPU, and of the CPU alone."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import percent, shorten
from npufit.measurements import OperatorMeasurement
from npufit.report.bench.words import ms_words

OPERATOR_COLUMNS: tuple[str, ...] = ("ms", "share", "unit", "index", "type", "name")
PROFILES = {True: "with the NPU", False: "CPU alone", None: ""}


def main_profile(operators: Sequence[OperatorMeasurement]) -> list[OperatorMeasurement]:
    """Return the operators of the run with the NPU if it was profiled, otherwise all."""
    return [entry for entry in operators if entry.with_npu is not False] or list(operators)


def slowest(operators: Sequence[OperatorMeasurement]) -> list[OperatorMeasurement]:
    """Return operators, the slowest first; those that only have cycles by cycles, after those with times."""
    return sorted(operators, key=lambda entry: (-(entry.ms or 0.0), -(entry.cycles or 0)))


def operator_cells(entry: OperatorMeasurement, operators: Sequence[OperatorMeasurement]) -> tuple[str, ...]:
    """Return the cells of `OPERATOR_COLUMNS`; the share is that of all `operators` of the same profile."""
    total = _profiled_ms([other for other in operators if other.with_npu is entry.with_npu])
    cycles = f"{entry.cycles} cycles" if entry.cycles is not None else "?"
    return (
        cycles if entry.ms is None else ms_words(entry.ms),
        percent(entry.ms / total) if entry.ms and total else "",
        entry.unit.upper(),
        "" if entry.index is None else str(entry.index),
        shorten(entry.type, 24),
        shorten(entry.name, 40),
    )


def _profiled_ms(profile: Sequence[OperatorMeasurement]) -> float:
    """Return the time of an inference: rows with cycles are parts of the delegate's nodes, where these have rows."""
    has_nodes = any(row.unit == "npu" and row.cycles is None for row in profile)
    return sum(row.ms or 0.0 for row in profile if row.cycles is None or not has_nodes)
