"""How outputs are read: by their shapes and what writes them, for the forms that there are and those that are not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from npufit.errors import InputError
from npufit.evaluating.names import names_of_classes
from npufit.evaluating.reading import Task, read_task
from npufit.graph import Attachment, ElementType, Model, Operator, Quantization, Subgraph, Tensor
from npufit.loading import load
from real_files import find_model

_UNIT = Quantization((1 / 256,), (-128,))
_PIXELS = Quantization((3.0,), (-128,))


def _model(
    image: Sequence[int],
    outputs: Sequence[Sequence[int]],
    writer: str = "SOFTMAX",
    quantization: Quantization = _UNIT,
    attachments: tuple[Attachment, ...] = (),
) -> Model:
    """Return a model of one operator with these shapes; it need not make sense to LiteRT."""
    tensors = [Tensor("image", tuple(image), ElementType.INT8, _UNIT)]
    tensors += [
        Tensor(f"output{index}", tuple(shape), *_element(writer, quantization)) for index, shape in enumerate(outputs)
    ]
    written = tuple(range(1, len(tensors)))
    graph = Subgraph(tuple(tensors), (0,), written, (Operator(writer, (0,), written),))
    return Model("made.tflite", (graph,), attachments=attachments)


def _element(writer: str, quantization: Quantization) -> tuple[ElementType, Quantization]:
    return (ElementType.INT64, Quantization()) if writer == "ARG_MAX" else (ElementType.INT8, quantization)


@pytest.mark.parametrize(
    ("image", "outputs", "writer", "task", "classes"),
    [
        ((1, 224, 224, 3), [(1, 1000)], "SOFTMAX", Task.CLASSIFICATION, 1000),
        ((1, 224, 224, 3), [(1, 1, 1, 10)], "CONV_2D", Task.CLASSIFICATION, 10),
        ((1, 3, 224, 224), [(1, 10)], "FULLY_CONNECTED", Task.CLASSIFICATION, 10),
        ((1, 112, 112, 3), [(1, 512)], "L2_NORMALIZATION", Task.OUTPUTS, None),
        ((1, 28, 28), [(1, 28, 28)], "LOGISTIC", Task.OUTPUTS, None),
        ((1, 640, 640, 3), [(1, 84, 8400)], "CONCATENATION", Task.YOLOV8, 80),
        ((1, 480, 640, 3), [(1, 6, 6300)], "CONCATENATION", Task.YOLOV8, 2),
        ((1, 640, 640, 3), [(1, 8400, 84)], "CONCATENATION", Task.OUTPUTS, None),
        ((1, 320, 320, 3), [(1, 6300, 85)], "CONCATENATION", Task.YOLOV5, 80),
        ((1, 300, 300, 3), [(1, 1917, 4), (1, 1917, 91)], "CONCATENATION", Task.OUTPUTS, None),
        ((1, 128, 128, 3), [(1, 128, 128, 21)], "SOFTMAX", Task.SEGMENTATION, 21),
        ((1, 513, 513, 3), [(1, 513, 513)], "ARG_MAX", Task.SEGMENTATION, None),
        ((1, 220, 220, 3), [(1, 14, 14, 6)], "CONCATENATION", Task.OUTPUTS, None),
        ((1, 416, 416, 3), [(1, 26, 26, 255), (1, 13, 13, 255)], "CONV_2D", Task.OUTPUTS, None),
    ],
)
def test_shapes_say_how_outputs_are_read(
    image: Sequence[int], outputs: Sequence[Sequence[int]], writer: str, task: Task, classes: int | None
) -> None:
    found = read_task(_model(image, outputs, writer), 0)
    assert (found.task, found.classes) == (task, classes)
    assert found.why


def test_an_ssd_without_anchors_says_what_is_missing() -> None:
    found = read_task(_model((1, 300, 300, 3), [(1, 1917, 4), (1, 1917, 91)], "CONCATENATION"), 0)
    assert "does not say the anchors: evaluate the model with its TFLite_Detection_PostProcess" in found.why


def test_the_users_word_counts_if_the_shapes_allow_it() -> None:
    model = _model((1, 640, 640, 3), [(1, 8400, 84)], "CONCATENATION")
    found = read_task(model, 0, Task.YOLOV8)
    assert (found.is_transposed, found.classes) == (True, 80)
    assert read_task(model, 0, Task.OUTPUTS).task is Task.OUTPUTS
    with pytest.raises(InputError, match="do not have that form: 1x8400x84"):
        read_task(model, 0, Task.CLASSIFICATION)


def test_coordinates_are_pixels_if_the_quantization_reaches_far() -> None:
    shapes = (1, 640, 640, 3), [(1, 84, 8400)], "CONCATENATION"
    assert read_task(_model(*shapes), 0).in_pixels is False
    assert read_task(_model(*shapes, quantization=_PIXELS), 0).in_pixels is True
    assert read_task(_model(*shapes, quantization=Quantization()), 0).in_pixels is None


def test_metadata_of_ultralytics_name_the_classes_and_other_tasks() -> None:
    shapes = (1, 640, 640, 3), [(1, 6, 8400)], "CONCATENATION"
    named = _model(*shapes, attachments=(Attachment("meta.txt", b"{'task': 'detect', 'names': {0: 'cat', 1: 'dog'}}"),))
    assert names_of_classes(named, read_task(named, 0)) == ("cat", "dog")
    pose = _model(*shapes, attachments=(Attachment("meta.txt", b"{'task': 'pose'}"),))
    assert read_task(pose, 0).task is Task.OUTPUTS
    assert "its task is pose" in read_task(pose, 0).why
    hostile = _model(*shapes, attachments=(Attachment("meta.txt", b"{" * 60_000),))
    assert read_task(hostile, 0).task is Task.YOLOV8


def test_real_models() -> None:
    ssd = load(find_model("ssd_mobilenet_v1_coco_quant.tflite"))
    found = read_task(ssd, ssd.main.inputs[0])
    assert (found.task, found.classes) == (Task.SSD, 90)
    assert names_of_classes(ssd, found)[0] == "person"
    yolo = load(find_model("yolov8n_640_full_integer_quant.tflite"))
    found = read_task(yolo, yolo.main.inputs[0])
    assert (found.task, found.classes, found.in_pixels) == (Task.YOLOV8, 80, False)
    assert names_of_classes(yolo, found)[5] == "bus"
