"""Pictures of an evaluation for its page: small, with the boxes of both sides in the coordinates of the picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

from npufit.errors import InputError
from npufit.evaluating import Box, EvaluatedImage, EvaluateResult, match_boxes
from npufit.execution import decode_image
from npufit.formatting import shorten, significant
from npufit.report.evaluate.words import moved_words

_WIDEST = 360
_QUALITY = 72
_MOST_BYTES = 60_000
"""What one picture may take; a larger one is shown without its pixels."""


@dataclass(frozen=True, slots=True)
class PictureBox:
    """A box in pixels of the image; `kind` is `lost`, `new` or `both`."""

    kind: str
    what: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """An image: its name and size, a data URI with a smaller copy, what changed, what is right, and the boxes."""

    name: str
    width: int
    height: int
    source: str
    change: str
    right: str
    boxes: tuple[PictureBox, ...]


def picture_of(result: EvaluateResult, image: EvaluatedImage) -> Picture:
    """Return the picture of an image; without pixels if the file is gone or has changed."""
    right = "" if image.label is None else result.class_name(image.label)
    return Picture(
        shorten(image.name),
        image.record.width,
        image.record.height,
        _source(image),
        moved_words(result, image),
        right,
        tuple(_boxes(result, image)),
    )


def _source(image: EvaluatedImage) -> str:
    try:
        pixels = decode_image(image.path.read_bytes(), image.name).convert("RGB")
    except (InputError, OSError):
        return ""
    pixels.thumbnail((_WIDEST, _WIDEST))
    packed = io.BytesIO()
    pixels.save(packed, "JPEG", quality=_QUALITY, optimize=True)
    data = packed.getvalue()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" if len(data) <= _MOST_BYTES else ""


def _boxes(result: EvaluateResult, image: EvaluatedImage) -> Iterator[PictureBox]:
    pair = result.main_pair
    if result.boxes is None or pair is None:
        return
    boxes = image.record.boxes
    match = match_boxes(boxes[pair.first], boxes[pair.second], result.boxes.least_score)
    for kind, found in (
        ("both", tuple(box for _, box in match.both)),
        ("lost", match.only_first),
        ("new", match.only_second),
    ):
        for box in found:
            yield _box(result, kind, box)


def _box(result: EvaluateResult, kind: str, box: Box) -> PictureBox:
    what = f"{kind}: {shorten(result.class_name(box.label), 40)} {significant(box.score)}"
    return PictureBox(kind, what, box.left, box.top, round(box.right - box.left, 2), round(box.bottom - box.top, 2))
