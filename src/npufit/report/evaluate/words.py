"""The sentences of an evaluation, which its text and its page share."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.evaluating import (
    EvaluatedImage,
    EvaluateResult,
    GateOutcome,
    Measured,
    Pair,
    Proportion,
    Side,
    Task,
    match_boxes,
)
from npufit.execution import Preparation
from npufit.formatting import percent, plural, quantity, significant

CONFIDENCE_WORDS = "at 95 % confidence"
_LABELS = 3


def headline(result: EvaluateResult) -> str:
    """Return the answer in one line, with its interval."""
    pair = result.main_pair
    if pair is None:
        return f"{_accuracy(result)}{_unread(result)}"
    text = _agreement(result, pair)
    nothing = "; no operator runs on the NPU" if result.npu_calls == 0 else ""
    return f"{text}{nothing}{_unread(result)}"


def is_good(result: EvaluateResult) -> bool:
    """Return whether every answer of the main pair is the same."""
    pair = result.main_pair
    if pair is None:
        return True
    found = result.outputs.images[pair]
    if result.classes is not None:
        found = result.classes.agreement[pair].top1
    elif result.boxes is not None:
        found = result.boxes.agreement[pair].images
    return found.part == found.whole


def _agreement(result: EvaluateResult, pair: Pair) -> str:
    where = f"on {result.sides[pair.second]} as {_in(result, pair.first)}"
    if result.classes is not None:
        found = result.classes.agreement[pair].top1
        return f"{_count(found)} the same top-1 {where} {_between(found)}"
    if result.boxes is not None:
        agreement = result.boxes.agreement[pair]
        boxes = agreement.boxes
        share = f"no object with a score of at least {result.boxes.least_score:g}"
        if boxes.share is not None:
            share = f"{percent(boxes.share)} of {plural(int(boxes.whole), 'object')} in common"
        return f"{_count(agreement.images)} the same detections {where} {_between(agreement.images)}: {share}"
    images = result.outputs.images[pair]
    pixels = [found.pixels for found in result.outputs.outputs[pair] if found.pixels is not None]
    if pixels and pixels[0].share is not None:
        many = f"{percent(pixels[0].share)} of {quantity(pixels[0].whole).strip()} pixels the same class {where}"
        return f"{many} {_between(pixels[0])}; {_count(images)} the same values throughout"
    return f"{_count(images)} the same output values {where} {_between(images)}"


def _in(result: EvaluateResult, side: Side) -> str:
    return f"in {result.sides[side]}"


def _count(found: Proportion) -> str:
    return f"{int(found.part)} of {int(found.whole)}"


def _between(found: Proportion) -> str:
    return f"({span(found)} {CONFIDENCE_WORDS})"


def span(found: Proportion) -> str:
    """Return an interval in percent: `86.5 % to 98.9 %`."""
    return f"{percent(found.low)} to {percent(found.high)}"


def measured_words(found: Measured) -> str:
    """Return a mean average precision with its interval: `0.312 (0.274 to 0.350)`."""
    ends = "" if found.low is None or found.high is None else f" ({found.low:.3f} to {found.high:.3f})"
    return f"{found.value:.3f}{ends}"


def _accuracy(result: EvaluateResult) -> str:
    name = result.sides[Side.REFERENCE]
    if result.classes is not None:
        found = result.classes.accuracy[Side.REFERENCE].top1
        return f"{_count(found)} right in {name} {_between(found)}"
    if result.boxes is not None and result.boxes.precision:
        return f"mean average precision {measured_words(result.boxes.precision[Side.REFERENCE].coco)} in {name}"
    return f"{plural(len(result.images), 'image')} in {name}"


def _unread(result: EvaluateResult) -> str:
    parts = (
        (len(result.unreadable), "unreadable"),
        (len(result.failed), "failed"),
    )
    found = ", ".join(f"{count} {what}" for count, what in parts if count)
    return f"; not counted: {found}" if found else ""


def reading_words(result: EvaluateResult) -> str:
    """Return how the outputs were read and what happened to the images."""
    return f"read as {result.reading.task}: {result.reading.why}"


def preparation_words(result: EvaluateResult) -> str:
    """Return what happened to the images before the model saw them."""
    shape = result.model.main.tensors[result.image_input].shape or ()
    return f"images: {_fitting(result.preparation)} to {'x'.join(map(str, shape[1:]))}, {_range(result.preparation)}"


def _fitting(preparation: Preparation) -> str:
    return {"stretch": "stretched", "crop": "cropped in the middle", "letterbox": "letterboxed"}[preparation.fitting]


def _range(preparation: Preparation) -> str:
    if preparation.mean or preparation.std:
        mean, std = (",".join(f"{value:g}" for value in values) for values in (preparation.mean, preparation.std))
        return f"mean {mean or '0'}, deviation {std or '1'}"
    return f"black to white as {preparation.normalize.replace('..', ' to ')}"


def time_words(result: EvaluateResult) -> str:
    """Return how long it took, and how much was kept from before."""
    computed = len(result.images) - result.kept
    each = f", {significant(1000 * result.seconds / computed)} ms each" if computed > 0 else ""
    kept = f"; {result.kept} of {len(result.images)} answers kept from before" if result.kept else ""
    return f"{plural(len(result.images), 'image')} in {significant(result.seconds)} s{each if not kept else ''}{kept}"


def tie_words(result: EvaluateResult) -> str:
    """Return how many answers were decided by a tie; empty if none was."""
    pair = result.main_pair
    if pair is None or result.classes is None:
        return ""
    found = result.classes.agreement[pair]
    if not found.tied:
        return ""
    changed = int(found.top1.whole - found.top1.part)
    of_them = f"; {found.tied_changes} of the {changed} changed are among them" if changed else ""
    noun = "image has" if found.tied == 1 else "images have"
    return f"ties: {found.tied} {noun} several best classes with one score, and the lowest index counts{of_them}"


def pair_words(pair: Pair) -> str:
    """Return which sides are compared."""
    return f"{pair.second} as {pair.first}"


def side_words(result: EvaluateResult) -> str:
    """Return who answered."""
    return "; ".join(f"{side}: {name}" for side, name in result.sides.items())


def gate_words(gate: GateOutcome) -> str:
    """Return whether a gate held, and whether there are enough images to know."""
    text = str(gate.result)
    if gate.is_sure is not False:
        return text
    needed = f"about {gate.needed} such images would tell" if gate.needed else "no number of images can tell"
    return f"{text}; not sure: the bound lies within the 95 % interval, {needed}"


def moved_words(result: EvaluateResult, image: EvaluatedImage) -> str:
    """Return what changed for one image in the main pair."""
    pair, record = result.main_pair, image.record
    if pair is None:
        return ""
    if result.classes is not None:
        first, second = record.rankings[pair.first], record.rankings[pair.second]
        tied = ", a tie" if first.is_tied or second.is_tied else ""
        before = f"{result.class_name(first.best)} {significant(max(0.0, first.scores[0]))}"
        return f"{before} → {result.class_name(second.best)} {significant(max(0.0, second.scores[0]))}{tied}"
    if result.boxes is not None:
        match = match_boxes(record.boxes[pair.first], record.boxes[pair.second], result.boxes.least_score)
        lost = list(_objects(result, "lost", [box.label for box in match.only_first]))
        new = list(_objects(result, "new", [box.label for box in match.only_second]))
        return "; ".join((*lost, *new)) or f"{plural(len(match.both), 'object')} in common"
    changes = record.changes[pair]
    values, differing = (sum(getattr(change, name) for change in changes) for name in ("values", "differing"))
    largest = max((change.largest for change in changes), default=0.0)
    return f"{percent(differing / values if values else 0.0)} of the values differ, by up to {largest:.3g}"


def _objects(result: EvaluateResult, what: str, labels: list[int]) -> Iterator[str]:
    if not labels:
        return
    names = [result.class_name(label) for label in labels]
    counts = {name: names.count(name) for name in names}
    words = [name if count == 1 else f"{count} {name}" for name, count in counts.items()]
    more = f" and {len(words) - _LABELS} more" if len(words) > _LABELS else ""
    yield f"{what}: {', '.join(words[:_LABELS])}{more}"


def is_read(result: EvaluateResult) -> bool:
    """Return whether the outputs are more than values."""
    return result.reading.task is not Task.OUTPUTS
