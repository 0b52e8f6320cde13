"""The data of a page: JSON in an element of the page, which no text in it can leave."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from npufit.formatting import printable
from npufit.report.document import plain

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def payload_text(document: object) -> Any:
    """Return a document as JSON that may stand in `<script type="application/json">`, in ASCII."""
    from markupsafe import Markup

    text = json.dumps(_spelled(plain(document)), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))


def _spelled(value: Any) -> Any:
    """Return plain data whose texts show the characters that would control or reverse what a browser shows."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_spelled(entry) for entry in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        return {_spelled(key): _spelled(entry) for key, entry in cast("dict[Any, Any]", value).items()}
    return value
