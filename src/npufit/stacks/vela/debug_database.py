"""Vela's debug database: which operators of the model have commands in which command stream.

Vela 5.2 writes it as XML with one CSV table in each `<table name=...>`. `source` lists the operators of the file in
the order of subgraphs (`ext_key` is the index in the subgraph), `optimised` what they became (`source_id`), `queue`
the commands (`cmdstream_id`, `optimised_id`), `cmdstream` the streams in the order of their `ethos-u` operators.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from xml.etree import ElementTree

from npufit.errors import ToolError

_COLUMNS = {
    "source": ("id", "ext_key"),
    "optimised": ("id", "source_id"),
    "queue": ("optimised_id", "cmdstream_id"),
    "cmdstream": ("id",),
}
"""What is read of each table."""


@dataclass(frozen=True, slots=True)
class Work:
    """One operator of the source model has commands in one command stream, both given by index."""

    subgraph: int
    operator: int
    stream: int


@dataclass(frozen=True, slots=True)
class DebugDatabase:
    """Every operator with commands of its own, sorted, and how many command streams there are.

    `untied_streams` have commands that the database ties to no operator of the model.
    """

    work: tuple[Work, ...]
    stream_count: int
    untied_streams: tuple[int, ...]


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
        for optimised, stream in set(tables["queue"]):
            place = origin.get(optimised)
            if place is None:
                untied.add(order[stream])
            else:
                work.add(Work(*place, order[stream]))
    except (ElementTree.ParseError, LookupError, ValueError, StopIteration) as error:
        raise ToolError(f"Vela's debug database has an unknown form: {error!r}.") from None
    return DebugDatabase(
        tuple(sorted(work, key=lambda entry: (entry.subgraph, entry.operator, entry.stream))),
        len(order),
        tuple(sorted(untied)),
    )


_Rows = list[tuple[str, ...]]


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
