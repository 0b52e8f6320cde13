"""The table of a fit: totals before and after."""

from __future__ import annotations

from npufit.checking import CheckResult
from npufit.cutting import SavedFit
from npufit.fitting import FitResult
from npufit.formatting import percent, quantity, size
from npufit.report.fit.headline import time_words
from npufit.report.hazards import hazard_cell
from npufit.report.terminal_page import Page, columns


def before_and_after_lines(fit: FitResult, saved: SavedFit, page: Page) -> list[str]:
    """Return the table of totals before and after."""
    rows = [["", "before", "after"]]
    for label, before, after in before_and_after(fit, saved.sizes):
        rows.append([label, before, after])
    lines = columns(rows, right=(1, 2))
    return ["", page.ink("bold", lines[0]), *lines[1:]]


def before_and_after(fit: FitResult, sizes: tuple[int, int]) -> list[tuple[str, str, str]]:
    """Return what is compared, and its value before and after; `sizes` are those of the files in bytes."""

    def row(label: str, both: tuple[str, str]) -> tuple[str, str, str]:
        return label, *both

    results = fit.original, fit.result
    old, new = (result.summary for result in results)
    rows = [
        row("operators on the NPU", (f"{old.npu} of {old.operators}", f"{new.npu} of {new.operators}")),
        row("MACs on the NPU", (_share(old.npu_macs_share), _share(new.npu_macs_share))),
        row("MACs", (quantity(old.macs).strip(), quantity(new.macs).strip())),
        row("partitions", (str(old.partitions), str(new.partitions))),
        row("copied per inference", (size(old.boundary_bytes), size(new.boundary_bytes))),
        row("hazards", (_hazard_cell(results[0]), _hazard_cell(results[1]))),
    ]
    if old.unknown or new.unknown:
        rows.insert(1, row("unknown", (str(old.unknown), str(new.unknown))))
    times = time_words(results[0]), time_words(results[1])
    if any(times):
        rows.append(row("predicted time", (times[0] or "-", times[1] or "-")))
    return [*rows, row("file", (size(sizes[0]), size(sizes[1])))]


def _share(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _hazard_cell(result: CheckResult) -> str:
    return hazard_cell(result.placement.hazards)
