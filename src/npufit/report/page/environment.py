"""The environment of the HTML templates: it escapes everything, and spells out what could control or reverse text."""

from __future__ import annotations

import functools
from typing import Any

from npufit import formatting


@functools.cache
def page_environment() -> Any:
    """Return the environment of the templates: `VERB/NAME.html.j2` in the folder of reports."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment: Any = Environment(
        loader=PackageLoader("npufit.report", "."), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=True, finalize=_finalize, keep_trailing_newline=True,
    )  # fmt: skip
    for name in ("milliseconds", "percent", "plural", "quantity", "ranges", "shorten", "significant", "size"):
        environment.filters[name] = getattr(formatting, name)
    environment.filters["units"] = _units
    return environment


def _units(text: str) -> Any:
    """Return a text whose milliseconds stay on the line of their number."""
    from markupsafe import escape

    return escape(formatting.printable(text)).replace(" ms", "\u00a0ms")


def _finalize(value: Any) -> Any:
    """Return what a template prints: text from files without control characters, nothing for None."""
    if value is None:
        return ""
    return formatting.printable(value) if type(value) is str else value
