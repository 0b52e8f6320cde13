"""An evaluation as an HTML page: the answer, its intervals, the images and classes that change, and how it was done."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.evaluating import EvaluateResult, Proportion, Side
from npufit.formatting import percent, plural
from npufit.report.evaluate.pictures import picture_of
from npufit.report.evaluate.words import (
    gate_words,
    headline,
    is_good,
    measured_words,
    pair_words,
    preparation_words,
    reading_words,
    side_words,
    span,
    tie_words,
    time_words,
)
from npufit.report.evaluate.worst import worst_images
from npufit.report.model_line import describe_model
from npufit.report.page import Frame, Tone, render_page

_PICTURES = 24
_ROWS = 200

_Row = tuple[str, str, Proportion]
_Tile = tuple[str, str, str, str]


def evaluate_page(result: EvaluateResult) -> str:
    """Return the result as one HTML file with small copies of the images that change the most."""
    frame = Frame(
        verb="evaluate",
        subject=result.model.name,
        headline=headline(result),
        about=describe_model(result.model),
        tone=Tone.PLAIN if is_good(result) else Tone.BAD,
    )
    worst = worst_images(result)
    pair = result.main_pair
    failures = [("Unreadable images, not counted", result.unreadable), ("Failed, not counted", result.failed)]
    return render_page(
        "evaluate/evaluate.html.j2",
        frame,
        result=result,
        tiles=list(_tiles(result, len(worst))),
        agreement=list(_agreement(result)),
        accuracy=list(_accuracy(result)),
        pictures=[picture_of(result, image) for image in worst[:_PICTURES]],
        more_images=f"{_PICTURES} of {plural(len(worst), 'image')}." if len(worst) > _PICTURES else "",
        first=result.sides[pair.first] if pair else "",
        second=result.sides[pair.second] if pair else "",
        changed_objects=[entry for entry in (result.boxes.changed if result.boxes else ()) if _has_changed(entry)],
        failures=[(title, images) for title, images in failures if images],
        remarks=list(_remarks(result)),
        rows=_ROWS,
        span=span,
        gate_words=gate_words,
        measured_words=measured_words,
    )


def _has_changed(entry: object) -> bool:
    return bool(getattr(entry, "only_first", 0) or getattr(entry, "only_second", 0))


def _tiles(result: EvaluateResult, changed: int) -> Iterator[_Tile]:
    yield "Images", str(len(result.images)), "evaluated", "plain"
    for _, what, found in list(_agreement(result))[:2]:
        if found.share is not None:
            tone = "good" if found.share == 1.0 else "bad"
            yield f"{what[0].upper()}{what[1:]}", percent(found.share), f"{span(found)} at 95 %", tone
    for side, accuracy in result.classes.accuracy.items() if result.classes else ():
        top1 = accuracy.top1
        yield f"Right, {side}", percent(top1.share or 0.0), f"{span(top1)} at 95 %", "plain"
    for side, precision in result.boxes.precision.items() if result.boxes else ():
        yield f"mAP, {side}", f"{precision.coco.value:.3f}", measured_words(precision.coco), "plain"
    if result.main_pair is not None:
        yield "Images that change", str(changed), "another answer", "bad" if changed else "good"
    unread = len(result.unreadable) + len(result.failed)
    if unread:
        yield "Not counted", str(unread), "unreadable or failed", "bad"


def _agreement(result: EvaluateResult) -> Iterator[_Row]:
    """Yield who is compared, what was counted, and the share; no value equals that of a floating-point model."""
    for pair in result.pairs:
        name = pair_words(pair)
        if result.classes is not None:
            found = result.classes.agreement[pair]
            yield name, "the same top 1", found.top1
            if found.top5 is not None:
                yield name, "top 1 among the top 5", found.top5
        elif result.boxes is not None:
            yield name, "images with the same detections", result.boxes.agreement[pair].images
            yield name, "objects in common", result.boxes.agreement[pair].boxes
        else:
            for output in result.outputs.outputs[pair]:
                of = "" if len(result.outputs.outputs[pair]) == 1 else f" of output {output.output}"
                if output.pixels is not None:
                    yield name, f"pixels of the same class{of}", output.pixels
                yield name, f"equal values{of}", output.values
        if Side.ORIGINAL not in (pair.first, pair.second):
            yield name, "images with the same values in every output", result.outputs.images[pair]


def _accuracy(result: EvaluateResult) -> Iterator[_Row]:
    if result.classes is None:
        return
    for side in (side for side in Side if side in result.classes.accuracy):
        found = result.classes.accuracy[side]
        yield str(side), "the right class is top 1", found.top1
        if found.top5 is not None:
            yield str(side), "the right class is among the top 5", found.top5


def _remarks(result: EvaluateResult) -> Iterator[str]:
    yield side_words(result)
    yield reading_words(result)
    yield preparation_words(result)
    if result.boxes is not None:
        least = f"objects count from a score of {result.boxes.least_score:g}"
        yield f"{least}; two are the same if their class is the same and they overlap by at least half"
    yield time_words(result)
    yield from (text for text in [tie_words(result)] if text)
    yield from result.notes
