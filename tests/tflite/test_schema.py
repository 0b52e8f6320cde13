"""The description of the schema that files are read with is that of LiteRT's generated classes."""

from __future__ import annotations

import inspect
import json
import os
import re
from pathlib import Path
from typing import Any

import npufit.tflite
from npufit.tflite.names import schema_classes

KEPT = Path(npufit.tflite.__file__).parent / "schema.json"
ENUMS = ("BuiltinOperator", "BuiltinOptions", "BuiltinOptions2", "QuantizationDetails", "TensorType")


class _Recorder:
    """Stands in for the bytes of a table and notes what an accessor of a generated class asks of them."""

    def __init__(self) -> None:
        self.Bytes, self.Pos = b"", 0
        self.slot = 0
        self.asked: list[str] = []
        self.is_stored = True

    def Offset(self, slot: int) -> int:  # noqa: N802
        self.slot = slot
        return int(self.is_stored)

    def Get(self, number: Any, place: int) -> int:  # noqa: N802
        self.asked.append(number.__name__.removesuffix("Flags").lower())
        return 0

    def __getattr__(self, name: str) -> Any:
        def note(*_: object) -> int:
            self.asked.append(name)
            return 0

        return note


def _describe(table: type[Any], accessor: Any) -> list[object]:
    """Return the slot, the kind, the content and the default of one field, as `Field` has them."""
    instance, recorder = table(), _Recorder()
    instance._tab = recorder
    index = (0,) * (len(inspect.signature(accessor).parameters) - 1)
    found = accessor(instance, *index)
    content = type(found).__name__ if "Indirect" in recorder.asked else recorder.asked[-1]
    if "Vector" in recorder.asked:
        return [recorder.slot, "vector", content]
    if "Indirect" in recorder.asked:
        return [recorder.slot, "table", content]
    if content in ("String", "Union"):
        return [recorder.slot, {"String": "text", "Union": "union"}[content]]
    recorder.is_stored = False
    return [recorder.slot, content, "", accessor(instance)]


def _is_field(name: str, members: dict[str, Any]) -> bool:
    helpers = ("Length", "AsNumpy", "IsNone")
    return not (
        name == "Init"
        or name.startswith(("_", "GetRootAs"))
        or name.endswith("BufferHasIdentifier")
        or any(name.endswith(helper) and name.removesuffix(helper) in members for helper in helpers)
    )


def _snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), name).removeprefix("_")


def _members(owner: Any) -> dict[str, Any]:
    members: dict[str, Any] = owner.__dict__
    return dict(members)


def _schema() -> dict[str, Any]:
    classes = {name: member for name, member in _members(schema_classes()).items() if inspect.isclass(member)}
    tables = {
        name: {
            _snake_case(field): _describe(table, accessor)
            for field, accessor in _members(table).items()
            if _is_field(field, _members(table))
        }
        for name, table in classes.items()
        if hasattr(table, "Init")
    }
    enums = {
        name: {key: value for key, value in _members(classes[name]).items() if isinstance(value, int)} for name in ENUMS
    }
    return {"enums": enums, "tables": tables}


def _as_text(document: dict[str, Any]) -> str:
    parts = [
        f'"{part}": {{\n' + ",\n".join(f'"{name}": {json.dumps(entry)}' for name, entry in entries.items()) + "\n}"
        for part, entries in document.items()
    ]
    return "{" + ",\n".join(parts) + "}\n"


def test_the_schema_is_that_of_the_generated_classes() -> None:
    found = _schema()
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        KEPT.write_text(_as_text(found), encoding="utf-8")
    assert json.loads(KEPT.read_text(encoding="utf-8")) == found
