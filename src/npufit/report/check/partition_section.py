"""Partitions and operators in the full report, with what crosses boundaries and what each costs."""

from __future__ import annotations

from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult
from npufit.report.check import time_section
from npufit.report.check.between_partitions import cutters
from npufit.report.check.way_out import title_lines
from npufit.report.model_line import macs_cell
from npufit.report.terminal_page import Page, columns
from npufit.stacks import Partition

_PARTITIONS = 6


def partition_lines(result: CheckResult, page: Page, everything: bool) -> list[str]:
    """Return the partitions, the largest first to be shown, with times and what crosses boundaries."""
    partitions = result.placement.partitions
    if not partitions:
        return []
    copied = formatting.size(result.summary.boundary_bytes)
    single = sum(len(partition.operators) == 1 for partition in partitions)
    lines = title_lines(page, f"Partitions: {len(partitions)}; {copied} cross their boundaries at every inference")
    if len(partitions) > 1:
        cuts = cutters(result)
        between = [f"{count} {name}" for name, count in cuts.most_common(5)]
        sentence = f"{single} of {len(partitions)} hold a single operator." if single else ""
        if between:
            sentence += f" Operators off the NPU between them: {', '.join(between)}."
        if sentence:
            lines += page.wrap(sentence.strip(), "  ")
    shown = sorted(partitions, key=lambda partition: -len(partition.operators))
    shown = sorted(shown if everything else shown[:_PARTITIONS], key=lambda partition: partition.index)
    times = time_section.partition_cells(result)
    rows = [["#", "operators", "NPU ms", "call, copies ms", "in", "out", "which"]]
    rows += [_partition_row(partition, times.get(partition.index, ("", ""))) for partition in shown]
    rows = rows if times else [row[:2] + row[4:] for row in rows]
    lines += ["  " + line for line in columns(rows, right=(0, 1, 2, 3) if times else (0, 1))]
    hidden = len(partitions) - len(shown)
    if hidden:
        lines.append(
            f"  … {hidden} more with {sum(len(p.operators) for p in partitions if p not in shown)} operators (--all)"
        )
    if everything:
        lines += _boundary_tensors(result, partitions, page)
    return lines


def _partition_row(partition: Partition, times: tuple[str, str]) -> list[str]:
    return [
        str(partition.index),
        str(len(partition.operators)),
        *times,
        f"{formatting.plural(len(partition.inputs), 'tensor')}, {formatting.size(partition.traffic.input_bytes)}",
        f"{formatting.plural(len(partition.outputs), 'tensor')}, {formatting.size(partition.traffic.output_bytes)}",
        formatting.ranges(partition.operators, 6),
    ]


def _boundary_tensors(result: CheckResult, partitions: Sequence[Partition], page: Page) -> list[str]:
    lines: list[str] = []
    for partition in partitions:
        tensors = result.model.subgraphs[partition.subgraph].tensors
        for way, indices in (("in", partition.inputs), ("out", partition.outputs)):
            for index in indices:
                tensor = tensors[index]
                name = formatting.shorten(tensor.name, 64)
                shape = "x".join(map(str, tensor.shape or ())) or "scalar"
                lines += page.labelled(f"{partition.index} {way}", f"'{name}' {shape} {tensor.element}")
    return lines


def operator_lines(result: CheckResult, page: Page) -> list[str]:
    """Return a table with a row for each operator."""
    lines = title_lines(page, "Operators")
    times = time_section.operator_cells(result)
    rows = [
        [
            *("index", "type", "unit", "partition", "MACs", "ms", "CPU ms", "bound by"),
            *("evidence", "output", "why not"),
        ]
    ]
    several = len(result.model.subgraphs) > 1
    for placed in result.placement.operators:
        macs = result.macs[placed.id]
        rows.append(
            [
                f"{placed.id.subgraph}:{placed.id.index}" if several else str(placed.id.index),
                formatting.shorten(result.operator(placed).name, 30),
                placed.unit.value,
                "" if placed.partition is None else str(placed.partition),
                macs_cell(macs),
                *times.get(placed.id, ("", "", "")),
                placed.evidence.value,
                formatting.shorten(next(iter(result.output_names(placed)), ""), 40),
                placed.finding.rule.id if placed.finding else formatting.printable(placed.note),
            ]
        )
    table = columns(rows, right=(0, 3, 4, 5, 6))
    return [*lines, "  " + page.ink("dim", table[0]), *("  " + line for line in table[1:])]
