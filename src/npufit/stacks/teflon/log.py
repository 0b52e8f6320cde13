"""What Teflon prints with TEFLON_DEBUG=verbose, and what TensorFlow Lite prints about the delegate.

Format: a table `idx type ver support inputs` with one row per operator of a subgraph, then one block `compiling
graph: N tensors M operations` per partition. Seen in captured logs of Mesa 25.3.
"""

from __future__ import annotations

import re

from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Unit
from npufit.stacks.rule import Evidence

_HEAD = re.compile(r"^idx\s+type\s+ver\s+support\s+inputs\s*$")
_ROW = re.compile(r"^\s*(\d{1,6})\s+(\S{1,40})\s+v\d{1,4}\s+(supported|unsupported)\b")
_COMPILING = re.compile(r"^teflon: compiling graph: (\d+) tensors (\d+) operations")
_REPLACING = re.compile(
    r"Replacing (\d{1,9}) out of (\d{1,9}) node\(s\) with delegate \(Teflon[^)]*\) node, yielding (\d{1,9}) partitions"
)
_TYPES = {"CONV": "CONV_2D", "DWCONV": "DEPTHWISE_CONV_2D"}
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
        "Teflon warned that a tensor has another number of zero points than of scales.",
    ),
)


def read_teflon_log(text: str, model: Model) -> LogReport | None:
    """Return what `text` says about `model`, None where it holds none of Teflon's lines.

    Raises InputError where the log is plainly of another model.
    """
    tables: list[dict[int, tuple[str, Unit]]] = []
    partitions = 0
    totals: tuple[int, int, int] | None = None
    notes: list[Note] = []
    for line in text.splitlines():
        line = line[:400]
        if _HEAD.match(line):
            tables.append({})
        elif tables and (row := _ROW.match(line)):
            unit = Unit.NPU if row[3] == "supported" else Unit.CPU
            tables[-1][int(row[1])] = (row[2], unit)
        elif _COMPILING.match(line):
            partitions += 1
        elif replacing := _REPLACING.search(line):
            totals = (int(replacing[1]), int(replacing[2]), int(replacing[3]))
        notes += [Note(said, Evidence.EXECUTED, f"log: {line.strip()}") for seen, said in _NOTES if seen.search(line)]
    if not tables and not partitions and totals is None and not notes:
        return None
    units = tuple(
        (number, index, unit)
        for number, table in enumerate(tables[: len(model.subgraphs)])
        for index, (kind, unit) in table.items()
        if _belongs(model, number, index, kind, len(table))
    )
    return LogReport(
        kind="Teflon (TEFLON_DEBUG=verbose)" if tables else "TensorFlow Lite delegate lines",
        units=units,
        partitions=partitions or (totals[2] if totals else None) or (0 if tables else None),
        npu_operators=totals[0] if totals else None,
        total_operators=totals[1] if totals else None,
        cut_by_tflite=True,
        notes=tuple(dict.fromkeys(notes)),
    )


def _belongs(model: Model, number: int, index: int, kind: str, rows: int) -> bool:
    operators = model.subgraphs[number].operators
    if rows != len(operators) or index >= len(operators):
        raise InputError(
            f"the log is of another model: its table {number} has {rows} operators, {model.name} has {len(operators)}. "
            "Give the log of this file."
        )
    expected = _TYPES.get(kind)
    found = operators[index].type
    if expected is not None and found != expected:
        raise InputError(
            f"the log is of another model: its operator {index} is {kind}, in {model.name} it is {found}. "
            "Give the log of this file."
        )
    return True
