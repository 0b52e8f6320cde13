"""The section of a report on time and memory: predictions, measurements, and their reliability."""

from __future__ import annotations

from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult
from npufit.cost import Estimate, OperatorEstimate
from npufit.graph import OperatorId
from npufit.report import predicted_time
from npufit.report.check.other_stacks import LABEL, better_stack_lines
from npufit.report.check.own_measurements import own_rows, own_warnings
from npufit.report.predicted_time import TimeRow
from npufit.report.terminal_page import Page, columns
from npufit.stacks import MemoryUse

_MEASURED = 2
"""Most measurements shown of the NPU, and as many of the CPU."""

_OWN = 3
"""Most measurements shown of the user's own."""

_LABEL = 11


def time_lines(result: CheckResult, page: Page, *, everything: bool = False) -> list[str]:
    """Return the section on time, empty if there is no answer."""
    estimate = result.estimate
    if estimate is None:
        return _measured_alone(result, page)
    lines = ["", page.ink("bold", "Time of one inference, predicted unless marked as measured")]
    rows = predicted_time.time_rows(result, estimate) + own_rows(result, None if everything else _OWN)
    rows += predicted_time.measured_rows(result, estimate, None if everything else _MEASURED)
    lines += _table(rows, page)
    notes = [("ranges", predicted_time.band_words(result, estimate)), ("basis", formatting.printable(estimate.basis))]
    unsure = predicted_time.unsure_words(estimate)
    notes += [("unsure", unsure)] if unsure else []
    if estimate.assumption:
        notes.insert(0, ("assumed", formatting.printable(estimate.assumption)))
    slower = predicted_time.slower_words(result, estimate)
    notes += [("better off", slower)] if slower else []
    notes += [(LABEL, line) for line in better_stack_lines(result)]
    for label, text in notes:
        lines += page.labelled(label, text, "  ", _LABEL)
    return [*lines, *_warnings([*own_warnings(result), *map(formatting.printable, estimate.warnings)], page)]


def _measured_alone(result: CheckResult, page: Page) -> list[str]:
    """Return what the user measured on a target whose time cannot be predicted; empty if that is nothing."""
    rows = own_rows(result)
    lines = ["", page.ink("bold", "Time of one inference, measured"), *_table(rows, page)] if rows else []
    return [*lines, *_warnings(own_warnings(result), page)]


def _warnings(warnings: Sequence[str], page: Page) -> list[str]:
    return [page.ink("red", line) for warning in warnings for line in page.labelled("warning", warning, "  ", _LABEL)]


def _table(rows: Sequence[TimeRow], page: Page) -> list[str]:
    """Return the rows as lines; remarks that are too long for the page continue in their column."""
    times = _line_up([row.time for row in rows])
    cells = [["", "ms", "range"], *([row.label, time, row.span] for row, time in zip(rows, times, strict=True))]
    numbers = columns(cells, right=(1,))
    width = max(map(len, numbers)) + 2
    lines = ["  " + page.ink("dim", numbers[0])]
    for number, row in zip(numbers[1:], rows, strict=True):
        if not row.remark:
            lines.append("  " + number)
            continue
        indent = " " * (width + 2)
        remark = page.wrap(row.remark, indent, indent)
        lines += ["  " + number.ljust(width) + remark[0].lstrip(), *remark[1:]]
    return lines


def _line_up(numbers: Sequence[str]) -> list[str]:
    """Return `numbers` padded with spaces on the right, so that their decimal points align when flush right."""
    behind = [len(number) - number.index(".") if "." in number else 0 for number in numbers]
    most = max(behind, default=0)
    return [number + " " * (most - digits) for number, digits in zip(numbers, behind, strict=True)]


def operator_cells(result: CheckResult) -> dict[OperatorId, tuple[str, str, str]]:
    """Return for every operator its milliseconds, those on the CPU and what bounds it, as cells of a table."""
    estimate = result.estimate
    if estimate is None:
        return {}
    return {entry.placement.id: _cells(entry) for entry in estimate.operators}


def _cells(entry: OperatorEstimate) -> tuple[str, str, str]:
    ms = "" if entry.ms is None else formatting.significant(entry.ms)
    return ms, formatting.significant(entry.cpu_ms), entry.bound.value if entry.bound is not None else ""


def partition_cells(result: CheckResult) -> dict[int, tuple[str, str]]:
    """Return for every partition its milliseconds on the NPU, and those of its call and copies."""
    estimate = result.estimate
    if estimate is None or estimate.npu_ms is None:
        return {}
    return {
        index: (formatting.significant(cost.npu_ms), formatting.significant(cost.call_ms + cost.copy_ms))
        for index, cost in estimate.partitions.items()
    }


def memory_lines(result: CheckResult, page: Page) -> list[str]:
    """Return the section on memory, empty if nothing is known; a memory that is too small stands out."""
    estimate, uses = result.estimate, result.placement.memory
    if estimate is None and not uses:
        return []
    rows = [
        [use.memory, formatting.size(use.used_bytes), _limit(use), formatting.printable(use.origin)] for use in uses
    ]
    if estimate is not None:
        rows += _memory_rows(estimate)
    lines = ["", page.ink("bold", "Memory")]
    table = ["  " + line for line in columns(rows, right=(1,))]
    too_small = [use.limit_bytes is not None and use.used_bytes > use.limit_bytes for use in uses]
    too_small += [False] * (len(table) - len(uses))
    return lines + [page.ink("red", line) if over else line for line, over in zip(table, too_small, strict=True)]


def _limit(use: MemoryUse) -> str:
    if use.limit_bytes is None:
        return ""
    limit = formatting.size(use.limit_bytes)
    return f"of {limit}: TOO SMALL" if use.used_bytes > use.limit_bytes else f"of {limit}"


def _memory_rows(estimate: Estimate) -> list[list[str]]:
    memory = estimate.memory
    rows = [
        ["model", formatting.size(memory.model_bytes), "", "constants of the file"],
        ["arena", formatting.size(memory.arena_bytes), "", "peak of live activations, all operators on the CPU"],
    ]
    if memory.dram_traffic_bytes is not None:
        traffic = formatting.size(memory.dram_traffic_bytes)
        rows.append(["DRAM", traffic, "", "between NPU and DRAM at every inference, as predicted by the compiler"])
    return rows
