"""Reading flatbuffers: tables, vectors and strings at checked positions, by the field names of the TFLite schema.

LiteRT's generated classes read the same fields. They are not used for reading because they import NumPy and look up
each field through five calls, which together took a third of a check, and because they trust the data. `schema.json`
says where each field is. A test compares it with the generated classes and regenerates it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib.resources import files
from struct import Struct, unpack_from
from typing import Any, NamedTuple

_INT32, _UINT32, _UINT16 = Struct("<i").unpack_from, Struct("<I").unpack_from, Struct("<H").unpack_from
_FORMATS = {
    "bool": "?", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q",
    "uint64": "Q", "float32": "f", "float64": "d",
}  # fmt: skip
_NUMBERS = {name: Struct("<" + code).unpack_from for name, code in _FORMATS.items()}
_WIDTHS = {name: Struct("<" + code).size for name, code in _FORMATS.items()}


class Field(NamedTuple):
    """The position and content of a table's field.

    `slot` is the offset in the vtable, in bytes. `kind` is a number type, `text`, `table` or `union`; `content` names
    the table, or the element of a vector. `default` is the value of a number that the file omits.
    """

    slot: int
    kind: str
    content: str = ""
    default: float = 0


@functools.cache
def schema() -> tuple[Mapping[str, Mapping[str, Field]], Mapping[str, Mapping[str, int]]]:
    """Return the tables of the schema, as fields by name in the schema's order, and its enums, as codes by name."""
    document: dict[str, dict[str, Any]] = json.loads((files("npufit.tflite") / "schema.json").read_text("utf-8"))
    tables = {
        table: {name: Field(*place) for name, place in fields.items()} for table, fields in document["tables"].items()
    }
    return tables, document["enums"]


class Table:
    """A table of a flatbuffer. Methods raise struct.error or IndexError for positions outside the bytes."""

    __slots__ = ("_data", "_fields", "_position", "_vtable", "_vtable_bytes")

    def __init__(self, data: bytes, position: int, name: str) -> None:
        """Open the table `name` of the schema at byte `position` of `data`."""
        vtable = position - _INT32(data, position)[0]
        if vtable < 0:
            raise IndexError(f"the fields of a table are listed at byte {vtable}")
        self._data = data
        self._position = position
        self._vtable = vtable
        self._vtable_bytes: int = _UINT16(data, vtable)[0]
        self._fields = schema()[0][name]

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields that the schema gives this table, by name."""
        return self._fields

    def has(self, field: str) -> bool:
        """Return whether the file stores `field`."""
        return self._place(self._fields[field].slot) != 0

    def number(self, field: str) -> Any:
        """Return a number or bool, the schema's default if the file omits it."""
        slot, kind, _, default = self._fields[field]
        place = self._place(slot)
        return _NUMBERS[kind](self._data, place)[0] if place else default

    def text(self, field: str) -> bytes | None:
        """Return the bytes of a string, None if the file omits it."""
        place = self._place(self._fields[field].slot)
        if not place:
            return None
        start, length = self._extent(place, 1)
        return self._data[start : start + length]

    def length(self, field: str) -> int:
        """Return the number of elements of a vector, 0 if the file omits it."""
        place = self._place(self._fields[field].slot)
        return _UINT32(self._data, place + _UINT32(self._data, place)[0])[0] if place else 0

    def numbers(self, field: str) -> tuple[Any, ...]:
        """Return the elements of a vector of numbers, none if the file omits it."""
        slot, _, element, _ = self._fields[field]
        place = self._place(slot)
        if not place:
            return ()
        start, length = self._extent(place, _WIDTHS[element])
        return unpack_from(f"<{length}{_FORMATS[element]}", self._data, start)

    def content(self, field: str) -> memoryview:
        """Return the bytes of a vector of bytes without a copy, none if the file omits it."""
        place = self._place(self._fields[field].slot)
        start, length = self._extent(place, 1) if place else (0, 0)
        return memoryview(self._data)[start : start + length]

    def table(self, field: str) -> Table | None:
        """Return the table in `field`, None if the file omits it."""
        return self.union(field, self._fields[field].content)

    def union(self, field: str, name: str) -> Table | None:
        """Return the content of `field` as the table `name`, None if the file omits it."""
        place = self._place(self._fields[field].slot)
        return Table(self._data, place + _UINT32(self._data, place)[0], name) if place else None

    def tables(self, field: str) -> list[Table]:
        """Return the tables of a vector, none if the file omits it."""
        slot, _, name, _ = self._fields[field]
        place = self._place(slot)
        if not place:
            return []
        start, length = self._extent(place, 4)
        offsets = unpack_from(f"<{length}I", self._data, start)
        return [Table(self._data, start + 4 * index + offset, name) for index, offset in enumerate(offsets)]

    def _place(self, slot: int) -> int:
        """Return the byte at which a field starts, 0 if the file omits it."""
        if slot >= self._vtable_bytes:
            return 0
        offset: int = _UINT16(self._data, self._vtable + slot)[0]
        return self._position + offset if offset else 0

    def _extent(self, place: int, width: int) -> tuple[int, int]:
        """Return where the elements of a vector or string start, and their number, all inside the bytes."""
        start: int = place + _UINT32(self._data, place)[0]
        length: int = _UINT32(self._data, start)[0]
        start += 4
        if start + length * width > len(self._data):
            raise IndexError(f"data at byte {start} ends at byte {start + length * width} of {len(self._data)}")
        return start, length


def root_table(data: bytes, name: str) -> Table:
    """Return the table `name` at the start of `data`."""
    return Table(data, _UINT32(data, 0)[0], name)
