"""What the outputs of a model mean: scores of classes, boxes, a map of classes, or just values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from npufit.errors import InputError
from npufit.execution import ImageForm, image_form
from npufit.graph import NO_TENSOR, Model, Operator, Tensor, wire


class Task(StrEnum):
    """How outputs are read."""

    CLASSIFICATION = "classification"
    SSD = "detection-ssd"
    YOLOV5 = "detection-yolov5"
    YOLOV8 = "detection-yolov8"
    SEGMENTATION = "segmentation"
    OUTPUTS = "outputs"

    @property
    def is_detection(self) -> bool:
        """True if the answer is boxes."""
        return self in (Task.SSD, Task.YOLOV5, Task.YOLOV8)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the outputs of a model are read, and why; `classes` is None if their number is not known.

    `outputs` has the tensors that are read, in the order of the task: of an SSD boxes, classes, scores and their
    number. `is_transposed` is for YOLOv8 with the boxes in rows; `in_pixels` for coordinates in pixels of the input
    instead of shares of it, None if only the values tell.
    """

    task: Task
    why: str
    outputs: tuple[int, ...]
    classes: int | None = None
    is_transposed: bool = False
    in_pixels: bool | None = None


POSTPROCESSING = "TFLite_Detection_PostProcess"

_SCORES_BY = frozenset({"SOFTMAX", "LOGISTIC"})
_LOGITS_BY = frozenset({"AVERAGE_POOL_2D", "CONV_2D", "FULLY_CONNECTED", "MEAN"})
_TRANSPARENT = frozenset({"DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE"})
_STRIDES = (4, 8, 16, 32, 64)
_COARSEST_MAP = 8
_LARGEST_METADATA_BYTES = 1 << 16


def read_task(model: Model, image: int, task: Task | None = None) -> Reading:
    """Return how the outputs of `model` are read, from their shapes and what writes them, or as `task` says.

    `image` is the input that takes the image. Raises InputError if the outputs do not have the form of `task`.
    """
    if task is Task.OUTPUTS:
        return Reading(task, "values are compared, as --task says", tuple(dict.fromkeys(model.main.outputs)))
    if task is not None:
        found = next((reading for reading in _readings(model, image, task) if reading.task is task), None)
        if found is None:
            raise InputError(f"{model.name}: --task {task}: the outputs do not have that form: {_shapes(model)}.")
        return found
    return next(_readings(model, image))


def _readings(model: Model, image: int, asked: Task | None = None) -> Iterator[Reading]:
    """Yield the readings that fit, the most likely first; `asked` is taken without further signs."""
    form = image_form(model.main.tensors[image])
    readers: tuple[Callable[[Model, ImageForm | None, Task | None], Reading | None], ...] = (
        _ssd,
        _yolov8,
        _yolov5,
        _classification,
        _segmentation,
    )
    for reader in readers:
        found = reader(model, form, asked)
        if found is not None:
            yield found
    yield Reading(Task.OUTPUTS, _why_not(model), tuple(dict.fromkeys(model.main.outputs)))


def _ssd(model: Model, form: ImageForm | None, asked: Task | None) -> Reading | None:
    for operator in model.main.operators:
        if operator.custom_code == POSTPROCESSING and set(operator.outputs) <= set(model.main.outputs):
            shape = model.main.tensors[operator.input(1)].shape if operator.input(1) != NO_TENSOR else None
            classes = shape[-1] - 1 if shape else None  # without the background
            return Reading(Task.SSD, f"the outputs are those of {POSTPROCESSING}", operator.outputs, classes)
    shapes = [model.main.tensors[index].shape or () for index in model.main.outputs]
    if asked is Task.SSD and len(shapes) == 4:
        return Reading(Task.SSD, "as --task says", model.main.outputs)
    return None


def _yolov8(model: Model, form: ImageForm | None, asked: Task | None) -> Reading | None:
    output = _single_output(model)
    shape = _shape_of(output)
    if output is None or form is None or len(shape) != 3 or _foreign_task(model):
        return None
    wide = shape[1] > 4 and shape[2] in _anchor_counts(form, 1)
    tall = shape[2] > 4 and shape[1] in _anchor_counts(form, 1) and asked is Task.YOLOV8
    if not wide and not tall:
        return None
    values, boxes = (shape[1], shape[2]) if wide else (shape[2], shape[1])
    return Reading(
        Task.YOLOV8,
        f"the output {_shape(output)} has {boxes} boxes, as YOLOv8 has at {form.width}x{form.height}",
        model.main.outputs,
        values - 4,
        is_transposed=tall and not wide,
        in_pixels=_is_in_pixels(model, form),
    )


def _yolov5(model: Model, form: ImageForm | None, asked: Task | None) -> Reading | None:
    output = _single_output(model)
    shape = _shape_of(output)
    if output is None or form is None or len(shape) != 3 or shape[2] < 6 or shape[1] not in _anchor_counts(form, 3):
        return None
    why = f"the output {_shape(output)} has {shape[1]} boxes, as YOLOv5 has at {form.width}x{form.height}"
    return Reading(Task.YOLOV5, why, model.main.outputs, shape[2] - 5, in_pixels=_is_in_pixels(model, form))


