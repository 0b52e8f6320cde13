"""The document of an evaluation: what `npufit evaluate --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.evaluating import (
    AveragePrecision,
    BoxAgreement,
    ChangedClass,
    ChangedObjects,
    ClassAccuracy,
    ClassAgreement,
    EvaluatedImage,
    EvaluateResult,
    FailedImage,
    GateOutcome,
    Measured,
    OutputAgreement,
    Pair,
    Proportion,
    Ranking,
    Side,
    Task,
)
from npufit.execution import Fitting, Preparation
from npufit.report.document import Count, Document, Factor, Share, rounded
from npufit.report.evaluate.worst import is_changed, worst_images


@dataclass(frozen=True, slots=True)
class ModelEntry(Document):
    """The model that was evaluated."""

    name: str
    operators: Count


@dataclass(frozen=True, slots=True)
class ReadingEntry(Document):
    """How the outputs were read, and why."""

    task: Task
    why: str
    classes: Count | None


@dataclass(frozen=True, slots=True)
class PreparationEntry(Document):
    """What happened to images before the model saw them."""

    resize: Fitting
    normalize: str
    """the real values of black and white; not used with mean or std"""
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SideEntry(Document):
    """Who answered."""

    side: Side
    name: str


@dataclass(frozen=True, slots=True)
class ShareEntry(Document):
    """An observed share with its Wilson interval at 95 % confidence."""

    part: Factor
    whole: Factor
    share: Share | None
    low: Share
    high: Share


@dataclass(frozen=True, slots=True)
class ClassAgreementEntry(Document):
    """How often a classifier's sides agree."""

    top1: ShareEntry
    top5: ShareEntry | None
    """the first side's best class is among the second side's best five; null for five classes or fewer"""
    tied: Count
    """images where several classes share the best score on either side; the lowest index counts"""
    tied_changes: Count


@dataclass(frozen=True, slots=True)
class BoxAgreementEntry(Document):
    """How far a detector's sides agree: objects of the same class that overlap by at least half."""

    images: ShareEntry
    """images where neither side has an object that the other has not"""
    boxes: ShareEntry
    """objects that both have, of those that at least one has"""
    only_first: Count
    only_second: Count
    mean_overlap: Share | None


@dataclass(frozen=True, slots=True)
class OutputEntry(Document):
    """One output, compared value by value."""

    tensor: Count
    name: str
    images: ShareEntry
    """images where every value is the same"""
    values: ShareEntry
    pixels: ShareEntry | None
    """pixels with the same class; null unless the output is a map of classes"""
    largest_difference: Factor | None
    """in real numbers"""


@dataclass(frozen=True, slots=True)
class PairEntry(Document):
    """Two sides that were compared."""

    first: Side
    second: Side
    classes: ClassAgreementEntry | None
    boxes: BoxAgreementEntry | None
    outputs: tuple[OutputEntry, ...]


@dataclass(frozen=True, slots=True)
class MeasuredEntry(Document):
    """A number, with a 95 % interval by resampling the images; null ends if that is not known."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AccuracyEntry(Document):
    """How often a side is right, by the labels."""

    side: Side
    top1: ShareEntry | None
    top5: ShareEntry | None
    tied: Count | None
    map: MeasuredEntry | None
    """mean average precision over overlaps of 0.5 to 0.95"""
    map50: MeasuredEntry | None
    map_drop: MeasuredEntry | None
    """how much lower `map` is than that of the reference"""


@dataclass(frozen=True, slots=True)
class MoveEntry(Document):
    """Where images of a class went."""

    label: Count
    name: str
    images: Count


@dataclass(frozen=True, slots=True)
class ChangedClassEntry(Document):
    """A class whose answers change in the first pair."""

    label: Count
    name: str
    images: Count | None
    """images that the first side puts into the class; null for detectors"""
    changed: Count
    moved_to: tuple[MoveEntry, ...]
    both: Count | None
    """objects that both sides find; null for classifiers"""
    only_first: Count | None
    only_second: Count | None


@dataclass(frozen=True, slots=True)
class ImageEntry(Document):
    """One image."""

    name: str
    width: Count
    height: Count
    changed: bool
    """the answer of the first pair changed: the best class, an object, or any value"""
    label: Count | None
    """the right class, null if unknown"""
    top1: tuple[Count, ...]
    """the best class of each side, in the order of `sides`; empty unless the model is a classifier"""
    largest_difference: Factor | None
    """of any output between the target and the reference, in real numbers"""


@dataclass(frozen=True, slots=True)
class FailureEntry(Document):
    """An image without an answer."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class GateEntry(Document):
    """Whether a `--require` held for what was observed."""

    gate: str
    found: float | None
    """the value in the gate's unit; null if it is unknown"""
    passed: bool
    sure: bool | None
    """false if the bound lies within the 95 % interval; null without one"""
    images_needed: Count | None
    """about how many independent images would make the same value sure"""


@dataclass(frozen=True, slots=True)
class EvaluateDocument(Document):
    """How the answers of a model on images change on a target, and how often they are right."""

    schema_version: Literal[1]
    npufit_version: str
    model: ModelEntry
    place: str
    npu_calls: Count | None
    """calls of the NPU in one inference; null if none was executed"""
    reading: ReadingEntry
    preparation: PreparationEntry
    confidence: Share
    sides: tuple[SideEntry, ...]
    images_evaluated: Count
    pairs: tuple[PairEntry, ...]
    """the first one is what the evaluation is about"""
    accuracy: tuple[AccuracyEntry, ...]
    """empty without labels"""
    changed_classes: tuple[ChangedClassEntry, ...]
    least_score: Share | None
    """objects below do not count; null unless the model is a detector"""
    images: tuple[ImageEntry, ...]
    """the largest changes first"""
    unreadable: tuple[FailureEntry, ...]
    failed: tuple[FailureEntry, ...]
    gates: tuple[GateEntry, ...]
    notes: tuple[str, ...]
    kept: Count
    """answers that were found instead of computed"""
    seconds: Factor


