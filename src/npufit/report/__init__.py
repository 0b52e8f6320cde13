"""What people and scripts read: a folder for each command, a module for each format.

`document` is what `--json` prints, `text` what a terminal shows; `schema.json` is the published form of the document.
What several share is named for what it holds: `hazards`, `findings`, `predicted_time`, `model_line`, `terminal_page`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.document import published_schema, to_json
    from npufit.report.terminal_page import Page

__all__ = [
    "Page",
    "published_schema",
    "to_json",
]

_HOMES = {
    "npufit.report.document": ("published_schema", "to_json"),
    "npufit.report.terminal_page": ("Page",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
