"""The right boxes of each image, in COCO's format, and how its categories are the model's classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from npufit.errors import InputError
from npufit.evaluating.image_files import ImageFile
from npufit.files import read_bounded

_LARGEST_BYTES = 1 << 30
_COCO_IDS = 90


@dataclass(frozen=True, slots=True)
class TrueBox:
    """An annotation: its category, its corner and size in pixels, its area, and whether it marks a crowd."""

    category: int
    box: tuple[float, float, float, float]
    area: float
    is_crowd: bool


@dataclass(frozen=True, slots=True)
class BoxLabels:
    """The right boxes by the name of the image, the categories' names by id, and the category of each class."""

    by_image: Mapping[str, tuple[TrueBox, ...]]
    categories: Mapping[int, str]
    category_of: Mapping[int, int]
    how: str


def read_box_labels(
    path: Path, images: Sequence[ImageFile], class_count: int | None, names: Sequence[str]
) -> BoxLabels:
    """Return the annotations of `images` in a COCO file; `names` are those of the model's classes, if known.

    Raises InputError if the file is damaged, is about other images, or if categories and classes cannot be matched.
    """
    data = _read(path)
    try:
        files = {int(row["id"]): str(row["file_name"]) for row in data["images"]}
        categories = {int(row["id"]): str(row.get("name", row["id"])) for row in data["categories"]}
        boxes: dict[int, list[TrueBox]] = {image: [] for image in files}
        for row in data["annotations"]:
            boxes.setdefault(int(row["image_id"]), []).append(_box(row))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path}: not a COCO file of boxes: {type(error).__name__} {error}.") from None
    known = {image.name: image.name for image in images}
    known = {image.path.name: image.name for image in images} | known
    found = {known[name]: tuple(boxes[image]) for image, name in files.items() if name in known}
    if not found:
        raise InputError(f"{path}: it names none of the images. Expected file_name {images[0].name}.")
    category_of, how = _match(path, categories, class_count, names)
    return BoxLabels(found, categories, category_of, f"labels from {path.name}; {how}")


def _read(path: Path) -> dict[str, Any]:
    try:
        data: object = json.loads(read_bounded(path, _LARGEST_BYTES, what="the labels"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON file: {error}. A detector's labels are a COCO file.") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a COCO file: expected an object with images, annotations and categories.")
    return cast("dict[str, Any]", data)


def _box(row: Mapping[str, Any]) -> TrueBox:
    left, top, width, height = (float(value) for value in row["bbox"])
    return TrueBox(
        int(row["category_id"]),
        (left, top, width, height),
        float(row.get("area", width * height)),
        bool(row.get("iscrowd", 0)),
    )


def _match(
    path: Path, categories: Mapping[int, str], count: int | None, names: Sequence[str]
) -> tuple[dict[int, int], str]:
    """Return the category of each class of the model, and how that is known."""
    by_name = {name.strip().casefold(): number for number, name in categories.items()}
    found = {index: by_name[name.casefold()] for index, name in enumerate(names) if name.casefold() in by_name}
    if 2 * len(found) > len(categories):
        return found, f"{len(found)} classes matched with its categories by name"
    if count == _COCO_IDS and set(categories) <= set(range(1, _COCO_IDS + 1)):
        return {index: index + 1 for index in range(_COCO_IDS)}, "class 0 is category 1, as in COCO's 90"
    if count == len(categories):
        ordered = dict(enumerate(sorted(categories)))
        return ordered, "classes are its categories in the order of their ids"
    classes = "an unknown number of classes" if count is None else f"{count} classes"
    raise InputError(
        f"{path}: it has {len(categories)} categories, the model {classes}, and no names tell which is which. "
        "Give the names of the model's classes, one per line, with --class-names."
    )
