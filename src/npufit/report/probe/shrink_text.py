"""A shrinking for people: what is left of the model, and how to attach it to a bug report."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.formatting import plural, shorten
from npufit.report.probe.shrink_document import ShrinkDocument, SmallOperatorEntry, SmallTensorEntry
from npufit.report.terminal_page import Page

_SYMPTOMS = {
    "crash": "crashes",
    "timeout": "does not end",
    "error": "ends with an error",
    "refused": "leaves the operator on the CPU",
    "wrong": "gives wrong outputs",
}
_MOST_OPERATORS = 8
_MOST_STEPS = 8


def shrink_text(document: ShrinkDocument, page: Page, *, everything: bool = False) -> str:
    """Return the answer, the smallest model operator by operator, what was said, and what to do with it."""
    before, after = document.before, document.after
    tool = f"{shorten(document.tool, 120)}{f' ({document.version})' if document.version else ''}"
    lines = page.wrap(
        f"{shorten(document.model)}: {tool} {_SYMPTOMS[document.symptom]} on {plural(after.operators, 'operator')} of "
        f"{before.operators}; {after.values:,} of {before.values:,} values are left "
        f"({plural(document.questions, 'question')})."
    )
    if document.ended_by:
        lines += page.wrap(f"Ended by {document.ended_by}: the model may get smaller.")
    lines += [
        "",
        *(line for text in _operators(document, everything=everything) for line in page.wrap(text, "  ", "    ")),
    ]
    if document.message:
        lines += ["", *page.wrap(f"It says: {shorten(document.message, 600)}")]
    if len(document.steps) > 1:
        lines += ["", *page.wrap(_steps(document, everything=everything))]
    lines += ["", *page.wrap(_next(document))]
    return "\n".join(lines)


def _operators(document: ShrinkDocument, *, everything: bool) -> Iterator[str]:
    shown = document.operators if everything else document.operators[:_MOST_OPERATORS]
    yield from map(_operator, shown)
    more = document.after.operators - len(shown)
    if more:
        yield f"… and {plural(more, 'operator')} more"


def _operator(entry: SmallOperatorEntry) -> str:
    reads = ", ".join(_tensor(tensor) for tensor in entry.tensors if tensor.role != "result")
    writes = ", ".join(_tensor(tensor) for tensor in entry.tensors if tensor.role == "result")
    options = f"; {entry.options}" if entry.options else ""
    return f"{shorten(entry.type)}: {reads or 'nothing'} -> {writes or 'nothing'}{options}"


def _tensor(tensor: SmallTensorEntry) -> str:
    shape = "x".join(map(str, tensor.shape)) or "scalar"
    constant = " constant" if tensor.role == "constant" else ""
    channels = f" with {tensor.scales} scales" if tensor.scales > 1 else ""
    return f"{tensor.element} {shape}{constant}{channels}"


def _steps(document: ShrinkDocument, *, everything: bool) -> str:
    steps = document.steps if everything else document.steps[:_MOST_STEPS]
    words = [f"{step.what} ({step.operators} op, {step.values:,} values)" for step in steps]
    more = len(document.steps) - len(steps)
    return "Smaller step by step: " + "; ".join([*words, *([f"{more} more (-v)"] if more else [])]) + "."


def _next(document: ShrinkDocument) -> str:
    if document.written is None:
        return "Nothing was written: use -o small.tflite to get the model for a bug report."
    return f"Written to {document.written}. Attach it to the report, with the version of the tool and this text."
