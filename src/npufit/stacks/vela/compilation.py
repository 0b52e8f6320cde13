"""What one run of Vela established about one model: the compiled file and a digest of its other output."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from npufit.graph import Model, OperatorId
from npufit.stacks.placement import CompilerEstimate, CompilerPass
from npufit.stacks.vela.debug_database import (
    DebugDatabase,
    Stretch,
    Work,
    Write,
    is_older_database,
    read_database,
)
from npufit.stacks.vela.linux_sram import sram_use_of
from npufit.stacks.vela.reasons import Reason, read_cpu_count, read_reasons
from npufit.stacks.vela.record import read_record
from npufit.stacks.vela.runner import VelaOutput
from npufit.stacks.vela.summary import MemoryNeed, read_summary, read_total
from npufit.tflite import parse_model

FORM = 10
"""Version of the stored form; raise it when the stored data, or the reading of Vela's output, changes."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """A compiled model. Tensors are named by their labels (see `labels`).

    `estimate` is Vela's own estimate; the partitions of its passes are indices of command streams. `sram_bytes` is the
    most that a stream uses of the SRAM region. `printed_cpu` is how many operators Vela says it left on the CPU, None
    if it does not say.
    """

    compiled: bytes
    database: DebugDatabase
    memory: tuple[MemoryNeed, ...]
    reasons: tuple[Reason, ...]
    estimate: CompilerEstimate
    sram_bytes: int
    printed_cpu: int | None = None


@functools.lru_cache(maxsize=1)
def parse_compiled(compiled: bytes) -> Model:
    """Return the model in the compiled file; cached, because placing, hazards and memory all use it."""
    return parse_model(compiled, "the file that Vela compiled")


def digest(output: VelaOutput, model: Model, origin: str) -> Compilation:
    """Return the compilation that `output` describes for `model`, whose labelled copy was compiled.

    `origin` says where the estimate comes from. Raises ToolError if Vela's output has an unknown form.
    """
    compiled = parse_compiled(output.compiled)
    if output.record:
        database, passes = read_record(output.record, model)
    elif is_older_database(output.database):
        # An older Vela that could not be recorded: the compiled file and the warnings must suffice.
        calls = sum(operator.is_npu_call for graph in compiled.subgraphs for operator in graph.operators)
        database, passes = DebugDatabase((), calls, tuple(range(calls))), ()
    else:
        counts = tuple(len(subgraph.operators) for subgraph in model.subgraphs)
        database, passes = read_database(output.database, counts)
    total = read_total(output.summary)
    return Compilation(
        output.compiled,
        database,
        read_summary(output.summary),
        read_reasons(output.printed),
        CompilerEstimate(total.clock_hz, total.cycles, passes, origin),
        sram_use_of(compiled),
        read_cpu_count(output.printed),
    )


def to_bytes(compilation: Compilation) -> bytes:
    """Return a compilation as one line of JSON followed by the compiled file."""
    head = {
        "work": _rows(compilation.database.work),
        "streams": compilation.database.stream_count,
        "untied": compilation.database.untied_streams,
        "writes": _rows(compilation.database.writes),
        "stretches": _rows(compilation.database.stretches),
        "memory": _rows(compilation.memory),
        "reasons": _rows(compilation.reasons),
        "estimate": _estimate_to_json(compilation.estimate),
        "sram": compilation.sram_bytes,
        "cpu": compilation.printed_cpu,
    }
    return json.dumps(head).encode() + b"\n" + compilation.compiled


def from_bytes(data: bytes) -> Compilation:
    """Return the compilation that `to_bytes` wrote. Raises ValueError, LookupError or TypeError for other bytes."""
    line, _, compiled = data.partition(b"\n")
    head = json.loads(line)
    return Compilation(
        compiled,
        DebugDatabase(
            tuple(Work(OperatorId(*operator), stream) for operator, stream in head["work"]),
            head["streams"],
            tuple(head["untied"]),
            tuple(Write(*row) for row in head["writes"]),
            tuple(
                Stretch(stream, offset, None if operator is None else OperatorId(*operator))
                for stream, offset, operator in head["stretches"]
            ),
        ),
        tuple(MemoryNeed(*row) for row in head["memory"]),
        tuple(Reason(*row) for row in head["reasons"]),
        _estimate_from_json(head["estimate"]),
        head["sram"],
        head["cpu"],
    )


def _estimate_to_json(estimate: CompilerEstimate) -> dict[str, object]:
    """Return an estimate with each distinct pass stored once: some files have 65,000 that are nearly all the same."""
    indices = {entry: index for index, entry in enumerate(dict.fromkeys(estimate.passes))}
    return {
        "clock": estimate.clock_hz,
        "cycles": estimate.total_cycles,
        "origin": estimate.origin,
        "passes": _rows(indices),
        "order": [indices[entry] for entry in estimate.passes],
    }


def _estimate_from_json(stored: dict[str, Any]) -> CompilerEstimate:
    passes = [
        CompilerPass(partition, None if operator is None else OperatorId(*operator), *rest)
        for partition, operator, *rest in stored["passes"]
    ]
    order: list[int] = stored["order"]
    return CompilerEstimate(
        stored["clock"], stored["cycles"], tuple(passes[index] for index in order), stored["origin"]
    )


def _rows(entries: Iterable[Work | Write | Stretch | MemoryNeed | Reason | CompilerPass]) -> list[tuple[object, ...]]:
    return [astuple(entry) for entry in entries]
