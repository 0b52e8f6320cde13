"""A new input resolution for people and scripts; the form of the JSON is fixed by `resize.schema.json`."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from npufit._version import __version__
from npufit.formatting import clean, plural, quantity, shorten, size
from npufit.graph import Model, measure_work
from npufit.report.terminal_page import Page, columns
from npufit.rewrite.resolution import Resized
from npufit.rewrite.tiling import largest_tensors

SCHEMA_VERSION = 1


def resize_schema() -> dict[str, Any]:
    """Return the JSON schema that `resize_json` follows."""
    return json.loads((files("npufit.report.resize") / "schema.json").read_text(encoding="utf-8"))


def resize_json(before: Model, resized: Resized, written: str | None) -> str:
    """Return the result as JSON text that follows the published schema."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "npufit_version": __version__,
        "model": clean(before.name),
        "inputs": [{"name": clean(name), "before": list(old), "after": list(new)} for name, old, new in resized.inputs],
        "outputs": [
            {"name": clean(name), "before": list(old), "after": list(new)}
            for name, old, new in _outputs(before, resized)
        ],
        "macs": {"before": _macs(before), "after": _macs(resized.model)},
        "largest_tensor_bytes": {
            "before": largest_tensors(before.main)[0],
            "after": largest_tensors(resized.model.main)[0],
        },
        "constants_changed": resized.constants,
        "notes": [clean(note) for note in resized.notes],
        "written": written,
    }
    return json.dumps(document, indent=2, allow_nan=False)


def resize_text(before: Model, resized: Resized, written: str | None, page: Page) -> str:
    """Return the result as text: what became of inputs and outputs, of the work and of the largest tensor."""
    shapes = [
        (f"{role} {shorten(name, 40)}", _shape(old), _shape(new))
        for role, entries in (("input", resized.inputs), ("output", _outputs(before, resized)))
        for name, old, new in entries
    ]
    largest = [size(largest_tensors(model.main)[0]) for model in (before, resized.model)]
    rows = [
        ("", "before", "after"),
        *shapes,
        ("MACs", quantity(_macs(before)).strip(), quantity(_macs(resized.model)).strip()),
        ("largest tensor", *largest),
    ]
    lines = [f"{shorten(before.name)}: {_answer(resized)}", "", *columns(rows, right=(1, 2))]
    if resized.notes:
        lines += ["", *(line for note in resized.notes for line in page.wrap(note, "- ", "  "))]
    lines += ["", *page.wrap(f"Written to {written}." if written else "Nothing was written: -o OUT writes it.")]
    lines += page.wrap("The weights are those of the old size: measure the accuracy before it is used.")
    return "\n".join(lines)


def _answer(resized: Resized) -> str:
    if not resized.constants and all(old == new for _, old, new in resized.inputs):
        return "it has this size already"
    return f"resized; {plural(resized.constants, 'constant')} recomputed"


def _outputs(before: Model, resized: Resized) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    return [
        (
            before.main.tensors[old].name,
            before.main.tensors[old].shape or (),
            resized.model.main.tensors[new].shape or (),
        )
        for old, new in zip(before.main.outputs, resized.model.main.outputs, strict=True)
    ]


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _macs(model: Model) -> int:
    return sum(measure_work(model.main, operator).macs for operator in model.main.operators)
