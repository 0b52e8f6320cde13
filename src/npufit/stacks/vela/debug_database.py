"""The debug database of Vela 5: which operators of the model have commands in which command stream.

Vela 5.2 writes it as XML with one CSV table in each `<table name=...>`. `source` lists the operators of the file in
subgraph order (`ext_key` is the index in the subgraph), `optimised` what they became (`source_id`), `queue` the
commands (`cmdstream_id`, `optimised_id`, `scheduled_id`), `cmdstream` the streams in the order of their `ethos-u`
operators. `perf` names the tensor that a scheduled operation writes, `perf_debug` has its shape, and `group` says which
operations are fused into another one. Both tables also have Vela's expected time per operation; see `passes`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from xml.etree import ElementTree

from npufit.errors import ToolError
from npufit.graph import OperatorId
from npufit.stacks.placement import CompilerPass
from npufit.stacks.vela.labels import read_label
from npufit.stacks.vela.passes import cycle_columns, find_memories, read_passes, traffic_columns

_SHAPE = ("ofm_shape_n", "ofm_shape_h", "ofm_shape_w", "ofm_shape_c")
_COLUMNS = {
    "source": ("id", "ext_key"),
    "optimised": ("id", "source_id"),
    "queue": ("optimised_id", "cmdstream_id", "offset", "scheduled_id"),
    "cmdstream": ("id",),
    "perf": ("id", "name"),
    "perf_debug": ("id", *_SHAPE, "transpose_type", "reverse_type"),
    "group": ("id", "group_id"),
}
"""The columns read from each table, besides those of `passes`."""

_Rows = list[tuple[str, ...]]
_Command = tuple[int, int, str, OperatorId | None]
"""Index of the stream, offset in bytes, id of the scheduled operation, its operator in the model if known."""


@dataclass(frozen=True, slots=True)
class Work:
    """One operator of the source model has commands in one command stream, which is given by index."""

    operator: OperatorId
    stream: int


@dataclass(frozen=True, slots=True)
class Write:
    """The command at `offset` (bytes) of a stream writes a tensor of the model, or a part of it.

    `height`, `width` and `depth` are those of the whole tensor as the NPU sees it.
    """

    stream: int
    offset: int
    subgraph: int
    tensor: int
    height: int
    width: int
    depth: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The operations of a stream from the command at `offset` (bytes) on, up to the next stretch, are of `operator`.

    `operator` is None if the database assigns them to none of the model.
    """

    stream: int
    offset: int
    operator: OperatorId | None


@dataclass(frozen=True, slots=True)
class DebugDatabase:
    """Every operator with its own commands, sorted, and the number of command streams.

    `untied_streams` have commands that the database assigns to no operator of the model. `writes` has the commands that
    write a tensor of the model, in stream order, and `stretches` whose operations come where in the streams.
    """

    work: tuple[Work, ...]
    stream_count: int
    untied_streams: tuple[int, ...]
    writes: tuple[Write, ...] = ()
    stretches: tuple[Stretch, ...] = ()


def stretches_of(commands: Iterable[tuple[int, int, OperatorId | None]]) -> tuple[Stretch, ...]:
    """Return the stretches of `commands` (stream, offset, operator), which are sorted."""
    found: list[Stretch] = []
    for stream, offset, operator in commands:
        if not found or (found[-1].stream, found[-1].operator) != (stream, operator):
            found.append(Stretch(stream, offset, operator))
    return tuple(found)


def is_older_database(data: bytes) -> bool:
    """Return whether a database is from before Vela 5: it then has none of the tables that Vela 5 added."""
    return not any(b'name="' + name + b'"' in data for name in (b"perf", b"perf_debug", b"group"))


