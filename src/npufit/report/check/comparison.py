"""Several targets side by side, and the results of gates."""

from __future__ import annotations

from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult, GateResult
from npufit.report import predicted_time
from npufit.report.hazards import effects_cell
from npufit.report.terminal_page import Page, columns


def comparison_text(results: Sequence[CheckResult], page: Page) -> str:
    """Return one table over several targets."""
    rows = [["target", "predicted", "NPU", "CPU", "unknown", "MACs on NPU", "partitions", "copied", "hazards"]]
    for result in results:
        summary = result.summary
        share = summary.npu_macs_share
        rows.append(
            [
                result.name,
                predicted_time.prediction_cell(result),
                f"{summary.npu}/{summary.operators}",
                str(summary.cpu),
                str(summary.unknown or "-"),
                "-" if share is None else formatting.percent(share),
                str(summary.partitions),
                formatting.size(summary.boundary_bytes),
                effects_cell(result.placement.hazards),
            ]
        )
    lines = columns(rows, right=(3, 4, 5, 6, 7))
    return "\n".join([page.ink("bold", lines[0]), *lines[1:]])


def gates_text(results: Sequence[GateResult], page: Page) -> str:
    """Return one line for every gate."""
    return "\n".join(page.ink("green" if gate.passed else "red", str(gate)) for gate in results)
