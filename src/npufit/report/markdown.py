"""Markdown that shows file-provided names literally, and the environment that renders its templates."""

from __future__ import annotations

import functools
import html
from typing import Any

from npufit import formatting

_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]|#~"})


def escape(text: str) -> str:
    """Return `text` as Markdown that shows it literally, on one line, within a table."""
    return html.escape(formatting.printable(text), quote=False).translate(_MARKS)


@functools.cache
def template_environment() -> Any:
    """Return the environment of the templates: `VERB/NAME.md.j2` in this folder."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment: Any = Environment(
        loader=PackageLoader("npufit.report", "."), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=False, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["md"] = escape
    environment.filters["code"] = _code
    environment.filters["short"] = _short
    return environment


def _code(text: str) -> str:
    return formatting.printable(text).replace("`", "'")


def _short(text: str) -> str:
    return formatting.shorten(text, 160)
