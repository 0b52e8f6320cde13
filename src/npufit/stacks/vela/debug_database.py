"""Vela's debug database: which operators of the model have commands in which command stream.

Vela 5.2 writes it as XML with one CSV table in each `<table name=...>`. `source` lists the operators of the file in
the order of subgraphs (`ext_key` is the index in the subgraph), `optimised` what they became (`source_id`), `queue`
the commands (`cmdstream_id`, `optimised_id`, `scheduled_id`), `cmdstream` the streams in the order of their `ethos-u`
operators. `perf` names the tensor that a scheduled operation writes, `perf_debug` has its shape, and `group` says which
operations are fused into another one.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from npufit.errors import ToolError
from npufit.stacks.vela.labels import read_label

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
"""What is read of each table."""


_Rows = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Work:
    """One operator of the source model has commands in one command stream, both given by index."""

    subgraph: int
    operator: int
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
class DebugDatabase:
    """Every operator with commands of its own, sorted, and how many command streams there are.

    `untied_streams` have commands that the database ties to no operator of the model. `writes` has the commands whose
    result is a tensor of the model, in the order of the streams.
    """

    work: tuple[Work, ...]
    stream_count: int
    untied_streams: tuple[int, ...]
    writes: tuple[Write, ...] = ()


def read_database(data: bytes, operator_counts: tuple[int, ...]) -> DebugDatabase:
    """Return what the database says of a model whose subgraphs have `operator_counts` operators.

    Raises ToolError where its form is not the one of Vela 5.2.
    """
    try:
        tables = _read_tables(data)
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
                work.add(Work(*place, order[stream]))
        writes = tuple(_writes(tables, order))
    except (ElementTree.ParseError, LookupError, ValueError, StopIteration) as error:
        raise ToolError(f"Vela's debug database has an unknown form: {error!r}.") from None
    return DebugDatabase(
        tuple(sorted(work, key=lambda entry: (entry.subgraph, entry.operator, entry.stream))),
        len(order),
        tuple(sorted(untied)),
        writes,
    )


def _writes(tables: dict[str, _Rows], order: dict[str, int]) -> Iterator[Write]:
    """Yield the commands whose result is a tensor of the model, as its label says; see `labels`.

    A tensor that several operations write side by side, as CONCATENATION has it, is left out: the database does not
    say which part is whose. So is one that is transposed on the way, or that has batches.
    """
    names = {row[0]: row[1] for row in tables["perf"]}
    shapes = {identity: rest for identity, *rest in tables["perf_debug"]}
    # What is fused into an operation comes behind it: the name of the last one is that of the result.
    results = {row[1]: row[0] for row in tables["group"]}
    found = sorted((order[stream], int(offset), scheduled) for _, stream, offset, scheduled in tables["queue"])
    labels = {scheduled: read_label(names.get(results.get(scheduled, scheduled), "")) for _, _, scheduled in found}
    writers = Counter(labels.values())
    for stream, offset, scheduled in found:
        label = labels[scheduled]
        *shape, transposed, reversed_ = shapes.get(scheduled, ["0"] * 6)
        batch, height, width, depth = (int(size) for size in shape)
        if label is not None and writers[label] == 1 and batch == 1 and (transposed, reversed_) == ("None", "None"):
            yield Write(stream, offset, *label, height, width, depth)


def _read_tables(data: bytes) -> dict[str, _Rows]:
    root = ElementTree.fromstring(data)
    texts = {table.get("name"): table.text or "" for table in root.iter("table")}
    return {name: _read_columns(texts[name], columns) for name, columns in _COLUMNS.items()}


def _read_columns(text: str, columns: tuple[str, ...]) -> _Rows:
    rows = csv.reader(text.strip().splitlines())
    header = next(rows)
    indices = [header.index(column) for column in columns]
    return [tuple(row[index] for index in indices) for row in rows]


def _places(source: _Rows, operator_counts: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Return subgraph and index of every source operator by its id."""
    expected = [(subgraph, index) for subgraph, count in enumerate(operator_counts) for index in range(count)]
    rows = sorted(source, key=lambda row: int(row[0]))
    if [int(key) for _, key in rows] != [index for _, index in expected]:
        raise ValueError(f"it lists {len(rows)} operators that are not the {len(expected)} of the model, in order")
    return {identity: place for (identity, _), place in zip(rows, expected, strict=True)}
