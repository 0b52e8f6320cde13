"""A new input resolution for people."""

from __future__ import annotations

from npufit.formatting import plural, quantity, shorten, size
from npufit.report.resize.document import CountsEntry, ResizeDocument
from npufit.report.terminal_page import Page, columns


def resize_text(document: ResizeDocument, page: Page) -> str:
    """Return what happened to inputs and outputs, to the work and to the largest tensor."""
    shapes = [
        (f"{role} {shorten(entry.name, 40)}", _shape(entry.before), _shape(entry.after))
        for role, entries in (("input", document.inputs), ("output", document.outputs))
        for entry in entries
    ]
    macs, largest = document.macs, document.largest_tensor_bytes
    rows = [
        ("", "before", "after"),
        *shapes,
        ("MACs", quantity(macs.before).strip(), quantity(macs.after).strip()),
        _sizes("largest tensor", largest),
    ]
    lines = [f"{shorten(document.model)}: {_answer(document)}", "", *columns(rows, right=(1, 2))]
    if document.notes:
        lines += ["", *(line for note in document.notes for line in page.wrap(note, "- ", "  "))]
    written = document.written
    lines += [
        "",
        *page.wrap(f"Written to {written}." if written else "Nothing was written: use -o OUT to write the result."),
    ]
    lines += page.wrap("The weights are those of the old size: measure the accuracy before you use it.")
    return "\n".join(lines)


def _answer(document: ResizeDocument) -> str:
    if not document.constants_changed and all(entry.before == entry.after for entry in document.inputs):
        return "it already has this size"
    return f"resized; {plural(document.constants_changed, 'constant')} recomputed"


def _sizes(label: str, entry: CountsEntry) -> tuple[str, str, str]:
    return label, size(entry.before), size(entry.after)


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
