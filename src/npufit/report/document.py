"""What documents share: dataclasses that become JSON directly.

The fields of a document are those of its JSON, in that order; the docstrings under them are the descriptions in the
published schema (`npufit.report.schema`). A field whose name is reserved in Python has an `alias` in its metadata. A
field with a default is omitted from the JSON while it has that value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, ClassVar, cast, overload

from npufit.formatting import clean

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Document:
    """The base of every JSON object: only its fields, each described by its docstring."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds of a number in the schema; `most` is None if there is none."""

    least: float
    most: float | None = None

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Return the schema of a number with these bounds, as pydantic asks for it."""
        bounds = {"minimum": self.least} | ({} if self.most is None else {"maximum": self.most})
        return {**handler(schema), **bounds}


Count = Annotated[int, Between(0)]
"""An index, a count, or a number of bytes."""

Milliseconds = Annotated[float, Between(0)]
Share = Annotated[float, Between(0, 1)]
Factor = Annotated[float, Between(0)]


@overload
def rounded(value: float) -> float: ...
@overload
def rounded(value: float | None) -> float | None: ...
def rounded(value: float | None) -> float | None:
    """Return `value` with as many digits as a prediction deserves."""
    if value is None or not math.isfinite(value):
        return value
    return float(f"{value:.{_DIGITS}g}")


def to_json(document: Any) -> str:
    """Return a document, or several, as JSON text: valid Unicode, null for non-numbers."""
    return json.dumps(plain(document), indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a document as dictionaries, lists, text and numbers."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        return {plain(key): plain(entry) for key, entry in cast("dict[Any, Any]", value).items()}
    if is_dataclass(value):
        found = ((name, getattr(value, own), default) for own, name, default in _names(type(value)))
        return {name: plain(entry) for name, entry, default in found if entry is not default}
    return value


@cache
def _names(kind: type[Any]) -> tuple[tuple[str, str, object], ...]:
    """Return the fields of a dataclass: its own name, that in JSON, and the default."""
    return tuple((entry.name, entry.metadata.get("alias", entry.name), entry.default) for entry in fields(kind))


def published_schema(command: str, form: str = "") -> str:
    """Return the JSON schema of what `npufit COMMAND --json` prints, as text; `form` is which, if it prints several."""
    return (files(f"npufit.report.{command}") / schema_name(form)).read_text(encoding="utf-8")


def schema_name(form: str) -> str:
    """Return the name of the file with the schema of a command's document."""
    return f"{form}.schema.json" if form else "schema.json"
