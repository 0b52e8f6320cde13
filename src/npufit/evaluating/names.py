"""The names of a model's classes: from a file of the user, or attached to the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from npufit.errors import InputError
from npufit.evaluating.reading import Reading, Task, ultralytics_metadata
from npufit.execution import class_names, read_labels
from npufit.graph import Model


def names_of_classes(model: Model, reading: Reading, path: Path | None = None) -> tuple[str, ...]:
    """Return the name of each class, by its index; nothing if they are not known.

    Without `path`, names attached to the file are used. A classifier with one class more than names has a background as
    its first class; a detector with a name more, such as `???`, has that for the background, which it does not report.
    Raises InputError if the file has another number of names.
    """
    lines = None if path is None else read_labels(path)
    count = reading.classes
    if count is None or reading.task not in (Task.CLASSIFICATION, Task.SSD, Task.YOLOV5, Task.YOLOV8):
        return lines or ()
    if lines is None and (named := _ultralytics_names(model, count)):
        return named
    if reading.task is Task.CLASSIFICATION:
        return class_names(model, count, lines)
    if lines is not None and len(lines) not in (count, count + 1):
        raise InputError(f"{model.name}: the detector has {count} classes, but {path} has {len(lines)} lines.")
    for found in (lines, class_names(model, count + 1), class_names(model, count)):
        if found and len(found) in (count, count + 1):
            return found[len(found) - count :]
    return ()


def _ultralytics_names(model: Model, count: int) -> tuple[str, ...]:
    names: Any = ultralytics_metadata(model).get("names")
    if not isinstance(names, Mapping):
        return ()
    found = {str(index): str(name) for index, name in cast("Mapping[object, object]", names).items()}
    return tuple(found.get(str(index), str(index)) for index in range(count)) if found else ()
