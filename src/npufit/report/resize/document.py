"""The document of a new input resolution: what `npufit resize --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.graph import Model, measure_work
from npufit.report.document import Count, Document
from npufit.resizing import ResizeResult
from npufit.rewrite.tiling import largest_tensors


@dataclass(frozen=True, slots=True)
class ShapesEntry(Document):
    """The shape of an input or output, before and after."""

    name: str
    before: tuple[Count, ...]
    after: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class CountsEntry(Document):
    """A number before and after."""

    before: Count
    after: Count


@dataclass(frozen=True, slots=True)
class ResizeDocument(Document):
    """What happened to inputs and outputs, to the work and to the largest tensor."""

    schema_version: Literal[1]
    npufit_version: str
    model: str
    inputs: tuple[ShapesEntry, ...]
    """the resized inputs"""
    outputs: tuple[ShapesEntry, ...]
    """all outputs of the model"""
    macs: CountsEntry
    """multiply-accumulates of one inference"""
    largest_tensor_bytes: CountsEntry
    """bytes of the largest activation; float tensors at the ends of a quantized model do not count"""
    constants_changed: Count
    notes: tuple[str, ...]
    written: str | None
    """the file that was written; null without -o"""


def resize_document(result: ResizeResult, written: str | None) -> ResizeDocument:
    """Return the document of a new resolution."""
    before, after, resized = result.original, result.model, result.resized
    return ResizeDocument(
        schema_version=1,
        npufit_version=__version__,
        model=before.name,
        inputs=tuple(ShapesEntry(*entry) for entry in resized.inputs),
        outputs=_outputs(before, after),
        macs=CountsEntry(_macs(before), _macs(after)),
        largest_tensor_bytes=CountsEntry(largest_tensors(before.main)[0], largest_tensors(after.main)[0]),
        constants_changed=resized.constants,
        notes=resized.notes,
        written=written,
    )


def _outputs(before: Model, after: Model) -> tuple[ShapesEntry, ...]:
    pairs = zip(before.main.outputs, after.main.outputs, strict=True)
    tensors = ((before.main.tensors[old], after.main.tensors[new]) for old, new in pairs)
    return tuple(ShapesEntry(old.name, old.shape or (), new.shape or ()) for old, new in tensors)


def _macs(model: Model) -> int:
    return sum(measure_work(model.main, operator).macs for operator in model.main.operators)