def evaluate_document(result: EvaluateResult) -> EvaluateDocument:
    """Return the document of an evaluation."""
    return EvaluateDocument(
        schema_version=1,
        npufit_version=__version__,
        model=ModelEntry(result.model.name, len(result.model.main.operators)),
        place=result.place,
        npu_calls=result.npu_calls,
        reading=ReadingEntry(result.reading.task, result.reading.why, result.reading.classes),
        preparation=_preparation(result.preparation),
        confidence=0.95,
        sides=tuple(SideEntry(side, name) for side, name in result.sides.items()),
        images_evaluated=len(result.images),
        pairs=tuple(_pair(result, pair) for pair in result.pairs),
        accuracy=tuple(_accuracies(result)),
        changed_classes=_changed_classes(result),
        least_score=result.boxes.least_score if result.boxes else None,
        images=tuple(_image(result, image) for image in worst_images(result, only_changed=False)),
        unreadable=_failures(result.unreadable),
        failed=_failures(result.failed),
        gates=tuple(_gate(gate) for gate in result.gates),
        notes=result.notes,
        kept=result.kept,
        seconds=round(result.seconds, 3),
    )


def _preparation(preparation: Preparation) -> PreparationEntry:
    return PreparationEntry(preparation.fitting, preparation.normalize, preparation.mean, preparation.std)


def _pair(result: EvaluateResult, pair: Pair) -> PairEntry:
    return PairEntry(
        pair.first,
        pair.second,
        _class_agreement(result.classes.agreement[pair]) if result.classes else None,
        _box_agreement(result.boxes.agreement[pair]) if result.boxes else None,
        tuple(_output(result, found) for found in result.outputs.outputs[pair]),
    )


def _class_agreement(found: ClassAgreement) -> ClassAgreementEntry:
    return ClassAgreementEntry(_share(found.top1), _share_or_none(found.top5), found.tied, found.tied_changes)


def _box_agreement(found: BoxAgreement) -> BoxAgreementEntry:
    overlap = rounded(found.overlap)
    return BoxAgreementEntry(_share(found.images), _share(found.boxes), found.only_first, found.only_second, overlap)


def _output(result: EvaluateResult, found: OutputAgreement) -> OutputEntry:
    return OutputEntry(
        found.output,
        result.model.main.tensors[found.output].name if found.output < len(result.model.main.tensors) else "",
        _share(found.images),
        _share(found.values),
        _share_or_none(found.pixels),
        rounded(found.largest),
    )


def _accuracies(result: EvaluateResult) -> list[AccuracyEntry]:
    if result.classes is not None:
        return [_accuracy(side, found, None) for side, found in result.classes.accuracy.items()]
    if result.boxes is not None:
        return [_accuracy(side, None, found) for side, found in result.boxes.precision.items()]
    return []


def _accuracy(side: Side, classes: ClassAccuracy | None, boxes: AveragePrecision | None) -> AccuracyEntry:
    return AccuracyEntry(
        side,
        _share_or_none(classes.top1) if classes else None,
        _share_or_none(classes.top5) if classes else None,
        classes.tied if classes else None,
        _measured(boxes.coco) if boxes else None,
        _measured(boxes.half) if boxes else None,
        _measured(boxes.drop) if boxes else None,
    )


def _measured(found: Measured | None) -> MeasuredEntry | None:
    return None if found is None else MeasuredEntry(rounded(found.value), rounded(found.low), rounded(found.high))


def _changed_classes(result: EvaluateResult) -> tuple[ChangedClassEntry, ...]:
    changed: tuple[ChangedClass | ChangedObjects, ...] = ()
    if result.classes is not None:
        changed = result.classes.changed
    elif result.boxes is not None:
        changed = tuple(entry for entry in result.boxes.changed if entry.only_first or entry.only_second)
    return tuple(_changed_class(result, entry) for entry in changed)


def _changed_class(result: EvaluateResult, entry: ChangedClass | ChangedObjects) -> ChangedClassEntry:
    name = result.class_name(entry.label)
    if isinstance(entry, ChangedObjects):
        changed = entry.only_first + entry.only_second
        counts = entry.both, entry.only_first, entry.only_second
        return ChangedClassEntry(entry.label, name, None, changed, (), *counts)
    moves = tuple(MoveEntry(label, result.class_name(label), images) for label, images in entry.moved_to)
    return ChangedClassEntry(entry.label, name, entry.images, entry.changed, moves, None, None, None)


def _image(result: EvaluateResult, image: EvaluatedImage) -> ImageEntry:
    record = image.record
    rankings: list[Ranking] = [record.rankings[side] for side in result.sides if side in record.rankings]
    largest = rounded(record.largest_change) if Side.TARGET in result.sides else None
    best = tuple(ranking.best for ranking in rankings)
    return ImageEntry(image.name, record.width, record.height, is_changed(result, image), image.label, best, largest)


def _share(found: Proportion) -> ShareEntry:
    return ShareEntry(found.part, found.whole, rounded(found.share), rounded(found.low), rounded(found.high))


def _share_or_none(found: Proportion | None) -> ShareEntry | None:
    return None if found is None else _share(found)


def _failures(images: tuple[FailedImage, ...]) -> tuple[FailureEntry, ...]:
    return tuple(FailureEntry(image.name, image.why) for image in images)


def _gate(gate: GateOutcome) -> GateEntry:
    found = gate.result
    return GateEntry(found.gate.text, rounded(found.found), found.passed, gate.is_sure, gate.needed)
