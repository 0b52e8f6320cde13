"""What a calibration found, for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from npufit.calibrating import CalibrateResult, CalibrationRow
from npufit.cost import Change
from npufit.formatting import percent, plural, printable, shorten, significant
from npufit.report.terminal_page import Page, columns

_DIGITS = 6


def calibration_text(result: CalibrateResult, output: Path, page: Page) -> str:
    """Return the errors before and after, the changed coefficients with their meaning, and the next step."""
    profile, errors = result.profile, result.profile.errors
    after = f"median error {percent(errors.before)} before, {percent(errors.after)} after"
    if errors.held_out is not None:
        after += f", {percent(errors.held_out)} for networks left out of the fit"
    run = f"{plural(profile.measurements, 'run')} of {plural(profile.networks, 'network')}"
    lines = page.wrap(f"{printable(profile.target)} on your board: {run}; {after}", hanging="  ")
    lines += ["", *_rows(result, page)]
    if _doubt(result):
        lines += ["", *(page.ink("yellow", line) for line in page.wrap(_doubt(result)))]
    changes, meanings = (*profile.cpu, *profile.npu), result.meanings
    lines += ["", page.ink("bold", f"Coefficients that changed: {len(changes)}")]
    lines += ["  " + line for line in columns([_change(entry, meanings) for entry in changes], right=(1, 2, 3))]
    for reason in result.unused:
        lines += [page.ink("yellow", line) for line in page.wrap(f"not used: {printable(reason)}", "  ", "    ")]
    name = printable(str(output))
    return "\n".join([*lines, "", f"Written to {name}. Next: npufit check MODEL -t {name}"])


def _doubt(result: CalibrateResult) -> str:
    """Return why the profile may not be better for other networks, empty if there is no reason."""
    errors = result.profile.errors
    if errors.held_out is None:
        return (
            "No unit has three networks, so none could be held out. How well the profile predicts other networks is "
            "unknown."
        )
    if errors.held_out >= errors.before:
        return (
            "For networks that the fit had not seen, the profile predicts no better than npufit's own coefficients. "
            "Look for a wrong measurement, or measure more networks."
        )
    return ""


def _rows(result: CalibrateResult, page: Page) -> list[str]:
    header = ["model", "unit", "threads", "measured ms", "before", "error", "after", "error", "held out", "error"]
    table = columns([header, *map(_cells, result.rows)], right=range(2, len(header)))
    return [page.ink("bold", table[0]), *table[1:]]


def _cells(row: CalibrationRow) -> list[str]:
    return [
        shorten(row.model, 44),
        row.unit.value,
        str(row.threads),
        significant(row.measured_ms, 4),
        *_predicted(row.before_ms, row),
        *_predicted(row.after_ms, row),
        *_predicted(row.held_out_ms, row),
    ]


def _predicted(ms: float | None, row: CalibrationRow) -> tuple[str, str]:
    if ms is None:
        return "", ""
    return significant(ms, 3), f"{100 * (ms / row.measured_ms - 1):+.0f} %"


def _change(entry: Change, meanings: Mapping[str, str]) -> list[str]:
    factor = f"x {entry.after / entry.before:.2f}"
    return [entry.name, f"{entry.before:.4g}", f"{entry.after:.4g}", factor, meanings.get(entry.name, "")]
