"""Vela's debug database: which operators of the model have commands in which command stream.

Vela 5.2 writes it as XML with one CSV table in each `<table name=...>`. `source` lists the operators of the file in
the order of subgraphs (`ext_key` is the index in the subgraph), `optimised` what they became (`source_id`), `queue`
the commands (`cmdstream_id`, `optimised_id`), `cmdstream` the streams in the order of their `ethos-u` operators.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from npufit.errors import ToolError

_TABLES = ("source", "optimised", "queue", "cmdstream")


@dataclass(frozen=True, slots=True)
class Work:
    """One operator of the source model has commands in one command stream, both given by index."""

    subgraph: int
    operator: int
    stream: int


@dataclass(frozen=True, slots=True)
class DebugDatabase:
    """Every operator with commands of its own, sorted, and how many command streams there are."""

    work: tuple[Work, ...]
    stream_count: int


def read_database(data: bytes, operator_counts: tuple[int, ...]) -> DebugDatabase:
    """Return what the database says of a model whose subgraphs have `operator_counts` operators.

    Raises ToolError where its form is not the one of Vela 5.2.
    """
    try:
        root = ElementTree.fromstring(data)
        tables = {name: root.find(f"table[@name='{name}']") for name in _TABLES}
        source, optimised, queue, streams = (
            [*_rows(table.text or "")] if table is not None else [] for table in tables.values()
        )
        places = _places(source, operator_counts)
        origin = {row["id"]: places.get(row["source_id"]) for row in optimised}
        order = {row["id"]: index for index, row in enumerate(sorted(streams, key=lambda row: int(row["id"])))}
        pairs = {(row["optimised_id"], row["cmdstream_id"]) for row in queue}
        work = {
            Work(*place, order[stream]) for optimised_id, stream in pairs if (place := origin.get(optimised_id))
        }
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ToolError(f"Vela's debug database has an unknown form: {error}.") from None
    return DebugDatabase(
        tuple(sorted(work, key=lambda entry: (entry.subgraph, entry.operator, entry.stream))), len(order)
    )


def _rows(text: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(text.strip().splitlines())


def _places(source: list[dict[str, str]], operator_counts: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Return subgraph and index of every source operator by its id."""
    expected = [(subgraph, index) for subgraph, count in enumerate(operator_counts) for index in range(count)]
    rows = sorted(source, key=lambda row: int(row["id"]))
    if [int(row["ext_key"]) for row in rows] != [index for _, index in expected]:
        raise ValueError(f"it lists {len(rows)} operators that are not the {len(expected)} of the model, in order")
    return {row["id"]: place for row, place in zip(rows, expected, strict=True)}