def _classification(model: Model, form: ImageForm | None, asked: Task | None) -> Reading | None:
    output = _single_output(model)
    count = output.element_count if output else None
    if output is None or count is None or count < 2 or (output.shape or ())[-1:] != (count,):
        return None
    writer = _last_operator(model)
    kind = writer.type if writer else ""
    if asked is Task.CLASSIFICATION or kind in _SCORES_BY:
        sign = f"from {kind} has" if kind in _SCORES_BY else "has"
        return Reading(
            Task.CLASSIFICATION, f"the output {_shape(output)} {sign} a score per class", model.main.outputs, count
        )
    if kind in _LOGITS_BY and count not in {model.main.tensors[index].element_count for index in model.main.inputs}:
        why = f"the output {_shape(output)} may have a score per class; --task outputs if it has not"
        return Reading(Task.CLASSIFICATION, why, model.main.outputs, count)
    return None


def _segmentation(model: Model, form: ImageForm | None, asked: Task | None) -> Reading | None:
    output = _single_output(model)
    shape = _shape_of(output)
    if output is None or form is None or len(shape) not in (3, 4) or min(shape[1:3]) < 2:
        return None
    height, width = shape[1:3]
    is_fine = height * _COARSEST_MAP >= form.height and width * _COARSEST_MAP >= form.width
    if not is_fine and asked is not Task.SEGMENTATION:
        return None
    if len(shape) == 3 and not output.element.is_float and not output.quantization.scales:
        why = f"the output {_shape(output)} has a class for each pixel"
        return Reading(Task.SEGMENTATION, why, model.main.outputs)
    if len(shape) == 4 and shape[3] > 1 and shape[3] not in _channels(model):
        writer = _last_operator(model)
        is_sure = writer is not None and writer.type in _SCORES_BY
        has, otherwise = ("has", "") if is_sure else ("may have", "; --task outputs if it has not")
        why = f"the output {_shape(output)} {has} {shape[3]} scores for each pixel{otherwise}"
        return Reading(Task.SEGMENTATION, why, model.main.outputs, shape[3])
    return None


def _channels(model: Model) -> set[int]:
    """Return the channels of inputs as large as an output: a network that restores its input is not read."""
    counts = {model.main.tensors[index].element_count for index in model.main.outputs}
    inputs = [model.main.tensors[index] for index in model.main.inputs]
    return {(tensor.shape or (0,))[-1] for tensor in inputs if tensor.element_count in counts}


def _why_not(model: Model) -> str:
    """Return why the outputs are only compared value by value."""
    shapes = [model.main.tensors[index].shape or () for index in model.main.outputs]
    rows = [shape for shape in shapes if len(shape) == 3]
    boxes = next((shape for shape in rows if shape[2] == 4), None)
    scores = next((shape for shape in rows if boxes and shape is not boxes and shape[1] == boxes[1]), None)
    if boxes is not None and scores is not None:
        return (
            f"the outputs {_by(boxes)} and {_by(scores)} look like boxes and scores of a detector, but the file does "
            f"not say the anchors: evaluate the model with its {POSTPROCESSING}"
        )
    if _foreign_task(model):
        return f"the file says that its task is {_foreign_task(model)}, whose outputs npufit does not read"
    return f"no known form of answer in {_shapes(model)}"


def _foreign_task(model: Model) -> str:
    """Return the task that Ultralytics' metadata name, if it is not detection."""
    task = ultralytics_metadata(model).get("task", "detect")
    return "" if task in ("detect", "classify") else str(task)


def ultralytics_metadata(model: Model) -> dict[str, Any]:
    """Return what Ultralytics' exporter attached to the file, such as task and names; empty if nothing."""
    for attachment in model.attachments:
        data = attachment.data
        if not data.startswith(b"{") or len(data) > _LARGEST_METADATA_BYTES:
            continue
        try:
            found = ast.literal_eval(data.decode("utf-8", "replace").replace("null", "None"))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, dict):
            return {str(key): value for key, value in cast("dict[object, Any]", found).items()}
    return {}


def _anchor_counts(form: ImageForm, per_cell: int) -> set[int]:
    """Return how many boxes a detector with maps of consecutive strides has."""
    cells = [-(-form.width // stride) * -(-form.height // stride) for stride in _STRIDES]
    return {
        per_cell * sum(cells[first:last]) for first in range(len(cells)) for last in range(first + 2, len(cells) + 1)
    }


def _is_in_pixels(model: Model, form: ImageForm) -> bool | None:
    """Return whether coordinates are pixels, by the largest number that the output's quantization can hold."""
    output, writer = _single_output(model), _last_operator(model, frozenset({"DEQUANTIZE"}))
    tensors = [output] if output else []
    if writer is not None:
        tensors += [model.main.tensors[index] for index in writer.outputs]
    for tensor in tensors:
        if tensor.quantization.scales and not tensor.element.is_float:
            return tensor.quantization.real(tensor.element.integer_range[1]) > max(form.width, form.height) / 4
    return None


def _last_operator(model: Model, transparent: frozenset[str] = _TRANSPARENT) -> Operator | None:
    """Return what writes the first output, before operators that only change its form."""
    producer = wire(model.main).producer
    index = producer[model.main.outputs[0]] if model.main.outputs else None
    while index is not None and model.main.operators[index].type in transparent:
        index = producer[model.main.operators[index].inputs[0]]
    return None if index is None else model.main.operators[index]


def _single_output(model: Model) -> Tensor | None:
    return model.main.tensors[model.main.outputs[0]] if len(model.main.outputs) == 1 else None


def _shape_of(tensor: Tensor | None) -> tuple[int, ...]:
    """Return the shape of a tensor, empty if there is none or it is unknown."""
    return () if tensor is None or tensor.shape is None else tensor.shape


def _shapes(model: Model) -> str:
    return ", ".join(_shape(model.main.tensors[index]) for index in model.main.outputs)


def _shape(tensor: Tensor) -> str:
    return _by(tensor.shape or ())


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "of unknown shape"