def read_database(data: bytes, operator_counts: tuple[int, ...]) -> tuple[DebugDatabase, tuple[CompilerPass, ...]]:
    """Return what the database says about a model whose subgraphs have `operator_counts` operators.

    The passes are Vela's expected time of each scheduled operation, in execution order. Raises ToolError if its form is
    not that of Vela 5.2.
    """
    try:
        texts = _read_texts(data)
        memories = find_memories(_read_header(texts["perf"]))
        tables = _read_tables(texts, memories)
        places = _places(tables["source"], operator_counts)
        origin = {optimised: places.get(source) for optimised, source in tables["optimised"]}
        order = {
            stream: index for index, (stream,) in enumerate(sorted(tables["cmdstream"], key=lambda row: int(row[0])))
        }
        work: set[Work] = set()
        untied: set[int] = set()
        for optimised, stream in {row[:2] for row in tables["queue"]}:
            place = origin.get(optimised)
            if place is None:
                untied.add(order[stream])
            else:
                work.add(Work(place, order[stream]))
        commands = [
            (order[stream], int(offset), scheduled, origin.get(optimised))
            for optimised, stream, offset, scheduled in tables["queue"]
        ]
        commands.sort(key=itemgetter(0, 1))
        writes = tuple(_writes(tables, commands))
        passes = _passes(tables, commands, memories)
    except (ElementTree.ParseError, csv.Error, LookupError, ValueError, StopIteration) as error:
        raise ToolError(f"Vela's debug database has an unknown form: {error!r}.") from None
    database = DebugDatabase(
        tuple(sorted(work, key=lambda entry: (entry.operator, entry.stream))),
        len(order),
        tuple(sorted(untied)),
        writes,
        stretches_of((stream, offset, operator) for stream, offset, _, operator in commands),
    )
    return database, passes


def _passes(tables: dict[str, _Rows], commands: list[_Command], memories: tuple[str, ...]) -> tuple[CompilerPass, ...]:
    cycles = {row[0]: row[len(_COLUMNS["perf"]) :] for row in tables["perf"]}
    traffic = {row[0]: row[len(_COLUMNS["perf_debug"]) :] for row in tables["perf_debug"]}
    return read_passes(
        ((stream, place, scheduled) for stream, _, scheduled, place in commands), cycles, traffic, memories
    )


def _writes(tables: dict[str, _Rows], commands: list[_Command]) -> Iterator[Write]:
    """Yield the commands whose result is a tensor of the model, as its label says; see `labels`.

    A tensor that several operations write side by side, as for CONCATENATION, is left out: the database does not say
    which part belongs to which. So is a tensor that is transposed on the way or has batches.
    """
    names = {row[0]: row[1] for row in tables["perf"]}
    shapes = {row[0]: row[1 : len(_COLUMNS["perf_debug"])] for row in tables["perf_debug"]}
    # Fused operations come after the one that they join: the name of the last one is that of the result.
    results = {row[1]: row[0] for row in tables["group"]}
    labels = {
        scheduled: read_label(names.get(results.get(scheduled, scheduled), "")) for _, _, scheduled, _ in commands
    }
    writers = Counter(labels.values())
    for stream, offset, scheduled, _ in commands:
        label = labels[scheduled]
        *shape, transposed, reversed_ = shapes.get(scheduled, ("0",) * 6)
        batch, height, width, depth = (int(size) for size in shape)
        if label is not None and writers[label] == 1 and batch == 1 and (transposed, reversed_) == ("None", "None"):
            yield Write(stream, offset, *label, height, width, depth)


def _read_texts(data: bytes) -> dict[str | None, str]:
    root = ElementTree.fromstring(data)
    return {table.get("name"): table.text or "" for table in root.iter("table")}


def _read_tables(texts: dict[str | None, str], memories: tuple[str, ...]) -> dict[str, _Rows]:
    more = {"perf": cycle_columns(memories), "perf_debug": traffic_columns(memories)}
    return {name: _read_columns(texts[name], columns + more.get(name, ())) for name, columns in _COLUMNS.items()}


def _read_header(text: str) -> list[str]:
    return next(csv.reader(text.strip().partition("\n")[:1]))


def _read_columns(text: str, columns: tuple[str, ...]) -> _Rows:
    rows = csv.reader(text.strip().splitlines())
    header = next(rows)
    indices = [header.index(column) for column in columns]
    if len(columns) == 1:
        return [(row[indices[0]],) for row in rows]
    pick = itemgetter(*indices)  # not a loop: a table may have millions of fields
    return [pick(row) for row in rows]


def _places(source: _Rows, operator_counts: tuple[int, ...]) -> dict[str, OperatorId]:
    """Return every source operator by its id in the database."""
    expected = [OperatorId(subgraph, index) for subgraph, count in enumerate(operator_counts) for index in range(count)]
    rows = sorted(source, key=lambda row: int(row[0]))
    if [int(key) for _, key in rows] != [place.index for place in expected]:
        raise ValueError(f"it lists {len(rows)} operators, but the model has {len(expected)}, or they differ in order")
    return {identity: place for (identity, _), place in zip(rows, expected, strict=True)}
