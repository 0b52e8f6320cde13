"""What one run of Vela established about one model: the compiled file and the digest of what came with it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from npufit.stacks.vela.debug_database import DebugDatabase, Work, Write, read_database
from npufit.stacks.vela.reasons import Reason, read_reasons
from npufit.stacks.vela.runner import VelaOutput
from npufit.stacks.vela.summary import MemoryNeed, read_summary

FORM = 3
"""Number of the stored form; a change of what is stored, or of how Vela's output is read, raises it."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """A compiled model. All tensors are called by their labels (see `labels`)."""

    compiled: bytes
    database: DebugDatabase
    memory: tuple[MemoryNeed, ...]
    reasons: tuple[Reason, ...]


def digest(output: VelaOutput, operator_counts: tuple[int, ...]) -> Compilation:
    """Return what `output` says of a model whose subgraphs have `operator_counts` operators. Raises ToolError."""
    return Compilation(
        output.compiled,
        read_database(output.database, operator_counts),
        read_summary(output.summary),
        read_reasons(output.printed),
    )


def to_bytes(compilation: Compilation) -> bytes:
    """Return a compilation as one line of JSON followed by the compiled file."""
    head = {
        "work": _rows(compilation.database.work),
        "streams": compilation.database.stream_count,
        "untied": compilation.database.untied_streams,
        "writes": _rows(compilation.database.writes),
        "memory": _rows(compilation.memory),
        "reasons": _rows(compilation.reasons),
    }
    return json.dumps(head).encode() + b"\n" + compilation.compiled


def from_bytes(data: bytes) -> Compilation:
    """Return the compilation that `to_bytes` wrote. Raises ValueError, KeyError or TypeError for other bytes."""
    line, _, compiled = data.partition(b"\n")
    head = json.loads(line)
    return Compilation(
        compiled,
        DebugDatabase(
            tuple(Work(*row) for row in head["work"]),
            head["streams"],
            tuple(head["untied"]),
            tuple(Write(*row) for row in head["writes"]),
        ),
        tuple(MemoryNeed(*row) for row in head["memory"]),
        tuple(Reason(*row) for row in head["reasons"]),
    )


def _rows(entries: Iterable[Work | Write | MemoryNeed | Reason]) -> list[tuple[object, ...]]:
    return [astuple(entry) for entry in entries]
