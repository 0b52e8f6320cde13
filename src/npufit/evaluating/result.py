"""The result of an evaluation: the answers for each image, what they add up to, and how they were obtained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from npufit.checking import GateResult
from npufit.evaluating.box_labels import TrueBox
from npufit.evaluating.box_summary import BoxSummary
from npufit.evaluating.class_summary import ClassSummary
from npufit.evaluating.output_summary import OutputSummary
from npufit.evaluating.reading import Reading
from npufit.evaluating.records import ImageRecord, Pair, Side
from npufit.execution import Preparation
from npufit.graph import Model


@dataclass(frozen=True, slots=True)
class EvaluatedImage:
    """An image, its record, and what is right for it: the class, or the boxes; None if unknown."""

    name: str
    path: Path
    record: ImageRecord
    label: int | None = None
    boxes: tuple[TrueBox, ...] | None = None


@dataclass(frozen=True, slots=True)
class FailedImage:
    """An image without an answer, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """Whether a gate held for the observed value, and whether the images suffice to know.

    `is_sure` is False if the bound lies within the 95 % interval of the observed value, None if it has none; `needed`
    is about how many images the same value would need.
    """

    result: GateResult
    is_sure: bool | None = None
    needed: int | None = None


@dataclass(frozen=True, slots=True)
class EvaluateResult:
    """The answers of a model on images, and what they add up to.

    `sides` has a name for each side that answered, `npu_calls` the calls of the NPU in one inference of the target,
    None if there is none. `image_input` is the input that takes the image. `pairs` are the compared pairs, the main one
    first. One of `classes` and `boxes` is there if the outputs could be read; `outputs` always is. `unreadable` are
    images that are damaged or no images, `failed` those on which a model could not be executed or a worker died.
    `class_names` is empty if they are not known.
    """

    model: Model
    place: str
    sides: Mapping[Side, str]
    npu_calls: int | None
    image_input: int
    reading: Reading
    preparation: Preparation
    pairs: tuple[Pair, ...]
    images: tuple[EvaluatedImage, ...]
    unreadable: tuple[FailedImage, ...]
    failed: tuple[FailedImage, ...]
    outputs: OutputSummary
    classes: ClassSummary | None = None
    boxes: BoxSummary | None = None
    class_names: tuple[str, ...] = ()
    gates: tuple[GateOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    kept: int = 0
    seconds: float = 0.0

    @property
    def main_pair(self) -> Pair | None:
        """The pair that the evaluation is about: the target against the reference, if there is a target."""
        return self.pairs[0] if self.pairs else None

    def class_name(self, index: int) -> str:
        """Return the name of a class, or its index if it has none."""
        return self.class_names[index] if index < len(self.class_names) else str(index)
