"""Boxes: read from outputs, placed in the image, matched, and judged by labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from npufit.errors import InputError
from npufit.evaluating.average_precision import LabelledImage, average_precision
from npufit.evaluating.box_labels import BoxLabels, TrueBox
from npufit.evaluating.box_matching import match_boxes
from npufit.evaluating.boxes import Box, read_boxes
from npufit.evaluating.reading import Reading, Task
from npufit.evaluating.records import Side
from npufit.execution import ImageForm, Window
from npufit.graph import ElementType, Model, Subgraph, Tensor

_FORM = ImageForm(100, 100, 3)
_WHOLE = Window(200, 100, 0, 0, 200, 100)
_LETTERBOX = Window(200, 100, 0, -50, 200, 150)


def _float_outputs(*arrays: Any) -> tuple[Model, dict[int, Any]]:
    tensors = tuple(Tensor(f"t{index}", array.shape, ElementType.FLOAT32) for index, array in enumerate(arrays))
    graph = Subgraph(tensors, (), tuple(range(len(tensors))), ())
    return Model("made.tflite", (graph,)), dict(enumerate(arrays))


def _corners(box: Box) -> tuple[float, ...]:
    return tuple(round(value, 3) for value in (box.left, box.top, box.right, box.bottom))


def _yolov8(*rows: tuple[float, ...], transposed: bool = False) -> Any:
    """Return an output of YOLOv8 of two classes: centre, size, scores."""
    values = np.array(rows, np.float32)
    return values[None] if transposed else np.ascontiguousarray(values.T[None])


@pytest.mark.parametrize("transposed", [False, True])
def test_yolov8_keeps_the_best_of_overlapping_boxes_of_a_class(transposed: bool) -> None:
    output = _yolov8(
        (0.5, 0.5, 0.2, 0.4, 0.9, 0.1),
        (0.51, 0.5, 0.2, 0.4, 0.8, 0.1),  # the same object, weaker
        (0.5, 0.5, 0.2, 0.4, 0.0, 0.7),  # the same place, another class
        (0.1, 0.1, 0.1, 0.1, 0.005, 0.0),  # too weak
        transposed=transposed,
    )
    model, outputs = _float_outputs(output)
    reading = Reading(Task.YOLOV8, "", (0,), 2, transposed, in_pixels=False)
    found = read_boxes(model, outputs, reading, _FORM, _WHOLE)
    assert [(box.label, round(box.score, 3), _corners(box)) for box in found] == [
        (0, 0.9, (80, 30, 120, 70)),
        (1, 0.7, (80, 30, 120, 70)),
    ]


def test_boxes_of_a_letterbox_lie_in_the_image() -> None:
    """The input shows the image with bars above and below, so half of its height is the image's."""
    model, outputs = _float_outputs(_yolov8((50, 50, 20, 20, 0.9, 0.1), (50, 10, 20, 40, 0.8, 0.1)))
    reading = Reading(Task.YOLOV8, "", (0,), 2, in_pixels=None)  # the values tell
    found = read_boxes(model, outputs, reading, _FORM, _LETTERBOX)
    assert [_corners(box) for box in found] == [(80, 30, 120, 70), (80, 0, 120, 10)]


def test_yolov5_multiplies_the_score_of_the_object_with_that_of_the_class() -> None:
    rows = np.array([[(0.5, 0.5, 0.2, 0.2, 0.5, 0.1, 0.8)]], np.float32)
    model, outputs = _float_outputs(rows)
    found = read_boxes(model, outputs, Reading(Task.YOLOV5, "", (0,), 2, in_pixels=False), _FORM, _WHOLE)
    assert [(box.label, round(box.score, 3)) for box in found] == [(1, 0.4)]


def test_ssd_gives_as_many_boxes_as_it_counts() -> None:
    boxes = np.array([[(0.1, 0.2, 0.5, 0.6), (0, 0, 1, 1), (0, 0, 1, 1)]], np.float32)  # top, left, bottom, right
    arrays = boxes, np.array([[3.0, 1.0, 1.0]]), np.array([[0.9, 0.5, 0.5]]), np.array([2.0])
    model, outputs = _float_outputs(*arrays)
    found = read_boxes(model, outputs, Reading(Task.SSD, "", (0, 1, 2, 3)), _FORM, _WHOLE)
    assert [(box.label, _corners(box)) for box in found] == [(3, (40, 10, 120, 50)), (1, (0, 0, 200, 100))]
    strange = _float_outputs(np.zeros((1, 3)), *arrays[1:])
    with pytest.raises(InputError, match="are not boxes, classes, scores and their number"):
        read_boxes(*strange, Reading(Task.SSD, "", (0, 1, 2, 3)), _FORM, _WHOLE)


def test_boxes_match_by_class_and_overlap_each_once() -> None:
    first = (Box(0, 0.9, 0, 0, 10, 10), Box(0, 0.8, 20, 0, 30, 10), Box(1, 0.7, 40, 0, 50, 10))
    second = (
        Box(0, 0.9, 1, 0, 11, 10),
        Box(0, 0.6, 2, 0, 12, 10),  # overlaps the first one as well, but less
        Box(1, 0.5, 20, 0, 30, 10),  # the right place, another class
        Box(1, 0.2, 40, 0, 50, 10),  # too weak
    )
    match = match_boxes(first, second, 0.3)
    assert match.both == ((first[0], second[0]),)
    assert match.only_first == first[1:]
    assert match.only_second == second[1:3]
    assert match_boxes(first, first, 0.3).is_same
    assert match_boxes((), (), 0.3).is_same


def test_average_precision_knows_right_from_wrong_and_says_how_sure_it_is() -> None:
    truth = {f"{number}": (TrueBox(7, (10.0, 10.0, 40.0, 20.0), 800.0, False),) for number in range(12)}
    labels = BoxLabels(truth, {7: "cat", 8: "dog"}, {0: 7, 1: 8}, "")
    right, wrong = Box(0, 0.9, 10, 10, 50, 30), Box(1, 0.9, 10, 10, 50, 30)
    images = [
        LabelledImage(name, 100, 100, {Side.REFERENCE: (right,), Side.TARGET: (right if number % 2 else wrong,)})
        for number, name in enumerate([*truth, "unlabelled"])
    ]
    found = average_precision(images, labels, (Side.REFERENCE, Side.TARGET))
    assert found[Side.REFERENCE].coco.value == pytest.approx(1.0)
    assert found[Side.REFERENCE].drop is None
    target = found[Side.TARGET]
    assert target.half.value == pytest.approx(0.5, abs=0.02)
    assert target.drop is not None
    assert target.drop.low is not None
    assert target.drop.high is not None
    assert 0.0 < target.drop.low < target.drop.value < target.drop.high
    assert average_precision(images[-1:], labels, (Side.REFERENCE,)) == {}
