"""Several targets side by side, and the results of gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from npufit import formatting
from npufit.checking import CheckResult, GateResult
from npufit.report.hazards import effects_cell
from npufit.report.predicted_time import prediction_cell
from npufit.report.tables import fitted_table
from npufit.report.terminal_page import Page

_COLUMNS: dict[str, Callable[[CheckResult], str]] = {
    "target": lambda result: result.name,
    "predicted": prediction_cell,
    "NPU": lambda result: f"{result.summary.npu}/{result.summary.operators}",
    "MACs": lambda result: _share(result.summary.npu_macs_share),
    "CPU": lambda result: str(result.summary.cpu),
    "unknown": lambda result: str(result.summary.unknown or "-"),
    "calls": lambda result: str(result.summary.partitions),
    "copied": lambda result: formatting.size(result.summary.boundary_bytes),
    "hazards": lambda result: effects_cell(result.placement.hazards),
}
"""NPU and MACs say how much of the model runs on the NPU; calls are those of the NPU."""

_FLUSH_LEFT = ("target", "predicted", "NPU", "hazards")
_GIVE_WAY = ("copied", "calls", "MACs", "unknown")
"""Columns that a narrow page leaves out, in order."""


def comparison_text(results: Sequence[CheckResult], page: Page) -> str:
    """Return one table over several targets; a page that is too narrow for all columns names the missing ones."""
    table = {name: [cell(result) for result in results] for name, cell in _COLUMNS.items()}
    if not any(result.summary.unknown for result in results):
        del table["unknown"]
    return "\n".join(fitted_table(table, page, _FLUSH_LEFT, _GIVE_WAY))


def _share(share: float | None) -> str:
    return "-" if share is None else formatting.percent(share)


def gates_text(results: Sequence[GateResult], page: Page) -> str:
    """Return one line for every gate."""
    return "\n".join(page.ink("green" if gate.passed else "red", str(gate)) for gate in results)
