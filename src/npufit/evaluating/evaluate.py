"""Evaluating a model: every image through the reference kernels, what the target would answer, and the original."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from npufit.errors import InputError
from npufit.evaluating.answering import Answers, answer_images
from npufit.evaluating.average_precision import AveragePrecision, LabelledImage, average_precision
from npufit.evaluating.box_labels import BoxLabels, read_box_labels
from npufit.evaluating.box_summary import summarize_boxes
from npufit.evaluating.class_labels import FOLDERS, Classes, ClassLabels, read_class_labels
from npufit.evaluating.class_summary import summarize_classes
from npufit.evaluating.gates import Judged, judge_gate, parse_gate
from npufit.evaluating.image_files import ImageFile, find_images
from npufit.evaluating.names import names_of_classes
from npufit.evaluating.options import EvaluateOptions
from npufit.evaluating.output_summary import summarize_outputs
from npufit.evaluating.progress import EvaluateStage
from npufit.evaluating.reading import Reading, Task
from npufit.evaluating.records import ImageRecord, Side
from npufit.evaluating.result import EvaluatedImage, EvaluateResult
from npufit.evaluating.sides import Contest, set_up
from npufit.execution import RANGES, Fitting, Preparation, pixel_range
from npufit.formatting import plural
from npufit.loading import ModelSource, load
from npufit.stacks import Target

_BACKGROUND_CLASSES = 1001


def evaluate(
    model: ModelSource, target: Target | str | None = None, options: EvaluateOptions | None = None
) -> EvaluateResult:
    """Return how the answers of `model` on images change on `target`, and with labels how often they are right.

    Each image goes through LiteRT's reference kernels; through what the target would answer, if there is one: the file
    that Vela compiles, a captured run of Mesa's driver, or a fitted file; and through the floating-point original, if
    given. Raises InputError if the images, the labels, the model or the target cannot be used, ToolError if a needed
    tool fails.
    """
    options = options or EvaluateOptions()
    gates = tuple(map(parse_gate, options.require))
    if options.images is None:
        raise InputError("no images given. Name a folder with --images.")
    contest = set_up(load(model), target, options)
    if not contest.pairs and options.labels is None:
        raise InputError(
            "there is nothing to compare: name a target (-t), a floating-point model (--original) or labels (--labels)."
        )
    images = find_images(options.images, options.limit)
    preparation = _preparation(contest, options)
    names = names_of_classes(contest.model, contest.reading, options.class_names)
    labels = _labels(images, contest.reading, names, options)
    started = time.perf_counter()
    answers = answer_images(images, contest, preparation, options)
    result = _summarize(answers, contest, preparation, labels, names, options)
    judged = Judged(
        result.main_pair,
        Side.TARGET if Side.TARGET in contest.setups else Side.REFERENCE,
        result.classes,
        result.boxes,
        result.outputs,
        len(result.unreadable),
        len(result.failed),
    )
    return replace(
        result,
        gates=tuple(judge_gate(gate, result.place, judged) for gate in gates),
        seconds=time.perf_counter() - started,
    )


def _preparation(contest: Contest, options: EvaluateOptions) -> Preparation:
    """Return what happens to images, with everything that is left open decided by the model."""
    reference = contest.setups[Side.REFERENCE]
    is_yolo = contest.reading.task in (Task.YOLOV5, Task.YOLOV8)
    fitting = Fitting(options.resize) if options.resize else Fitting.LETTERBOX if is_yolo else Fitting.STRETCH
    if (options.mean or options.std) and options.normalize != "auto":
        raise InputError("--normalize and --mean or --std say the same in two ways. Give one of them.")
    if any(not value > 0.0 for value in options.std):
        raise InputError("--std must be positive.")
    if options.std and max(options.std) < 1.0:
        raise InputError(
            "--mean and --std are in pixel values of 0 to 255, so a deviation below 1 is not meant. Multiply values "
            "for pixels of 0 to 1 by 255: --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375."
        )
    ends = pixel_range(contest.model, reference.image, options.normalize)
    normalize = next(name for name, known in RANGES.items() if known == ends)
    return Preparation(fitting, normalize, options.mean, options.std)


_Labels = ClassLabels | BoxLabels | None


def _labels(images: Sequence[ImageFile], reading: Reading, names: tuple[str, ...], options: EvaluateOptions) -> _Labels:
    source = options.labels
    if source is None:
        return None
    if reading.task is Task.CLASSIFICATION:
        assert reading.classes is not None
        offset = options.label_offset
        if offset is None and reading.classes != _BACKGROUND_CLASSES:
            offset = 0
        return read_class_labels(source, images, Classes(reading.classes, names, offset))
    if not reading.task.is_detection:
        raise InputError(f"--labels needs a classifier or a detector, but {reading.why}.")
    if source == FOLDERS:
        raise InputError("--labels folders is for classifiers; a detector needs a COCO file of boxes.")
    return read_box_labels(Path(source), images, reading.classes, names)


def _summarize(
    answers: Answers,
    contest: Contest,
    preparation: Preparation,
    labels: _Labels,
    names: tuple[str, ...],
    options: EvaluateOptions,
) -> EvaluateResult:
    images = tuple(_evaluated(answers, labels))
    records = [image.record for image in images]
    reading, pairs, sides = contest.reading, contest.pairs, tuple(contest.setups)
    result = EvaluateResult(
        model=contest.model,
        place=contest.place,
        sides=contest.names,
        npu_calls=contest.npu_calls,
        image_input=contest.setups[Side.REFERENCE].image,
        reading=reading,
        preparation=preparation,
        pairs=pairs,
        images=images,
        unreadable=answers.unreadable,
        failed=answers.failed,
        outputs=summarize_outputs(records, pairs),
        class_names=names,
        notes=(*contest.notes, *answers.notes, *([labels.how] if labels else []), *_findings(records)),
        kept=answers.kept,
    )
    if reading.task is Task.CLASSIFICATION:
        rows = [(image.record.rankings, image.label) for image in images]
        return replace(result, classes=summarize_classes(rows, pairs, sides, reading.classes or 0))
    if not reading.task.is_detection:
        return result
    precision: dict[Side, AveragePrecision] = {}
    if isinstance(labels, BoxLabels):
        options.progress(EvaluateStage.PRECISION)
        rows = [
            LabelledImage(image.name, image.record.width, image.record.height, image.record.boxes) for image in images
        ]
        precision = average_precision(rows, labels, sides)
    boxes = summarize_boxes([record.boxes for record in records], pairs, options.least_score, precision)
    return replace(result, boxes=boxes)


def _evaluated(answers: Answers, labels: _Labels) -> Iterator[EvaluatedImage]:
    for image, record in answers.records:
        label = labels.by_image.get(image.name) if isinstance(labels, ClassLabels) else None
        boxes = labels.by_image.get(image.name) if isinstance(labels, BoxLabels) else None
        yield EvaluatedImage(image.name, image.path, record, label, boxes)


def _findings(records: Sequence[ImageRecord]) -> Iterator[str]:
    count = sum(record.findings > 0 for record in records)
    if count:
        yield (
            f"the simulator found faults in the command streams on {plural(count, 'image')}, so a board may answer "
            "otherwise; npufit run --compare lists them"
        )
