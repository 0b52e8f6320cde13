"""What Teflon prints with TEFLON_DEBUG=verbose, and what TensorFlow Lite prints about the delegate.

Format: a table `idx type ver support inputs` with one row per operator of a subgraph, then one block `compiling
graph: N tensors M operations` per partition. Seen in captured logs of Mesa 25.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.graph import Model, OperatorId
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Unit
from npufit.stacks.rule import Evidence

_HEAD = re.compile(r"^idx\s+type\s+ver\s+support\s+inputs\s*$")
_ROW = re.compile(r"^\s*(\d{1,6})\s+(\S{1,40})\s+v\d{1,4}\s+(supported|unsupported)\b", re.ASCII)
_COMPILING = re.compile(r"^teflon: compiling graph: \d+ tensors \d+ operations", re.ASCII)
_COMPILED = re.compile(r"^teflon: compiled graph", re.ASCII)
_REPLACING = re.compile(
    r"Replacing (\d{1,9}) out of (\d{1,9}) node\(s\) with delegate \(Teflon[^)]*\) node, yielding \d{1,9} partitions",
    re.ASCII,
)
"""The partitions in this line are not read: TensorFlow Lite also counts those that stay on the CPU."""
_TYPES = {
    "ADD": "ADD",
    "AVGPOOL": "AVERAGE_POOL_2D",
    "CONV": "CONV_2D",
    "DWCONV": "DEPTHWISE_CONV_2D",
    "FC": "FULLY_CONNECTED",
    "MEAN": "MEAN",
    "MUL": "MUL",
    "PAD": "PAD",
    "RESHAPE": "RESHAPE",
    "SOFTMAX": "SOFTMAX",
    "STRIDED_SLICE": "STRIDED_SLICE",
}
"""The names in the table, as seen in captured logs; names not listed, such as `unknown`, carry no information."""
_LONGEST_LINE = 400
_NOTES = (
    (
        re.compile(r"Couldn't open kernel device"),
        "Teflon found no NPU device: nothing ran on the NPU. Is the kernel module loaded (ls /dev/accel), and may "
        "this user open it?",
    ),
    (
        re.compile(r"driver missing"),
        "This Mesa was built without the driver of the NPU: nothing ran on it. Build Mesa with the driver.",
    ),
    (
        re.compile(r"has \d+ scales but \d+ zero_points"),
        "Teflon warned that a tensor's numbers of zero points and scales differ.",
    ),
)


@dataclass(slots=True)
class _Table:
    """One support table, how many partitions were begun after it, and how many of them were compiled."""

    rows: dict[int, tuple[str, Unit]] = field(default_factory=dict[int, tuple[str, Unit]])
    partitions: int = 0
    compiled: int = 0


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where a log stops: in Prepare of the operator `deciding`, or while partition `compiling` is compiled.

    Both are None if it stops elsewhere. Partitions are counted over all subgraphs, as in a placement.
    """

    deciding: OperatorId | None
    compiling: int | None
    compiled: int


def find_end(text: str, model: Model) -> LogEnd:
    """Return where `text`, which Teflon printed for `model` until it died, stops."""
    tables = _tables(text)[: len(model.subgraphs)]
    compiled = sum(table.compiled for table in tables)
    if not tables:
        return LogEnd(None, None, compiled)
    number, last = len(tables) - 1, tables[-1]
    if len(last.rows) < len(model.subgraphs[number].operators):
        return LogEnd(OperatorId(number, len(last.rows)), None, compiled)
    begun = sum(table.partitions for table in tables)
    return LogEnd(None, begun - 1 if begun > compiled else None, compiled)


def read_teflon_log(text: str, model: Model, *, is_cut_short: bool = False) -> LogReport | None:
    """Return what `text` says about `model`, None if it has none of Teflon's lines.

    For a log with several runs the first is read. One that `is_cut_short` by a crash names only the first operators.
    Raises InputError if the log is plainly of another model.
    """
    tables = _tables(text)
    before_tables = 0
    replaced: list[tuple[int, int]] = []
    notes: dict[str, Note] = {}
    for line in _lines(text):
        if _COMPILING.match(line):
            before_tables += 1
        elif replacing := _REPLACING.search(line):
            replaced.append((int(replacing[1]), int(replacing[2])))
        for seen, said in _NOTES:
            if seen.search(line):
                notes.setdefault(said, Note(said, Evidence.EXECUTED, f"log: {shorten(line.strip())}"))
    if not tables and not before_tables and not replaced and not notes:
        return None
    count = len(model.subgraphs)
    units = {
        OperatorId(number, index): unit
        for number, table in enumerate(tables[:count])
        for index, unit in _units_of(model, number, table, is_cut_short=is_cut_short)
    }
    counted = sum(table.partitions for table in tables[:count]) if tables else before_tables or None
    counted = None if is_cut_short else counted
    # TensorFlow Lite prints a line only for subgraphs of which something is replaced.
    totals = replaced[:count] if len(replaced) >= count else []
    return LogReport(
        kind="Teflon (TEFLON_DEBUG=verbose)" if tables else "TensorFlow Lite delegate lines",
        units=units,
        partitions=counted,
        npu_operators=sum(taken for taken, _ in totals) if totals else None,
        total_operators=sum(total for _, total in totals) if totals else None,
        cut_by_tflite=True,
        notes=tuple(notes.values()),
    )


def _tables(text: str) -> list[_Table]:
    tables: list[_Table] = []
    for line in _lines(text):
        if _HEAD.match(line):
            tables.append(_Table())
        elif not tables:
            continue
        elif row := _ROW.match(line):
            tables[-1].rows[int(row[1])] = (row[2], Unit.NPU if row[3] == "supported" else Unit.CPU)
        elif _COMPILING.match(line):
            tables[-1].partitions += 1
        elif _COMPILED.match(line):
            tables[-1].compiled += 1
    return tables


def _lines(text: str) -> Iterator[str]:
    return (line[:_LONGEST_LINE] for line in text.splitlines())


def _units_of(model: Model, number: int, table: _Table, *, is_cut_short: bool) -> list[tuple[int, Unit]]:
    operators = model.subgraphs[number].operators
    expected = len(table.rows) if is_cut_short else len(operators)
    if sorted(table.rows) != list(range(expected)) or expected > len(operators):
        raise InputError(
            f"the log is of another model or truncated: its table {number} has {len(table.rows)} operators, "
            f"{model.name} has {len(operators)}. Give the complete log of this file."
        )
    for index, (kind, _) in sorted(table.rows.items()):
        expected, found = _TYPES.get(kind), operators[index].type
        if expected is not None and found != expected:
            raise InputError(
                f"the log is of another model: its operator {index} is {kind}, in {model.name} it is {found}. "
                "Give the log of this file."
            )
    return [(index, unit) for index, (_, unit) in sorted(table.rows.items())]
